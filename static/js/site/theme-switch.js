// The button in the bar that switches between dark and light. theme.js applies the choice before the first paint.

import { announce } from "./announcer.js";
import { write } from "./storage.js";

const root = document.documentElement;

function isDark() {
  if (root.dataset.theme) return root.dataset.theme === "dark";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-toggle]")) return;
  root.dataset.theme = isDark() ? "light" : "dark";
  write("theme", root.dataset.theme);
  announce(root.dataset.theme === "dark" ? "Dark theme" : "Light theme");
});
