// The counts around every page: open escalations, and unread notifications on the bell.

const { me } = document.body.dataset;
const mayClaim = "claims" in document.body.dataset;

function add(badge, change) {
  if (!badge) return;
  const number = badge.querySelector("[data-n]");
  const count = Math.max(0, Number(number.textContent || 0) + change);
  number.textContent = count;
  badge.hidden = count === 0;
}

function rings(event) {
  if (event.bell === "claimers") return mayClaim && String(event.by) !== me;
  return String(event.bell) === me;
}

document.addEventListener("live:event", ({ detail: event }) => {
  const openCount = document.querySelector("[data-open-count]");
  if (event.card) add(openCount, 1);
  // A claimed handoff that is superseded was not open, and one's own never counted.
  const wasCounted = event.kind !== "handoff_superseded" && String(event.author) !== me;
  if (event.gone && wasCounted) add(openCount, -1);
  if (rings(event)) add(document.querySelector("[data-unread-count]"), 1);
});
