// The figures above the queue, counted from its cards. Only while the list is the whole queue: otherwise the server's
// figures stay.

import { cards, isComplete, isForMe } from "./cards.js";

const put = (selector, value) => {
  document.querySelector(selector).textContent = value;
};

function drawLongestWait(open) {
  const box = document.querySelector("[data-longest]");
  const [oldest] = open.map((card) => card.dataset.at).sort();
  if (!oldest) {
    box.textContent = "–";
    return;
  }
  const time = box.querySelector("time") ?? document.createElement("time");
  box.replaceChildren(time);
  time.dateTime = oldest;
  time.dataset.age = "age";
  // ages.js fills in the rest.
  time.textContent ||= "just now";
}

export function drawFigures() {
  if (!isComplete()) return;
  const open = cards().filter((card) => !card.classList.contains("gone"));
  put("[data-waiting]", open.length);
  put("[data-tab-open]", open.length);
  put("[data-unseen]", open.filter((card) => !card.querySelector(".unseen").hidden).length);
  put("[data-tab-me]", open.filter(isForMe).length);
  drawLongestWait(open);
}
