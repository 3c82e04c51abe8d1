// Home's list of what this person escalated: each row follows what becomes of it. Where something may have been
// missed, the server draws the list again.

import { announce } from "../site/announcer.js";

const changes = {
  handoff_claimed(row, { name }) {
    row.querySelector("[data-standing]").textContent = `${name} claimed it just now`;
    row.querySelector("[data-withdraw]")?.remove();
    announce(`${name} claimed your escalation`);
  },
  handoff_released(row) {
    row.querySelector("[data-standing]").textContent = "released, back in the queue";
  },
  handoff_withdrawn(row) {
    row.remove();
  },
};

const list = document.getElementById("handed-off");

document.addEventListener("live:refresh", () => htmx.trigger(list, "refresh"));
document.addEventListener("live:event", ({ detail: event }) => {
  const row = list.querySelector(`[data-handoff="${event.handoff}"]`);
  if (row) changes[event.kind]?.(row, event);
});
