// The list of cards. A card is rendered once for everybody; what differs for this person is added here.
//
// The server decides order and filters. Each card carries its sort keys (escalations/queue.py), the list carries the
// values that a card must have to be shown (escalations/filters.py), and the page only compares them.

const { me } = document.body.dataset;
const mayClaim = "claims" in document.body.dataset;

export const rows = document.getElementById("rows");

const criteria = Object.entries(JSON.parse(rows.dataset.criteria));

// Whether other cards come before those that are shown, or follow them; whether the list is the whole queue, so that
// what it holds can be counted.
const beginsLater = document.querySelector("[data-first]") !== null;
export const goesOn = () => rows.querySelector("[data-more]") !== null;
export const isComplete = () => criteria.length === 0 && !goesOn() && !beginsLater;

const list = () => rows.querySelector("[data-cards]");

export const cards = () => [...(list()?.querySelectorAll(".card") ?? [])];
export const isForMe = (card) => card.dataset.target === me;
export const cardOf = (handoff) => document.getElementById(`card-${handoff}`);

const matches = (card) => criteria.every(([name, value]) => card.dataset[name] === value);
const sortKey = (card) => (isForMe(card) ? card.dataset.targetSortKey : card.dataset.sortKey);

function show(element, visible) {
  if (element) element.hidden = !visible;
}

function personalize(card) {
  show(card.querySelector("[data-for-me]"), isForMe(card));
  show(card.querySelector("[data-for-other]"), card.dataset.target && !isForMe(card));
  if (!mayClaim) card.querySelector("[data-act]")?.remove();
}

// Only the first "Pick up" is filled: the order is the advice.
function fillFirstButton() {
  cards().forEach((card, index) => {
    card.querySelector(".act > .btn")?.classList.toggle("primary", index === 0);
  });
}

export function arrange() {
  cards().forEach(personalize);
  show(list(), cards().length > 0);
  show(rows.querySelector("[data-empty]"), cards().length === 0);
  fillFirstButton();
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content.firstElementChild;
}

// Puts an arriving card where it belongs, unless that is on another page: before the first card or behind the last.
// Returns whether it fits the filters.
export function insert(html) {
  const card = parse(html);
  document.getElementById(card.id)?.remove();
  if (!matches(card)) return false;
  const shown = cards();
  const next = shown.find((other) => sortKey(card) < sortKey(other));
  const elsewhere = next ? beginsLater && next === shown[0] : goesOn();
  if (!elsewhere) {
    card.classList.add("arrived");
    list().insertBefore(card, next ?? null);
    htmx.process(card);
  }
  arrange();
  return true;
}

// Takes a card away; the focus it had goes to its neighbour. A card that says who claimed it stays to be read.
export function remove(handoff) {
  const card = cardOf(handoff);
  if (!card || card.classList.contains("gone")) return;
  const all = cards();
  const index = all.indexOf(card);
  const neighbour = all[index + 1] ?? all[index - 1];
  const hadFocus = card.contains(document.activeElement);
  card.remove();
  if (hadFocus) (neighbour?.querySelector(".cover") ?? document.getElementById("main")).focus();
  arrange();
}
