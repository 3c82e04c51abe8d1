// The composer comes and goes with the right to write. What its author has typed stays until they have it elsewhere.

import { discardDraftsOf, draftsOf } from "../site/drafts.js";

const { session } = document.body.dataset;
const composer = document.getElementById("composer");
const field = document.getElementById("say");
const keptText = document.getElementById("moved");
const readOnlyLine = document.getElementById("reads");

function unsentTexts() {
  const texts = draftsOf(session);
  if (field.value && !texts.includes(field.value)) texts.push(field.value);
  return texts;
}

function applyRights({ mayWrite, openTasks, whyNot }) {
  const texts = unsentTexts();
  composer.hidden = !mayWrite;
  readOnlyLine.hidden = mayWrite;
  readOnlyLine.querySelector("span").textContent = whyNot;
  keptText.hidden = mayWrite || texts.length === 0;
  if (!keptText.hidden) {
    keptText.querySelector("[data-why]").textContent = whyNot;
    keptText.querySelector("textarea").value = texts.join("\n\n");
  }
  for (const count of document.querySelectorAll("[data-open-tasks]")) count.textContent = openTasks;
}

// Every answer about the session says whether this person may still write.
document.addEventListener("htmx:afterOnLoad", ({ detail: { xhr } }) => {
  if (!xhr.responseText.includes('id="writable"')) return;
  const template = document.createElement("template");
  template.innerHTML = xhr.responseText;
  const rights = template.content.getElementById("writable")?.dataset;
  if (rights) applyRights({ mayWrite: rights.writable === "1", openTasks: rights.open, whyNot: rights.why });
});

keptText.querySelector("[data-drop]").addEventListener("click", () => {
  discardDraftsOf(session);
  field.value = "";
  field.defaultValue = "";
  keptText.hidden = true;
});

applyRights({
  mayWrite: !composer.hidden,
  openTasks: composer.querySelector("[data-open-tasks]").textContent,
  whyNot: composer.dataset.why,
});

// Somebody who claimed with "I'll take it from here" begins at the composer.
if (new URLSearchParams(location.search).get("compose")) {
  // The page itself has focused the field; whoever has moved on since keeps their place.
  if (document.activeElement === document.body) field.focus();
  history.replaceState(null, "", location.pathname + location.hash);
}
