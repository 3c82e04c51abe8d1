// Who else looks at the handoff that this page shows, on its context screen and in its session: "Bo and Dana are here".
// The queue shows the same on its cards (queue/presence.js).

const { me, handoff } = document.body.dataset;
let people = [];

const firstName = (person) => person.name.split(" ")[0];

function names(all) {
  if (all.length <= 2) return all.map(firstName).join(" and ");
  return `${all.slice(0, 2).map(firstName).join(", ")} and ${all.length - 2} more`;
}

export function showPresence(label, others, doing) {
  label.querySelector("bdi").textContent = names(others);
  label.querySelector("[data-verb]").textContent = `${others.length > 1 ? "are" : "is"} ${doing}`;
  label.hidden = others.length === 0;
}

function draw() {
  const label = document.querySelector("[data-looking]");
  if (!label) return;
  const others = people.filter((person) => String(person.id) !== me);
  showPresence(label, others, label.dataset.looking);
}

function update(present) {
  people = present;
  draw();
}

if (handoff) {
  document.addEventListener("live:presence", ({ detail }) => {
    if (detail.presence === handoff) update(detail.people);
  });
  document.addEventListener("live:presence-all", ({ detail }) => update(detail[handoff] ?? []));
  // Without a connection nobody knows.
  document.addEventListener("live:disconnected", () => update([]));
  document.addEventListener("page:morphed", draw);
}
