// Drafts: what is being typed survives a reload, a swap, a lost connection and a change of hands. Sending it forgets it, nothing else does.
(() => {
  "use strict";
  const kept = (() => { try { localStorage.getItem("x"); return localStorage; } catch { return null; } })();
  const name = (field) => `draft:${field.dataset.draft}`;
  const mark = (field) => { const line = field.form?.querySelector("[data-kept]"); if (line) line.hidden = false; };

  function restore(scope) {
    for (const field of scope.querySelectorAll?.("[data-draft]") ?? []) {
      const text = kept?.getItem(name(field));
      // What somebody is typing in is theirs; a field that has just come, focused or not, takes its draft.
      if (text && text !== field.value && (document.activeElement !== field || field.value === field.defaultValue)) {
        field.value = text;
        mark(field);
        field.dispatchEvent(new Event("draft:restored", { bubbles: true }));
      }
    }
  }
  document.addEventListener("input", (event) => {
    if (!event.target.dataset?.draft || !kept) return;
    try {
      if (event.target.value) kept.setItem(name(event.target), event.target.value); else kept.removeItem(name(event.target));
      mark(event.target);
    } catch { /* the store is full: it stays in the page */ }
  });
  // Another tab of the same person sent it, or went on typing: this one follows unless somebody types here.
  addEventListener("storage", (event) => {
    if (!event.key?.startsWith("draft:")) return;
    const field = document.querySelector(`[data-draft="${CSS.escape(event.key.slice(6))}"]`);
    if (field && document.activeElement !== field) field.value = event.newValue ?? "";
  });

  // What was sent is forgotten; what was typed while it was on its way is not.
  const sent = new WeakMap();
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt;
    if (form.matches?.("form")) sent.set(form, new Map([...form.querySelectorAll("[data-draft]")].map((field) => [field, field.value])));
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig?.elt;
    if (!form?.matches?.("form") || event.detail.xhr.status >= 300 || event.detail.requestConfig.verb === "get") return;
    for (const [field, value] of sent.get(form) ?? []) {
      if (field.value !== value) continue;
      kept?.removeItem(name(field));
      if (form.hasAttribute("data-clears")) field.value = field.defaultValue = "";
      else field.defaultValue = field.value;
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
  document.addEventListener("page:morphed", (event) => restore(event.target));

  // All that this person has typed for something and not sent: for when the fields themselves are gone.
  const all = (part) => Object.keys(kept ?? {}).filter((key) => key.startsWith("draft:") && key.includes(part)).map((key) => kept.getItem(key));
  window.drafts = { all };
})();
