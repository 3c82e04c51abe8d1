// The task lane: it can be hidden, and on narrow screens it is a drawer. Hidden, it keeps everything typed in it.

import { read, write } from "../site/storage.js";

const wide = matchMedia("(min-width: 75rem)");
const lane = document.getElementById("lane");
const work = document.querySelector(".work");
// One button is in the composer, one beside the line for whoever cannot write.
const openers = [...document.querySelectorAll("[data-lane-show]")];

export const isDrawer = () => !wide.matches;
export const contains = (element) => lane.contains(element);

function setOpen(open) {
  work.classList.toggle("lane-shut", !open && wide.matches);
  lane.classList.toggle("open", open);
  lane.classList.toggle("closed", !open);
  for (const opener of openers) opener.setAttribute("aria-expanded", open);
  if (wide.matches) write("lane", open ? "open" : "shut");
}

export const openLane = () => setOpen(true);
export const closeLane = () => setOpen(false);

function closeAndFocusOpener() {
  closeLane();
  openers.find((opener) => opener.offsetParent)?.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-lane-hide]")) {
    event.preventDefault();
    closeAndFocusOpener();
  } else if (event.target.closest("[data-lane-show]")) {
    event.preventDefault();
    openLane();
    lane.querySelector("[data-lane-hide]").focus();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !isDrawer() || !lane.classList.contains("open")) return;
  if (!document.querySelector("dialog[open], .menu-more[open]")) closeAndFocusOpener();
});

if (read("lane") === "shut" && wide.matches) closeLane();
