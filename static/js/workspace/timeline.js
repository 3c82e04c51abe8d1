// New steps in the conversation: announced once, and offered by a button to whoever has scrolled away from the end.

import { announce } from "../site/announcer.js";

// The area is scrolled in reverse: 0 is the end, and further up is negative.
const AWAY = 120;
const AT_THE_END = 40;

const { me } = document.body.dataset;
const scroller = document.querySelector(".scroll");
const button = document.querySelector(".newer");
let unread = 0;

const distanceFromEnd = () => Math.abs(scroller.scrollTop);

export function scrollToEnd() {
  scroller.scrollTop = 0;
}

function offer(count) {
  unread += count;
  button.querySelector("span").textContent = unread === 1 ? "1 new step" : `${unread} new steps`;
  button.hidden = false;
}

function textOf(step) {
  return step.querySelector("article")?.dataset.said ?? step.querySelector("p")?.textContent ?? "";
}

// `fragment` is about to be appended. A step that is here already is taken out of it: answers may overlap.
export function addSteps(fragment) {
  const steps = [...fragment.querySelectorAll("li[id]")];
  const known = steps.filter((step) => document.getElementById(step.id));
  for (const step of known) step.remove();
  const fromOthers = steps.filter((step) => !known.includes(step) && step.dataset.author !== me);
  if (!fromOthers.length) return;
  if (distanceFromEnd() > AWAY) offer(fromOthers.length);
  announce(textOf(fromOthers.at(-1)));
}

button.addEventListener("click", scrollToEnd);

scroller.addEventListener(
  "scroll",
  () => {
    if (distanceFromEnd() >= AT_THE_END) return;
    unread = 0;
    button.hidden = true;
  },
  { passive: true },
);

// All steps have come: there are no earlier ones to offer.
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target.id === "stream" || detail.elt?.id === "stream") document.querySelector(".earlier")?.remove();
});
