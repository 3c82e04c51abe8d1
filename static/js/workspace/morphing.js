// Patches header, fix and lane in place when a new version arrives, around whatever is being typed in them.

import { holdsText } from "./held-forms.js";
import { addSteps } from "./timeline.js";

const MORPHED = new Set(["s-head", "s-fix", "lane-in"]);
const MAY_HOLD_TEXT = ".task, form, .menu-more, .offers li, #lane-proposals";

const lane = document.getElementById("lane");

// --- what stays as it is ---

// A button that says "Copied" at the moment.
const isCopyResult = (node) => node.matches(".copy.done, .btn.done");

// A secret that was just revealed stays readable, unless it was removed.
const isRevealed = (node, fresh) => node.matches(".secret-chip.open") && fresh.dataset?.secret === node.dataset.secret;

// Somebody else settled the card whose answer is being typed: the text stays, and the card says so.
function sayWhoSettled(task, fresh) {
  const { state, by } = fresh.dataset ?? {};
  if (!by || !["done", "skipped"].includes(state)) return;
  let line = task.querySelector(".meanwhile");
  if (!line) {
    line = document.createElement("p");
    line.className = "meanwhile";
    task.querySelector(".t-in").prepend(line);
  }
  const answer = fresh.querySelector(".ans")?.textContent ?? "";
  const what = state === "skipped" ? "skipped this in the meantime." : `answered this in the meantime: ${answer}`;
  line.textContent = `${by} ${what} Your text is kept; press Done to use it instead.`;
}

const callbacks = {
  beforeNodeMorphed(node, fresh) {
    if (node.nodeType !== Node.ELEMENT_NODE) return true;
    if (isCopyResult(node) || isRevealed(node, fresh)) return false;
    if (node.matches("form")) return !holdsText(node);
    if (!node.matches(".task") || !holdsText(node)) return true;
    sayWhoSettled(node, fresh);
    return false;
  },

  beforeNodeRemoved(node) {
    const mayHoldText = node.nodeType === Node.ELEMENT_NODE && node.matches(MAY_HOLD_TEXT);
    return !(mayHoldText && holdsText(node));
  },

  // What scripts and people set in the page is the page's own.
  beforeAttributeUpdated(name, node) {
    if (name === "open") return node.tagName !== "DETAILS";
    if (name === "hidden") return !node.matches("[data-kept], [data-looking]");
    if (name === "class") return !isCopyResult(node);
    return true;
  },
};

// --- morphing ---

// The button that was pressed is gone with its form: focus moves to the next card to answer, or to Send.
function focusNextInLane() {
  const next =
    lane.querySelector(".task.active textarea") ??
    lane.querySelector(".l-foot .btn:not([disabled])") ??
    lane.querySelector(".l-body");
  next.focus();
}

function morph(target, fragment) {
  const focused = document.activeElement;
  const wasInLane = lane.contains(focused);
  const fresh = fragment.querySelector(`#${target.id}`) ?? fragment;
  Idiomorph.morph(target, fresh.cloneNode(true), { morphStyle: "outerHTML", callbacks });
  const morphed = document.getElementById(target.id);
  morphed.removeAttribute("hx-swap-oob");
  htmx.process(morphed);
  morphed.dispatchEvent(new CustomEvent("page:morphed", { bubbles: true }));
  if (wasInLane && !document.contains(focused)) focusNextInLane();
}

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  if (target?.id === "stream") {
    addSteps(fragment);
  } else if (MORPHED.has(target?.id)) {
    event.detail.shouldSwap = false;
    morph(target, fragment);
  }
});
