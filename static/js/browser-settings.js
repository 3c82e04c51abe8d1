// The account page's settings of this browser: theme, sound and desktop notifications. theme.js and live/alerts.js read
// what is stored here.

import "./live/alerts.js";
import { chime } from "./live/chime.js";
import { isOn, read, write } from "./site/storage.js";

const root = document.documentElement;
const settings = document.getElementById("sets");
const themes = [...settings.querySelectorAll("[name=theme]")];
const sound = document.getElementById("set-sound");
const desktop = document.getElementById("set-desktop");
const desktopNote = document.getElementById("desktop-said");

const canStore = write("storage-test", "1") && write("storage-test", "");
// A note about the last answer stays until the next one.
let lastAnswerNote = "";

// Why this browser shows no notifications, and what to do about it. Empty if it does.
function whyNoNotifications() {
  if (!window.isSecureContext) return "Notifications need a secure connection (https).";
  if (!("Notification" in window)) {
    return "This browser doesn't support desktop notifications. The tab title still counts new escalations.";
  }
  if (Notification.permission === "denied") {
    return (
      "This browser blocks notifications from this site. " +
      "Allow them in the site settings (next to the address), then turn this on."
    );
  }
  return "";
}

function drawTheme() {
  const theme = read("theme");
  const chosen = theme === "light" || theme === "dark" ? theme : "";
  for (const radio of themes) radio.checked = radio.value === chosen;
}

// Turned on once and blocked since: the switch shows what is true now.
function drawAlerts() {
  const problem = whyNoNotifications();
  sound.checked = isOn("sound");
  desktop.checked = isOn("desktop") && !problem && Notification.permission === "granted";
  const note = problem || lastAnswerNote;
  if (desktopNote.textContent !== note) desktopNote.textContent = note;
}

function draw() {
  drawTheme();
  // Staff of no account have no alerts.
  if (desktop) drawAlerts();
}

function setTheme(theme) {
  write("theme", theme);
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
}

function setSound(on) {
  write("sound", on ? "on" : "");
  if (on) chime();
}

async function setDesktop(on) {
  lastAnswerNote = "";
  let granted = false;
  if (on && !whyNoNotifications()) {
    const answer = await Notification.requestPermission();
    granted = answer === "granted";
    if (answer === "default") {
      lastAnswerNote = "You closed the browser's prompt without answering. Turn this on again to see it once more.";
    }
  }
  write("desktop", granted ? "on" : "");
  draw();
}

settings.addEventListener("change", ({ target }) => {
  if (target.name === "theme") setTheme(target.value);
  else if (target === sound) setSound(sound.checked);
  else if (target === desktop) setDesktop(desktop.checked);
});
document.getElementById("try-sound")?.addEventListener("click", chime);

// The same settings change elsewhere: in another tab, with the button in the bar, in the browser's own settings.
addEventListener("storage", draw);
addEventListener("focus", draw);
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-toggle]")) setTimeout(draw);
});

if (!canStore) {
  for (const field of settings.querySelectorAll("input")) field.disabled = true;
  document.getElementById("sets-said").textContent =
    "This browser doesn't store data for this site, so these settings can't be saved. Allow site data to change them.";
}
draw();
