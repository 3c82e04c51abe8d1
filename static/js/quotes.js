// A citation leads to its step; the very words that it quotes are marked there. Marked by ranges over the text as it stands: nothing is
// built from it, and the page's own nodes stay as they are.
(() => {
  "use strict";
  const KEPT = "quotes";
  if (!window.CSS?.highlights) return;
  const invisible = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/u;

  // The text of an element with white space folded and without invisible characters, as the server compares it; each character
  // knows where it stands in the page.
  function folded(element) {
    const places = [];
    let text = "";
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      let offset = 0;
      for (const char of node.data) {
        if (/\s/.test(char)) { if (text && !text.endsWith(" ")) { text += " "; places.push([node, offset, 1]); } }
        else if (!invisible.test(char)) { text += char; for (let unit = 0; unit < char.length; unit++) places.push([node, offset, char.length]); }
        offset += char.length;
      }
    }
    return { text, places };
  }

  function mark({ step, quotes }) {
    const element = document.getElementById(step);
    if (!element) return false;
    const { text, places } = folded(element.querySelector(".body") ?? element);
    const ranges = [];
    for (const quote of quotes) {
      const from = text.indexOf(quote);
      if (from < 0) continue;
      const [first, start] = places[from], [last, end, length] = places[from + quote.length - 1];
      const range = new Range();
      range.setStart(first, start);
      range.setEnd(last, end + length);
      ranges.push(range);
    }
    CSS.highlights.set("quote", new Highlight(...ranges));
    return true;
  }

  let wanted = null;
  document.addEventListener("click", (event) => {
    const cite = event.target.closest?.("a.cite[href^='#step-']");
    if (!cite) return;
    CSS.highlights.delete("quote");
    wanted = cite.dataset.quotes ? { step: cite.hash.slice(1), quotes: cite.dataset.quotes.split("\n") } : null;
    if (!wanted) return;
    if (mark(wanted)) wanted = null;
    // An earlier step than the page holds: it comes with the next swap, or with the page that has them all.
    else try { sessionStorage.setItem(KEPT, JSON.stringify(wanted)); } catch { /* then it is not marked */ }
  }, true);
  document.addEventListener("htmx:afterSwap", () => { if (wanted && mark(wanted)) wanted = null; });
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    sessionStorage.removeItem(KEPT);
    if (kept && `#${kept.step}` === location.hash) mark(kept);
  } catch { /* nothing was kept */ }
})();
