// The button beside a password field shows what was typed, and hides it again.
(() => {
  "use strict";
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-reveal]");
    if (!button) return;
    const field = document.getElementById(button.dataset.reveal);
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", shown);
    field.focus();
  });
  // What is sent is a password field again: otherwise the browser offers to remember it as plain text.
  document.addEventListener("submit", (event) => {
    for (const button of event.target.querySelectorAll("[data-reveal]")) {
      document.getElementById(button.dataset.reveal).type = "password";
      button.setAttribute("aria-pressed", false);
    }
  });
})();
