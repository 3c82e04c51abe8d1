// Who is looking at each card's handoff. Whoever handed it off is not counted: they look at their own session.

import { showPresence } from "../live/presence.js";
import { cardOf, rows } from "./cards.js";

const { me } = document.body.dataset;
// By handoff, including those that have no card here yet.
const present = new Map();

function draw(handoff) {
  const card = cardOf(handoff);
  const label = card?.querySelector("[data-looking]");
  if (!label) return;
  const others = present
    .get(handoff)
    .filter((person) => String(person.id) !== me && String(person.id) !== card.dataset.author);
  showPresence(label, others, "looking");
}

function hideAll() {
  for (const label of document.querySelectorAll("[data-looking]")) label.hidden = true;
}

document.addEventListener("live:presence", ({ detail: { presence, people } }) => {
  present.set(presence, people);
  draw(presence);
});

document.addEventListener("live:presence-all", ({ detail }) => {
  present.clear();
  hideAll();
  for (const [handoff, people] of Object.entries(detail)) {
    present.set(handoff, people);
    draw(handoff);
  }
});

// Without a connection nobody knows.
document.addEventListener("live:disconnected", hideAll);

document.addEventListener("live:event", ({ detail: event }) => {
  if (event.card && present.has(event.handoff)) draw(event.handoff);
});

rows.addEventListener("htmx:afterSettle", () => {
  for (const handoff of present.keys()) draw(handoff);
});
