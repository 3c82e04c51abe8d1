// What every page does: requests, toasts, copying, menus, dialogs, theme, ages.
(() => {
  "use strict";
  const root = document.documentElement;

  // The token is read when a request leaves: one that was printed into the page goes stale after signing in elsewhere.
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
    if (token) event.detail.headers["X-CSRFToken"] = token[1];
  });
  // What a page fetches for itself fails quietly and is tried again; what somebody pressed says so.
  const pressed = (event) => event.detail.requestConfig?.verb !== "get" || event.detail.requestConfig?.triggeringEvent?.isTrusted;
  document.addEventListener("htmx:sendError", (event) => { if (pressed(event)) toast("No connection. Nothing was lost; what you typed is kept.", true); });
  document.addEventListener("htmx:timeout", (event) => { if (pressed(event)) toast("The server takes too long. Look whether it happened before you press again.", true); });
  document.addEventListener("htmx:responseError", (event) => { if (pressed(event)) toast("The server could not do that. What you typed is kept; try again.", true); });

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
    // A modal dialog lies over everything else: the toasts rise above it for as long as it is open.
    const toasts = document.getElementById("toasts");
    if (document.querySelector("dialog[open]")) { toasts.popover = "manual"; toasts.hidePopover(); toasts.showPopover(); } else toasts.removeAttribute("popover");
    for (const change of changes) for (const node of change.addedNodes) if (node.nodeType === 1 && node.querySelector("[data-dismiss]")) fade(node, 10000);
  }).observe(document.getElementById("toasts"), { childList: true });
  function announce(text) { const line = document.getElementById("announce"); line.textContent = ""; setTimeout(() => { line.textContent = text; }, 50); }

  async function copy(text, button) {
    let done = false;
    try { await navigator.clipboard.writeText(text); done = true; } catch {
      // The clipboard is refused: the old way, then at least say which keys do it.
      const area = document.createElement("textarea");
      area.value = text; area.className = "sr"; (button.closest("dialog") ?? document.body).append(area); area.select();
      try { done = document.execCommand("copy"); } catch { done = false; }
      area.remove();
      button.focus();
    }
    if (button.classList.contains("done")) return;
    const before = [...button.childNodes];
    button.classList.add("done");
    button.replaceChildren(document.createTextNode(done ? "Copied" : "Press Ctrl+C"));
    announce(done ? "Copied" : "Could not copy. Select the text and press Ctrl+C");
    if (!done) {
      const source = button.parentElement.querySelector("code") ?? document.getElementById(button.dataset.copyFrom ?? "");
      if (source?.select) source.select(); else if (source) getSelection().selectAllChildren(source);
    }
    setTimeout(() => { button.classList.remove("done"); button.replaceChildren(...before); }, done ? 2500 : 5000);
  }

  // Dialogs are native: focus stays inside, Escape closes, and goes back to what opened them.
  function fill(dialog) {
    if (!dialog.open) dialog.showModal();
    (dialog.querySelector("[autofocus]") ?? dialog.querySelector("[data-close]"))?.focus();
  }
  document.addEventListener("htmx:afterSwap", (event) => {
    const dialog = event.detail.target.closest?.("dialog");
    if (dialog && event.detail.target.hasAttribute("data-filled") && event.detail.target.childElementCount) fill(dialog);
  });
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful && event.detail.elt.hasAttribute?.("data-closes")) event.detail.elt.closest("dialog")?.close(); });
  document.addEventListener("close", (event) => { for (const body of event.target.querySelectorAll?.("[data-filled]") ?? []) body.replaceChildren(); }, true);
  document.addEventListener("mousedown", (event) => { if (event.target.matches?.("dialog.dlg[open]")) event.target.close(); });

  // With Ctrl, Cmd or Shift a link is the browser's: a new tab, a new window.
  document.addEventListener("click", (event) => { if ((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest?.("a[href]")) event.stopPropagation(); }, true);

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest(selector);
    if (at("[data-theme-toggle]")) {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("theme", root.dataset.theme); } catch { /* for this page, then */ }
      announce(dark ? "Light" : "Dark");
    }
    at("[data-dismiss]")?.closest("[data-toast]").remove();
    let button = at("[data-open]");
    if (button) { event.preventDefault(); const dialog = document.querySelector(button.dataset.open); if (dialog) fill(dialog); }
    button = at("[data-close]");
    if (button?.closest("dialog")) { event.preventDefault(); button.closest("dialog").close(); }
    button = at("[data-copy]");
    if (button) copy(button.parentElement.querySelector("code").textContent, button);
    button = at("[data-copy-from]");
    if (button) copy(document.getElementById(button.dataset.copyFrom).value, button);
    button = at("[data-copy-text]");
    if (button) copy(button.dataset.copyText, button);
    if (at("[data-print]")) window.print();
    for (const open of document.querySelectorAll(".menu-more[open]")) if (!open.contains(event.target) || at(".pop [data-shuts]")) open.open = false;
  });
  // Of several menus one is open; it leaves when the focus does.
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.(".menu-more[open]")) return;
    for (const other of document.querySelectorAll(".menu-more[open]")) if (other !== event.target) other.open = false;
    event.target.querySelector(".pop :is(input:not([type=hidden]), textarea, select, button, a)")?.focus();
  }, true);
  document.addEventListener("focusin", (event) => { for (const open of document.querySelectorAll(".menu-more[open]")) if (!open.contains(event.target)) open.open = false; });
  document.addEventListener("change", (event) => { if (event.target.matches("[data-submits]")) event.target.form.requestSubmit(); });
  document.addEventListener("submit", (event) => {
    const ask = event.target.dataset.confirm;
    if (ask && !window.confirm(ask)) { event.preventDefault(); event.stopPropagation(); return; }
    // A plain form is sent once, however often its button is pressed before the next page comes.
    if (event.target.method === "post" && !event.target.hasAttribute("hx-post")) {
      if (event.target.dataset.sent) event.preventDefault(); else { event.target.dataset.sent = "1"; setTimeout(() => delete event.target.dataset.sent, 8000); }
    }
  }, true);
  addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });

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
  document.addEventListener("visibilitychange", tick);
  document.addEventListener("htmx:afterSettle", tick);

  window.page = { toast, announce, copy };
})();
