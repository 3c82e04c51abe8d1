// Home's list of what this person handed off: each row follows what becomes of it.

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

document.addEventListener("live:event", ({ detail: event }) => {
  const row = document.querySelector(`#handed-off [data-handoff="${event.handoff}"]`);
  if (row) changes[event.kind]?.(row, event);
});
