// Copy buttons: `data-copy` (the code beside it), `data-copy-from` (a field), `data-copy-text` (text of its own).

import { announce } from "./announcer.js";

const COPIED_FOR = 2500;
const FAILED_FOR = 5000;

// Where the clipboard is refused, the old command may still work. In an open dialog only fields inside it can be
// selected.
function copyWithCommand(text, button) {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr";
  (button.closest("dialog") ?? document.body).append(area);
  area.select();
  try {
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    button.focus();
  }
}

async function write(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyWithCommand(text, button);
  }
}

function selectSource(button) {
  const source = button.parentElement.querySelector("code") ?? document.getElementById(button.dataset.copyFrom ?? "");
  if (source?.select) source.select();
  else if (source) getSelection().selectAllChildren(source);
}

function showResult(button, copied) {
  if (button.classList.contains("done")) return;
  const label = [...button.childNodes];
  button.classList.add("done");
  button.replaceChildren(document.createTextNode(copied ? "Copied" : "Press Ctrl+C"));
  setTimeout(
    () => {
      button.classList.remove("done");
      button.replaceChildren(...label);
    },
    copied ? COPIED_FOR : FAILED_FOR,
  );
}

async function copy(text, button) {
  const copied = await write(text, button);
  showResult(button, copied);
  announce(copied ? "Copied" : "Couldn't copy. Select the text and press Ctrl+C");
  if (!copied) selectSource(button);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from], [data-copy-text]");
  if (!button) return;
  if ("copyText" in button.dataset) copy(button.dataset.copyText, button);
  else if ("copyFrom" in button.dataset) copy(document.getElementById(button.dataset.copyFrom).value, button);
  else copy(button.parentElement.querySelector("code").textContent, button);
});
