// The button beside the queue's filters that turns the sound for new escalations on and off.

import { announce } from "../site/announcer.js";
import { isOn, write } from "../site/storage.js";
import "./alerts.js";
import { chime } from "./chime.js";

function draw() {
  for (const button of document.querySelectorAll("[data-sound]")) {
    button.setAttribute("aria-pressed", isOn("sound"));
    button.querySelector("[data-said]").textContent = isOn("sound") ? "Sound is on" : "Sound is off";
  }
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-sound]")) return;
  if (!write("sound", isOn("sound") ? "" : "on")) return;
  if (isOn("sound")) chime();
  draw();
  announce(isOn("sound") ? "Sound for new escalations is on" : "Sound for new escalations is off");
});

// Another tab, or the account page in it, changed the setting.
addEventListener("storage", draw);
draw();
