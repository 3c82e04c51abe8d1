// Keys that every page knows. Single letters only where nobody types, and never with Ctrl, Alt or Cmd: those are the browser's.
(() => {
  "use strict";
  const typing = (element) => element.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const target = event.target;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && target.matches("textarea, input")) {
      const form = target.form;
      const send = form?.querySelector(".sendb, [data-sends]") ?? form?.querySelector("[type=submit]");
      // A click, not requestSubmit: htmx sends a button's value only where it saw the button pressed.
      if (send) { event.preventDefault(); send.click(); }
      return;
    }
    if (event.key === "Enter" && !event.shiftKey && target.matches("[data-enter-submits]")) {
      event.preventDefault();
      target.form.querySelector("[data-sends]").click();
      return;
    }
    if (event.key === "Escape") {
      const open = document.querySelector(".menu-more[open]");
      if (open) { event.preventDefault(); open.open = false; open.querySelector("summary").focus(); return; }
      if (document.querySelector("dialog[open]")) return;
      if (target.id === "find" || target.matches("[data-escape-blurs]")) { target.blur(); return; }
      const close = document.querySelector("[data-escape]");
      if (close && !typing(target)) close.click();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(target) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") { const sheet = document.getElementById("keys"); if (sheet) { event.preventDefault(); sheet.showModal(); } return; }
    if (event.key === "/") {
      const find = [...document.querySelectorAll("[data-find], #find")].find((field) => field.offsetParent);
      const link = document.querySelector(".bar .find");
      if (find) { event.preventDefault(); find.focus(); find.select(); } else if (link) { event.preventDefault(); link.click(); }
      return;
    }
    if (event.key.length === 1) document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
  });

  window.page.typing = typing;
})();
