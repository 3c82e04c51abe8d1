// The summary on the context screen: it appears when it is written and follows its updates, without disturbing whoever
// types or stands in it.

import { announce } from "../site/announcer.js";

const { handoff, session } = document.body.dataset;
const summary = () => document.getElementById("summary");
const versionOf = (element) => element?.querySelector("[data-of]")?.dataset.of;

function isTyping() {
  const fields = [...document.querySelectorAll("#summary :is(.missing, .pop) .input")];
  return fields.some((field) => field === document.activeElement || field.value !== field.defaultValue);
}

// While somebody types, it waits for the next event.
function refresh() {
  if (!isTyping()) htmx.trigger("#summary", "refresh");
}

function whatChanged(before, after) {
  if (before.state === "pending" && after.state === "ready") return "Summary ready";
  if (before.version && after.state === "ready" && after.version !== before.version) return "Summary updated";
  if (before.state === "pending" && after.state === "unavailable") {
    return "No summary available. Everything else is here";
  }
  return "";
}

const snapshot = (element) => ({ state: element?.dataset.state, version: versionOf(element) });

// The whole summary is swapped: whoever was on a link in it is put back there.
function focusedLink(element) {
  const focused = document.activeElement;
  return element.contains(focused) && !focused.id ? focused.getAttribute("href") : null;
}

document.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  if (target.id !== "summary") return;
  const before = snapshot(target);
  const link = focusedLink(target);
  const afterSettle = () => {
    if (link) document.querySelector(`#summary [href="${CSS.escape(link)}"]`)?.focus();
    const change = whatChanged(before, snapshot(summary()));
    if (change) announce(change);
  };
  document.addEventListener("htmx:afterSettle", afterSettle, { once: true });
});

document.addEventListener("live:event", ({ detail: event }) => {
  const ofThisHandoff = event.handoff === handoff;
  // The page that judges an entry has the answer already.
  const assessed = event.kind.startsWith("assessment_") && event.kind !== "assessment_judged";
  if (ofThisHandoff ? assessed : event.session === session) refresh();
});
document.addEventListener("live:refresh", refresh);
