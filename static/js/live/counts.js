// The counts around every page: open escalations, and unread notifications on the bell. They are the server's: sent
// with each event that changes them, or fetched where something may have been missed.

const { me } = document.body.dataset;
const mayClaim = "claims" in document.body.dataset;

function show(badge, count) {
  if (!badge) return;
  badge.querySelector("[data-n]").textContent = count;
  badge.hidden = count === 0;
}

const openCount = () => document.querySelector("[data-open-count]");
const unreadCount = () => document.querySelector("[data-unread-count]");

function rings(event) {
  if (event.bell === "claimers") return mayClaim && String(event.by) !== me;
  return String(event.bell) === me;
}

async function fetchCounts() {
  const response = await fetch("/counts/", { headers: { Accept: "application/json" } }).catch(() => null);
  if (!response?.ok) return;
  const { open, unread } = await response.json();
  show(openCount(), open);
  show(unreadCount(), unread);
}

document.addEventListener("live:event", ({ detail: event }) => {
  if ("open" in event) show(openCount(), event.open);
  const unread = unreadCount();
  if (unread && rings(event)) show(unread, Number(unread.querySelector("[data-n]").textContent || 0) + 1);
});
document.addEventListener("live:refresh", fetchCounts);
