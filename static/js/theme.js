// The chosen theme, before the first paint.
(() => {
  let theme = null;
  try { theme = localStorage.getItem("theme"); } catch { /* storage refused: the system's theme */ }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
})();
