// Runs before the first paint, so not as a module: sets the chosen theme, and tells the styles that scripts run.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let theme = null;
  try {
    theme = localStorage.getItem("theme");
  } catch {
    // No storage: the system's theme.
  }
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
})();
