// A citation leads to its step, where the words it quotes are highlighted. Highlights are ranges over the text as it
// is: the page's own nodes stay untouched.

const STORED = "quotes";
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/u;

// The element's text as the server compares it: white space folded, no invisible characters. `places` says for each
// UTF-16 unit of it which text node it comes from, at which offset, and how long the character is there.
function foldedText(element) {
  const places = [];
  let text = "";
  const add = (char, place) => {
    text += char;
    for (let unit = 0; unit < char.length; unit += 1) places.push(place);
  };
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    let offset = 0;
    for (const char of node.data) {
      const place = { node, offset, length: char.length };
      if (!/\s/.test(char)) {
        if (!INVISIBLE.test(char)) add(char, place);
      } else if (text && !text.endsWith(" ")) add(" ", place);
      offset += char.length;
    }
  }
  return { text, places };
}

function rangeOf(quote, { text, places }) {
  const index = text.indexOf(quote);
  if (index < 0) return null;
  const first = places[index];
  const last = places[index + quote.length - 1];
  const range = new Range();
  range.setStart(first.node, first.offset);
  range.setEnd(last.node, last.offset + last.length);
  return range;
}

// Returns whether the step is on the page.
function highlight({ step, quotes }) {
  const element = document.getElementById(step);
  if (!element) return false;
  const folded = foldedText(element.querySelector(".body") ?? element);
  const ranges = quotes.map((quote) => rangeOf(quote, folded)).filter(Boolean);
  CSS.highlights.set("quote", new Highlight(...ranges));
  return true;
}

// What is to be highlighted once its step has come.
let wanted = null;

function highlightWanted() {
  if (wanted && highlight(wanted)) wanted = null;
}

// An earlier step than the page holds: it comes with the next swap, or with the page that has all steps.
function storeWanted() {
  try {
    sessionStorage.setItem(STORED, JSON.stringify(wanted));
  } catch {
    // Then nothing is highlighted there.
  }
}

function takeStored() {
  try {
    const stored = JSON.parse(sessionStorage.getItem(STORED));
    sessionStorage.removeItem(STORED);
    return stored;
  } catch {
    return null;
  }
}

function onClick(event) {
  const citation = event.target.closest?.("a.cite[href^='#step-']");
  if (!citation) return;
  CSS.highlights.delete("quote");
  const { quotes } = citation.dataset;
  wanted = quotes ? { step: citation.hash.slice(1), quotes: quotes.split("\n") } : null;
  highlightWanted();
  if (wanted) storeWanted();
}

if (CSS.highlights) {
  // Before the page's own handlers: they stop the click.
  document.addEventListener("click", onClick, true);
  document.addEventListener("htmx:afterSwap", highlightWanted);
  const stored = takeStored();
  if (stored && `#${stored.step}` === location.hash) highlight(stored);
}
