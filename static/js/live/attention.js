// Tells the server whether anybody sees this page: colleagues are shown who is looking, and a tab in the background
// is not.

import { isOpen, send } from "./socket.js";

// Somebody who only glances at another tab is still looking.
const GLANCE = 4000;

let reportedHidden = false;
let timer = 0;

function reportHiddenSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (!document.hidden || !isOpen()) return;
    reportedHidden = true;
    send("hidden");
  }, GLANCE);
}

function reportSeen() {
  clearTimeout(timer);
  if (reportedHidden) send("seen");
  reportedHidden = false;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) reportHiddenSoon();
  else reportSeen();
});

// A new connection counts as looking until it is told otherwise.
document.addEventListener("live:connected", () => {
  reportedHidden = false;
  if (document.hidden) reportHiddenSoon();
});
