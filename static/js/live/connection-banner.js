// The banner that says the connection is lost, how old the page is, and when it tries again.

import { isOpen } from "./socket.js";

// Leaving a page closes its socket, and a hiccup is over in a moment: neither is worth a banner.
const PATIENCE = 400;

const banner = document.getElementById("lost");
let upToDateAt = new Date();
let retryAt = 0;
let timer = 0;

function show() {
  if (isOpen()) return;
  banner.querySelector("[data-as-of]").textContent = upToDateAt.toTimeString().slice(0, 8);
  banner.hidden = false;
  document.body.dataset.lost = "";
}

function hide() {
  clearTimeout(timer);
  banner.hidden = true;
  delete document.body.dataset.lost;
  upToDateAt = new Date();
}

function countDown() {
  if (banner.hidden) return;
  const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
  banner.querySelector("[data-retry]").textContent = `in ${seconds} s`;
}

document.addEventListener("live:disconnected", () => {
  clearTimeout(timer);
  timer = setTimeout(show, PATIENCE);
});
document.addEventListener("live:connected", hide);
document.addEventListener("live:retry", ({ detail }) => {
  retryAt = detail.at;
});
document.addEventListener("live:event", () => {
  upToDateAt = new Date();
});
setInterval(countDown, 500);
