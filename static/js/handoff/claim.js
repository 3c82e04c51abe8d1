// The ways to begin on the context screen. One press claims, the others wait; when a colleague was faster, it says so.

import { toast } from "../site/toasts.js";

// How long a claim may take to lead to the session before the buttons come back.
const UNTIL_NEXT_PAGE = 1500;

const { me, handoff } = document.body.dataset;
const form = document.getElementById("ways");
const takenLine = document.querySelector("[data-taken]");
const buttons = () => [...form.querySelectorAll(".way")];

// "claiming": pressed, and on the way to the session. "over": somebody else has it, or it was withdrawn.
let state = "open";

function setEnabled(isEnabled) {
  for (const button of buttons()) button.disabled = !isEnabled(button);
}

// Shows on the button that it is claiming. Returns what undoes it.
function showProgress(button) {
  const line = button.querySelector("small");
  const icon = button.querySelector("use");
  const text = line.textContent;
  const href = icon.getAttribute("href");
  line.textContent = "Claiming…";
  icon.setAttribute("href", href.replace(/#.*/, "#i-spin"));
  button.setAttribute("aria-busy", "true");
  return () => {
    line.textContent = text;
    icon.setAttribute("href", href);
    button.removeAttribute("aria-busy");
  };
}

async function claim(button) {
  state = "claiming";
  setEnabled((each) => each === button);
  const undo = showProgress(button);
  const values = { begin: button.value, from: "screen" };
  try {
    await htmx.ajax("POST", form.action, { source: form, target: "#toasts", swap: "beforeend", values });
  } catch {
    // requests.js has said so.
  } finally {
    setTimeout(() => {
      // Still on this page: it did not work, and a toast says why.
      undo();
      if (state === "claiming") state = "open";
      if (state === "open") setEnabled(() => true);
      button.focus();
    }, UNTIL_NEXT_PAGE);
  }
}

function end(text) {
  state = "over";
  toast(`${text} You can keep reading. The queue has the other escalations.`, { bad: true });
  const hadFocus = form.contains(document.activeElement);
  setEnabled(() => false);
  takenLine.querySelector("span").textContent = text;
  takenLine.hidden = false;
  if (hadFocus) takenLine.querySelector("a").focus();
}

function follow(event) {
  if (event.handoff !== handoff) return;
  if (event.gone && state === "open" && String(event.by) !== me) {
    const claimed = event.kind === "handoff_claimed";
    end(claimed ? `Already claimed by ${event.name} just now.` : "This escalation is no longer open.");
  } else if (event.card && state === "over") location.reload();
}

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (state === "open") claim(event.submitter ?? form.querySelector(".way"));
  });
  document.addEventListener("live:event", ({ detail }) => follow(detail));
}
