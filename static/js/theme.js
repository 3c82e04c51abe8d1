// Before the first paint: the chosen theme, and that scripts run.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  let theme = null;
  try { theme = localStorage.getItem("theme"); } catch { /* storage refused: the system's theme */ }
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
})();
