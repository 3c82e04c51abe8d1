// Home's list of escalations that wait. The server draws it; it is fetched again when one comes or goes.

const rows = document.getElementById("rows");
let timer = 0;

const refresh = () => htmx.trigger(rows, "refresh");

document.addEventListener("live:event", ({ detail: event }) => {
  if (!event.card && !event.gone) return;
  clearTimeout(timer);
  // Spread out, so that not every open page asks in the same moment.
  timer = setTimeout(refresh, 300 + Math.random() * 1200);
});
document.addEventListener("live:refresh", refresh);
