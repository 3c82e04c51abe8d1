// Drafts: what is being typed in a `data-draft` field survives a reload, a swap, a lost connection and a new holder.
// Only sending it, or discarding it, removes it.

import * as storage from "./storage.js";

const PREFIX = "draft:";
const SENT = "sent";

const keyOf = (field) => PREFIX + field.dataset.draft;
const fieldOf = (key) => document.querySelector(`[data-draft="${CSS.escape(key.slice(PREFIX.length))}"]`);
const fieldsIn = (element) => [...(element.querySelectorAll?.("[data-draft]") ?? [])];

function showKept(field) {
  const line = field.form?.querySelector("[data-kept]");
  if (line) line.hidden = false;
}

// --- restoring ---

// What somebody is typing is theirs; a field that has just come takes its draft, focused or not.
function wantsDraft(field, text) {
  if (!text || text === field.value) return false;
  return document.activeElement !== field || field.value === field.defaultValue;
}

function restore(element) {
  for (const field of fieldsIn(element)) {
    const text = storage.read(keyOf(field));
    if (!wantsDraft(field, text)) continue;
    field.value = text;
    showKept(field);
    field.dispatchEvent(new Event("draft:restored", { bubbles: true }));
  }
}

// --- keeping ---

document.addEventListener("input", ({ target }) => {
  if (target.dataset?.draft && storage.write(keyOf(target), target.value)) showKept(target);
});

// Another tab of the same person sent it, or went on typing: this one follows unless somebody types here.
addEventListener("storage", (event) => {
  if (!event.key?.startsWith(PREFIX)) return;
  const field = fieldOf(event.key);
  if (field && document.activeElement !== field) field.value = event.newValue ?? "";
});

// --- sent by htmx ---

// The text of each field when its form's request left. What was typed after that is still a draft.
const sentText = new WeakMap();

document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  if (elt.matches?.("form")) sentText.set(elt, new Map(fieldsIn(elt).map((field) => [field, field.value])));
});

document.addEventListener("htmx:beforeSwap", ({ detail: { requestConfig, xhr } }) => {
  const form = requestConfig?.elt;
  if (!form?.matches?.("form") || xhr.status >= 300 || requestConfig.verb === "get") return;
  for (const [field, text] of sentText.get(form) ?? []) {
    if (field.value !== text) continue;
    storage.write(keyOf(field), "");
    if (form.hasAttribute("data-clears")) field.value = "";
    field.defaultValue = field.value;
  }
});

// --- sent by a plain form ---

// It leaves the page: its drafts go when the next page comes, unless the server sent the form back.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.hasAttribute("hx-post")) return;
  const keys = fieldsIn(event.target).map(keyOf);
  if (!keys.length) return;
  try {
    sessionStorage.setItem(SENT, JSON.stringify(keys));
  } catch {
    // The draft is offered once more.
  }
});

function removeSent() {
  try {
    for (const key of JSON.parse(sessionStorage.getItem(SENT) || "[]")) if (!fieldOf(key)) storage.write(key, "");
    sessionStorage.removeItem(SENT);
  } catch {
    // Nothing to remove.
  }
}

// --- all drafts of one session, for when the fields themselves are gone ---

const keysOf = (session) => storage.keys().filter((key) => key.startsWith(PREFIX) && key.includes(session));

export const draftsOf = (session) => keysOf(session).map(storage.read);

export function discardDraftsOf(session) {
  for (const key of keysOf(session)) storage.write(key, "");
}

removeSent();
restore(document);
document.addEventListener("htmx:afterSettle", () => restore(document));
document.addEventListener("page:morphed", (event) => restore(event.target));
