// The button beside a password field (`data-reveal`) shows what was typed, and hides it again.

function setShown(button, shown) {
  const field = document.getElementById(button.dataset.reveal);
  field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", shown);
  return field;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-reveal]");
  if (!button) return;
  const isShown = button.getAttribute("aria-pressed") === "true";
  setShown(button, !isShown).focus();
});

// What is sent is a password field again: otherwise the browser offers to remember it as plain text.
document.addEventListener("submit", (event) => {
  for (const button of event.target.querySelectorAll("[data-reveal]")) setShown(button, false);
});
