// The tab's title counts what arrived while nobody looked.

const title = document.title;
const { me } = document.body.dataset;
let arrivals = 0;

document.addEventListener("live:event", ({ detail: event }) => {
  if (!event.card || !document.hidden || String(event.by) === me) return;
  arrivals += 1;
  document.title = `(${arrivals}) ${title}`;
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  arrivals = 0;
  document.title = title;
});
