// The queue's keys: j and k move, Enter opens (a card is a link), c claims at once.

import { announce } from "../site/announcer.js";
import { isShortcut } from "../site/shortcuts.js";
import { cards } from "./cards.js";

const focusedIndex = () => cards().findIndex((card) => card.contains(document.activeElement));

function move(step) {
  const all = cards();
  const index = Math.min(all.length - 1, Math.max(0, focusedIndex() + step));
  all[index]?.querySelector(".cover").focus();
  all[index]?.scrollIntoView({ block: "nearest" });
}

// The card's own form claims. Cards without one (a viewer's, one's own, a claimed one) have nothing to claim.
const claimForm = (card) => card?.querySelector("form[data-claim]");

function claim() {
  const card = cards()[focusedIndex()];
  if (card) {
    const form = claimForm(card);
    if (!form || form.dataset.claiming) return;
    form.dataset.claiming = "1";
    announce("Claiming…");
    form.requestSubmit();
    return;
  }
  const [first] = cards();
  if (!claimForm(first)) return;
  first.querySelector(".cover").focus();
  announce("Press c again to claim this one");
}

document.addEventListener("htmx:afterRequest", ({ detail: { elt } }) => {
  if (elt.dataset?.claiming) delete elt.dataset.claiming;
});

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event)) return;
  if (event.key === "j" || event.key === "k") {
    event.preventDefault();
    move(event.key === "j" ? 1 : -1);
  } else if (event.key === "c") claim();
});
