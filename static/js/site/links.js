// With Ctrl, Cmd or Shift a link is the browser's (a new tab, a new window): no other script of ours gets to see it.

document.addEventListener(
  "click",
  (event) => {
    const modified = event.ctrlKey || event.metaKey || event.shiftKey;
    if (modified && event.target.closest?.("a[href]")) event.stopPropagation();
  },
  true,
);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
