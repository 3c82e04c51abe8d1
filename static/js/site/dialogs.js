// Native dialogs: focus stays inside, Escape closes, and focus returns to what opened them.
//
// `data-open` opens the dialog it names, `data-close` closes the one around it. A place marked `data-filled` opens its
// dialog when a request has filled it, and `data-closes` on a form or button closes its dialog when its request worked.

function open(dialog) {
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector("[autofocus]") ?? dialog.querySelector("[data-close]"))?.focus();
}

document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  const dialog = target.closest?.("dialog");
  if (dialog && target.hasAttribute("data-filled") && target.childElementCount) open(dialog);
});

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful && detail.elt.hasAttribute?.("data-closes")) detail.elt.closest("dialog")?.close();
});

// `close` does not bubble, so it is caught on the way down.
document.addEventListener(
  "close",
  (event) => {
    for (const body of event.target.querySelectorAll?.("[data-filled]") ?? []) body.replaceChildren();
  },
  true,
);

// A press on the backdrop has the dialog itself as its target.
document.addEventListener("mousedown", (event) => {
  if (event.target.matches?.("dialog.dlg[open]")) event.target.close();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) {
    event.preventDefault();
    const dialog = document.querySelector(opener.dataset.open);
    if (dialog) open(dialog);
  }
  const dialog = event.target.closest("[data-close]")?.closest("dialog");
  if (dialog) {
    event.preventDefault();
    dialog.close();
  }
});
