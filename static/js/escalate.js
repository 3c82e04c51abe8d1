// The escalate dialog: the colleague's card fills in while one writes.
(() => {
  "use strict";
  function draw(form) {
    const ask = form.querySelector("[data-pv-ask]");
    if (!ask) return;
    ask.textContent = form.querySelector("[name=reason]").value.trim();
    const chosen = form.querySelector("[name=priority]:checked")?.closest("label");
    const mark = form.querySelector("[data-pv-priority]");
    if (chosen && mark) {
      mark.className = `state ${chosen.className || (chosen.querySelector("input").value === "normal" ? "strong" : "")}`;
      mark.replaceChildren(...[...chosen.childNodes].filter((node) => node.nodeName !== "INPUT").map((node) => node.cloneNode(true)));
    }
    const person = form.querySelector("[name=target]:checked")?.closest("label").querySelector("[data-short]");
    const tag = form.querySelector("[data-pv-target]");
    if (tag) { tag.hidden = !person; tag.querySelector("bdi").textContent = person?.dataset.short ?? ""; }
  }
  const within = (event) => { const form = event.target.closest?.("#escalate-form"); if (form) draw(form); };
  for (const name of ["input", "change", "draft:restored"]) document.addEventListener(name, within);
  document.addEventListener("htmx:afterSettle", () => { const form = document.getElementById("escalate-form"); if (form) draw(form); });
  const form = document.getElementById("escalate-form");
  if (form) draw(form);
})();
