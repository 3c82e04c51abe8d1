// Links to a card of the lane or to a step: brought into view, focused and lit up. The browser's back button works.

import { toast } from "../site/toasts.js";
import * as lane from "./lane.js";
import { scrollToEnd } from "./timeline.js";

const LIT_FOR = 2500;
const TARGETS = "a[href^='#task-lane-card-'], a[href^='#step-']";
const FROM_DIALOG = "dialog a[href='#transcript'], dialog a[href*='#task-lane-card-']";

// --- bringing a place into view ---

// Steps out of sight get their true height only as they come near, which takes a while on a busy machine. So the place
// is corrected until it has stood still for a moment, or until the reader scrolls.
const STOOD_STILL = 300;
const LONGEST = 4000;
const READER_MOVES = ["wheel", "touchmove", "pointerdown", "keydown"];

let bringing = new AbortController();

function bringIntoView(target) {
  bringing.abort();
  bringing = new AbortController();
  const { signal } = bringing;
  const stop = () => bringing.abort();
  for (const move of READER_MOVES) addEventListener(move, stop, { signal, passive: true, capture: true });

  const startedAt = performance.now();
  let stillSince = startedAt;
  let top = Number.NaN;

  const correct = (now) => {
    if (signal.aborted || !target.isConnected) return;
    if (target.getBoundingClientRect().top !== top) {
      target.scrollIntoView({ block: "center" });
      top = target.getBoundingClientRect().top;
      stillSince = now;
    }
    if (now - stillSince < STOOD_STILL && now - startedAt < LONGEST) requestAnimationFrame(correct);
    else stop();
  };
  target.scrollIntoView({ block: "center" });
  requestAnimationFrame(correct);
}

// --- jumping ---

// The page holds the latest steps; the earlier ones are fetched when one of them is wanted.
async function find(id) {
  const target = document.getElementById(id);
  const earlier = document.querySelector(".earlier a");
  if (target || !earlier) return target;
  const swap = { source: earlier, target: "#stream", select: "#stream", swap: "outerHTML" };
  await htmx.ajax("GET", earlier.href, swap);
  return document.getElementById(id);
}

function makeRoomFor(target) {
  if (!lane.contains(target)) {
    if (lane.isDrawer()) lane.closeLane();
    return;
  }
  const fold = target.closest("details");
  if (fold) fold.open = true;
  lane.openLane();
}

function lightUp(target) {
  target.classList.add("lit");
  setTimeout(() => target.classList.remove("lit"), LIT_FOR);
}

async function jump() {
  const id = decodeURIComponent(location.hash.slice(1));
  if (!/^(task-lane-card|step)-\d+$/.test(id)) return;
  const target = await find(id);
  if (!target) {
    const what = id.startsWith("step-") ? "That step isn't in this session." : "That task is no longer in the lane.";
    toast(what, { bad: true });
    return;
  }
  makeRoomFor(target);
  bringIntoView(target);
  lightUp(target);
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
}

function jumpTo(hash) {
  history.pushState(null, "", hash);
  jump();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest(`${FROM_DIALOG}, ${TARGETS}`);
  if (!link) return;
  event.preventDefault();
  link.closest("dialog")?.close();
  if (link.hash === "#transcript") scrollToEnd();
  else jumpTo(link.hash);
});

addEventListener("hashchange", jump);
addEventListener("popstate", jump);
jump();
