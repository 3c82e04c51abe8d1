// Menus (`details.menu-more`): one is open at a time, and it closes when the press or the focus goes elsewhere.

const openMenus = () => document.querySelectorAll(".menu-more[open]");

function closeAllBut(target) {
  for (const menu of openMenus()) if (!menu.contains(target)) menu.open = false;
}

document.addEventListener("click", (event) => {
  closeAllBut(event.target);
  if (event.target.closest(".pop [data-shuts]")) closeAllBut(null);
});

document.addEventListener("focusin", (event) => closeAllBut(event.target));

// `toggle` does not bubble, so it is caught on the way down.
document.addEventListener(
  "toggle",
  ({ target }) => {
    if (!target.matches?.(".menu-more[open]")) return;
    closeAllBut(target);
    target.querySelector(".pop :is(input:not([type=hidden]), textarea, select, button, a)")?.focus();
  },
  true,
);
