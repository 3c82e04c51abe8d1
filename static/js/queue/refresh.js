// Fetches the rows again through the ordinary view when something may have been missed.

import { arrange, rows } from "./cards.js";
import { drawFigures } from "./figures.js";

const error = document.getElementById("queue-error");
const liveLabel = document.querySelector("[data-live]");
let focusedCard = null;

document.addEventListener("live:refresh", () => htmx.trigger(rows, "refresh"));

rows.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.elt !== rows) return;
  // While the connection is lost, the banner says so already.
  error.hidden = detail.successful || "lost" in document.body.dataset;
});

// Whoever moves through the rows with keys keeps their place.
rows.addEventListener("htmx:beforeSwap", () => {
  focusedCard = document.activeElement?.closest?.(".card")?.id;
});

rows.addEventListener("htmx:afterSettle", () => {
  arrange();
  drawFigures();
  if (focusedCard && document.activeElement === document.body) {
    document.getElementById(focusedCard)?.querySelector(".cover").focus();
  }
  focusedCard = null;
});

document.addEventListener("live:connected", () => {
  liveLabel.hidden = false;
});
document.addEventListener("live:disconnected", () => {
  liveLabel.hidden = true;
});

arrange();
drawFigures();
