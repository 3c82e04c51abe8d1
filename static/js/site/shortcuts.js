// Keys that work on every page. Single letters count only where nobody types, and never with Ctrl, Alt or Cmd: those
// combinations are the browser's.

export function isTyping(element) {
  return element.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
}

// Whether a single letter is a shortcut here, and not text or one of the browser's.
export function isShortcut(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  return !isTyping(event.target) && !document.querySelector("dialog[open]");
}

// A click, not requestSubmit: htmx sends a button's value only if it saw the button pressed.
function send(event, button) {
  if (!button) return;
  event.preventDefault();
  button.click();
}

function onEnter(event) {
  const { target } = event;
  if (event.ctrlKey || event.metaKey) {
    if (!target.matches("textarea, input")) return;
    const form = target.form;
    send(event, form?.querySelector(".sendb, [data-sends]") ?? form?.querySelector("[type=submit]"));
  } else if (!event.shiftKey && target.matches("[data-enter-submits]")) {
    send(event, target.form.querySelector("[data-sends]"));
  }
}

// The topmost open thing closes. Dialogs close by themselves.
function onEscape(event) {
  const { target } = event;
  const menu = document.querySelector(".menu-more[open]");
  if (menu) {
    event.preventDefault();
    menu.open = false;
    menu.querySelector("summary").focus();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  if (target.matches("#find, [data-escape-blurs]")) target.blur();
  else if (!isTyping(target)) document.querySelector("[data-escape]")?.click();
}

function showShortcuts(event) {
  const dialog = document.getElementById("keys");
  if (!dialog) return;
  event.preventDefault();
  dialog.showModal();
}

// Narrow screens have a link to the search page in place of the field.
function goToSearch(event) {
  const field = [...document.querySelectorAll("[data-find], #find")].find((each) => each.offsetParent);
  const link = document.querySelector(".bar .find");
  if (!field && !link) return;
  event.preventDefault();
  if (field) {
    field.focus();
    field.select();
  } else link.click();
}

function onLetter(event) {
  if (!isShortcut(event)) return;
  if (event.key === "?") showShortcuts(event);
  else if (event.key === "/") goToSearch(event);
  else if (event.key.length === 1) document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Enter") onEnter(event);
  else if (event.key === "Escape") onEscape(event);
  else onLetter(event);
});
