// Short messages in the corner. They go away by themselves, but not under the pointer or while focus is inside.

const LIFETIME = 8000;
const LIFETIME_OF_BAD_NEWS = 12000;
const LIFETIME_OF_DISMISSIBLE = 10000;

const toasts = document.getElementById("toasts");

function removeAfter(toast, delay) {
  setTimeout(() => {
    if (toast.matches(":hover, :focus-within")) removeAfter(toast, 3000);
    else toast.remove();
  }, delay);
}

export function toast(text, { bad = false } = {}) {
  const box = document.createElement("div");
  box.className = "toast";
  box.dataset.toast = "";
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  box.append(paragraph);
  toasts.append(box);
  removeAfter(box, bad ? LIFETIME_OF_BAD_NEWS : LIFETIME);
}

// A modal dialog covers everything else: while one is open, the toasts are a popover above it.
function riseAboveDialog() {
  if (!document.querySelector("dialog[open]")) {
    toasts.removeAttribute("popover");
    return;
  }
  toasts.popover = "manual";
  toasts.hidePopover();
  toasts.showPopover();
}

for (const box of document.querySelectorAll("[data-toast]")) removeAfter(box, LIFETIME);

new MutationObserver((changes) => {
  riseAboveDialog();
  const added = changes.flatMap((change) => [...change.addedNodes]);
  for (const node of added) {
    if (node.nodeType === Node.ELEMENT_NODE && node.querySelector("[data-dismiss]")) {
      removeAfter(node, LIFETIME_OF_DISMISSIBLE);
    }
  }
}).observe(toasts, { childList: true });

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest("[data-toast]").remove();
});
