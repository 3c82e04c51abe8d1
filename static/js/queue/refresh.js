// Fetches the rows again through the ordinary view when something may have been missed.

import { arrange, cards, goesOn, rows } from "./cards.js";
import { drawFigures } from "./figures.js";

const error = document.getElementById("queue-error");
const liveLabel = document.querySelector("[data-live]");
let focusedCard = null;
let firstNew = null;
// Whether rows are on their way, and whether a card came or went meanwhile: then what arrives is older than the page.
let fetching = false;
let outdated = false;

document.addEventListener("live:refresh", () => htmx.trigger(rows, "refresh"));

document.addEventListener("live:event", ({ detail: event }) => {
  outdated ||= fetching && Boolean(event.card || event.gone);
});
rows.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  fetching ||= elt === rows || elt.closest("#queue-more") !== null;
});

// As many as are shown, where pages were added to the first one; where they are all, also what has come at the end.
rows.addEventListener("htmx:configRequest", ({ detail }) => {
  const shown = cards().length;
  if (detail.elt === rows && shown > 50) detail.parameters.shown = goesOn() ? shown : 200;
});

rows.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.elt !== rows) return;
  // While the connection is lost, the banner says so already.
  error.hidden = detail.successful || "lost" in document.body.dataset;
});

// Whoever moves through the rows with keys keeps their place.
rows.addEventListener("htmx:beforeSwap", ({ detail }) => {
  focusedCard = document.activeElement?.closest?.(".card")?.id;
  // "Show more" goes with its page; whoever pressed it goes on at the first card that came.
  firstNew = detail.target === rows ? null : cards().length;
});

// At once, not after settling: the next key is meant for the card that had the focus.
rows.addEventListener("htmx:afterSwap", () => {
  if (focusedCard && document.activeElement === document.body) {
    document.getElementById(focusedCard)?.querySelector(".cover").focus();
  }
  focusedCard = null;
});

// Settling puts the attributes of the new rows in place, so what is added to them comes after it.
rows.addEventListener("htmx:afterSettle", () => {
  arrange();
  drawFigures();
  if (firstNew !== null && document.activeElement === document.body) {
    cards()[firstNew]?.querySelector(".cover").focus({ preventScroll: true });
  }
  firstNew = null;
  fetching = false;
  if (outdated) htmx.trigger(rows, "refresh");
  outdated = false;
});

document.addEventListener("live:connected", () => {
  liveLabel.hidden = false;
});
document.addEventListener("live:disconnected", () => {
  liveLabel.hidden = true;
});

arrange();
drawFigures();
