// A sound and a desktop notification when an escalation arrives, for whoever turned them on in this browser. Of several
// tabs, one speaks.

import { isOn } from "../site/storage.js";
import { chime } from "./chime.js";

const { me } = document.body.dataset;
const mayClaim = "claims" in document.body.dataset;
// Until then, the other tabs have heard of the event too.
const LOCKED_FOR = 5000;

function notify({ announce, handoff }) {
  if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
  const notification = new Notification("ResolutionFlow", { body: announce, tag: handoff });
  notification.onclick = () => {
    window.focus();
    location.assign(`/handoffs/${handoff}/`);
    notification.close();
  };
}

function speak(event) {
  if (isOn("sound")) chime();
  if (isOn("desktop")) notify(event);
}

function speakInOneTab(event) {
  if (!navigator.locks) {
    speak(event);
    return;
  }
  navigator.locks.request(`alert-${event.n}`, { ifAvailable: true }, (lock) => {
    if (!lock) return undefined;
    speak(event);
    return new Promise((release) => setTimeout(release, LOCKED_FOR));
  });
}

document.addEventListener("live:event", ({ detail: event }) => {
  if (event.card && mayClaim && String(event.by) !== me) speakInOneTab(event);
});
