// The escalate dialog: the card that the colleague will get fills in while one writes.

const currentForm = () => document.getElementById("escalate-form");

function drawNeed(form, preview) {
  preview.textContent = form.querySelector("[name=reason]").value.trim();
}

// The label of the chosen priority, with its icon and colour.
function drawPriority(form) {
  const label = form.querySelector("[name=priority]:checked")?.closest("label");
  const mark = form.querySelector("[data-pv-priority]");
  if (!label || !mark) return;
  const emphasis = label.querySelector("input").value === "normal" ? "strong" : "";
  mark.className = `state ${label.className || emphasis}`;
  const content = [...label.childNodes].filter((node) => node.nodeName !== "INPUT");
  mark.replaceChildren(...content.map((node) => node.cloneNode(true)));
}

function drawTarget(form) {
  const tag = form.querySelector("[data-pv-target]");
  if (!tag) return;
  const person = form.querySelector("[name=target]:checked")?.closest("label").querySelector("[data-short]");
  tag.hidden = !person;
  tag.querySelector("bdi").textContent = person?.dataset.short ?? "";
}

function draw(form) {
  const preview = form?.querySelector("[data-pv-ask]");
  if (!preview) return;
  drawNeed(form, preview);
  drawPriority(form);
  drawTarget(form);
}

for (const name of ["input", "change", "draft:restored"]) {
  document.addEventListener(name, (event) => draw(event.target.closest?.("#escalate-form")));
}
document.addEventListener("htmx:afterSettle", () => draw(currentForm()));
draw(currentForm());
