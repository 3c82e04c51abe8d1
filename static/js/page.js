// What every page does: theme, toasts, copying, drafts, ages, keys.
(() => {
  "use strict";
  const root = document.documentElement;
  const kept = (() => { try { localStorage.getItem("x"); return localStorage; } catch { return null; } })();

  // The token is read when a request leaves: one that was printed into the page goes stale after signing in elsewhere.
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
    if (token) event.detail.headers["X-CSRFToken"] = token[1];
  });
  document.addEventListener("htmx:sendError", () => toast("No connection. Nothing was lost; what you typed is kept.", true));
  document.addEventListener("htmx:responseError", () => toast("The server could not do that. What you typed is kept; try again.", true));

  function toast(text, bad) {
    const box = document.createElement("div");
    box.className = "toast";
    box.dataset.toast = "";
    const p = document.createElement("p");
    p.textContent = text;
    box.append(p);
    document.getElementById("toasts").append(box);
    fade(box, bad ? 12000 : 8000);
  }
  function fade(box, after) { setTimeout(() => { if (!box.matches(":hover, :focus-within")) box.remove(); else fade(box, 3000); }, after); }
  for (const box of document.querySelectorAll("[data-toast]")) fade(box, 8000);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.nodeType === 1 && node.querySelector("[data-dismiss]")) fade(node, 10000);
  }).observe(document.getElementById("toasts"), { childList: true });
  function announce(text) { const line = document.getElementById("announce"); line.textContent = ""; setTimeout(() => { line.textContent = text; }, 50); }

  async function copy(text, button) {
    let done = false;
    try { await navigator.clipboard.writeText(text); done = true; } catch {
      // The clipboard is refused: the old way, then at least select it.
      const area = document.createElement("textarea");
      area.value = text; area.className = "sr"; document.body.append(area); area.select();
      try { done = document.execCommand("copy"); } catch { done = false; }
      area.remove();
    }
    const before = [...button.childNodes];
    button.classList.add("done");
    button.replaceChildren(document.createTextNode(done ? "Copied" : "Press Ctrl+C"));
    announce(done ? "Copied" : "Could not copy; press Ctrl+C");
    setTimeout(() => { button.classList.remove("done"); button.replaceChildren(...before); }, 1600);
  }

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-theme-toggle]")) {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      kept?.setItem("theme", root.dataset.theme);
    }
    at("[data-dismiss]")?.closest("[data-toast]").remove();
    let button = at("[data-copy]");
    if (button) copy(button.parentElement.querySelector("code").textContent, button);
    button = at("[data-copy-from]");
    if (button) copy(document.getElementById(button.dataset.copyFrom).value, button);
    button = at("[data-copy-text]");
    if (button) copy(button.dataset.copyText, button);
    if (at("[data-print]")) window.print();
    for (const open of document.querySelectorAll(".menu-more[open]")) if (!open.contains(event.target)) open.open = false;
  });
  document.addEventListener("change", (event) => { if (event.target.matches("[data-submits]")) event.target.form.requestSubmit(); });
  document.addEventListener("submit", (event) => {
    const ask = event.target.dataset.confirm;
    if (ask && !window.confirm(ask)) event.preventDefault();
  }, true);

  // Drafts: what is being typed survives a reload, a swap and a lost connection; sending it forgets it.
  const name = (field) => `draft:${field.dataset.draft}`;
  function restore(scope) {
    for (const field of scope.querySelectorAll("[data-draft]")) {
      const text = kept?.getItem(name(field));
      if (text && text !== field.value && document.activeElement !== field) {
        field.value = text;
        const mark = field.form?.querySelector("[data-kept]");
        if (mark) mark.hidden = false;
      }
    }
  }
  document.addEventListener("input", (event) => {
    if (!event.target.dataset?.draft || !kept) return;
    if (event.target.value) kept.setItem(name(event.target), event.target.value); else kept.removeItem(name(event.target));
    const mark = event.target.form?.querySelector("[data-kept]");
    if (mark) mark.hidden = false;
  });
  const forget = (form) => { for (const field of form.querySelectorAll("[data-draft]")) kept?.removeItem(name(field)); };
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig?.elt;
    if (form?.matches?.("form") && event.detail.xhr.status < 300) {
      forget(form);
      if (form.id === "composer") form.reset();
    }
  });
  // A plain form leaves the page: its draft is forgotten when the next page comes, unless the server sent the form back.
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || event.target.hasAttribute("hx-post")) return;
    const names = [...event.target.querySelectorAll("[data-draft]")].map(name);
    if (names.length) { try { sessionStorage.setItem("sent", JSON.stringify(names)); } catch { /* then it is offered once more */ } }
  });
  try {
    for (const key of JSON.parse(sessionStorage.getItem("sent") || "[]")) if (!document.querySelector(`[data-draft="${CSS.escape(key.slice(6))}"]`)) kept?.removeItem(key);
    sessionStorage.removeItem("sent");
  } catch { /* nothing to forget */ }
  restore(document);
  document.addEventListener("htmx:afterSettle", () => restore(document));
  document.addEventListener("htmx:oobAfterSwap", (event) => restore(event.detail.target ?? document));

  // Ages count on by themselves, in the words of the server.
  function span(seconds) {
    if (seconds < 60) return `${seconds} s`;
    let minutes = Math.floor(seconds / 60);
    if (minutes < 60) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    minutes %= 60;
    if (hours < 24) return minutes ? `${hours} h ${minutes} min` : `${hours} h`;
    return `${Math.floor(hours / 24)} d`;
  }
  function tick() {
    for (const time of document.querySelectorAll("time[data-age]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(time.dateTime)) / 1000));
      const text = seconds < 60 ? "just now" : span(seconds) + (time.dataset.age === "ago" ? " ago" : "");
      if (time.textContent !== text) time.textContent = text;
    }
  }
  setInterval(tick, 10000);
  document.addEventListener("htmx:afterSettle", tick);

  const typing = (element) => element.closest?.("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
      event.preventDefault();
      const form = event.target.form;
      form?.requestSubmit(form.querySelector(".sendb") ?? form.querySelector("[type=submit]"));
      return;
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches("[data-enter-submits]")) {
      event.preventDefault();
      event.target.form.requestSubmit();
      return;
    }
    if (event.key === "Escape") {
      const open = document.querySelector(".menu-more[open]");
      if (open) { open.open = false; open.querySelector("summary").focus(); return; }
      const close = document.querySelector("[data-escape]");
      if (close && !typing(event.target)) close.click();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") { const find = document.getElementById("find"); if (find) { event.preventDefault(); find.focus(); } }
    const keyed = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (keyed) keyed.click();
  });

  window.page = { toast, announce, typing };
})();
