// The line that says FlowPilot is reading or writing. When no reply comes, it says that too.

import { fetchChanges } from "./changes.js";

const INTERVAL = 5000;
const FETCH_AFTER = 4;
const GIVE_UP_AFTER = 60;

const line = () => document.getElementById("thinking");

function check() {
  const since = line()?.dataset.since;
  if (!since) return;
  const seconds = (Date.now() - Date.parse(since)) / 1000;
  if (seconds > FETCH_AFTER) fetchChanges();
  if (seconds > GIVE_UP_AFTER && line()) {
    line().hidden = true;
    document.getElementById("overdue").hidden = false;
  }
}

document.addEventListener("htmx:afterSwap", ({ detail: { target } }) => {
  const text = line()?.querySelector("span");
  if (target.id === "draft" && text) text.textContent = "FlowPilot is writing";
});
setInterval(check, INTERVAL);
