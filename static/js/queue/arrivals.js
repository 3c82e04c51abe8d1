// What happens in the account, shown in the queue: cards come and go, and it is said once.

import { announce } from "../site/announcer.js";
import { insert, remove } from "./cards.js";
import { drawFigures } from "./figures.js";

const { me } = document.body.dataset;

document.addEventListener("live:event", ({ detail: event }) => {
  const shown = event.card ? insert(event.card) : true;
  if (event.gone) remove(event.handoff);
  drawFigures();
  // Not what this person did themselves: the next page says that.
  if (event.announce && shown && String(event.by) !== me) announce(event.announce);
});
