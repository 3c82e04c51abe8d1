// Who looks at the same handoff: on its context screen and in its session.
(() => {
  "use strict";
  const body = document.body;
  function look(people) {
    const box = document.querySelector("[data-looking]");
    if (!box) return;
    const others = people.filter((person) => String(person.id) !== body.dataset.me).map((person) => person.name.split(" ")[0]);
    box.querySelector("bdi").textContent = others.length > 2 ? `${others.slice(0, 2).join(", ")} and ${others.length - 2} more` : others.join(" and ");
    box.querySelector("[data-verb]").textContent = `${others.length > 1 ? "are" : "is"} ${box.dataset.looking}`;
    box.hidden = others.length === 0;
  }
  let now = [];
  const set = (people) => { now = people; look(now); };
  document.addEventListener("live:presence", ({ detail }) => { if (detail.presence === body.dataset.handoff) set(detail.people); });
  document.addEventListener("live:everybody", ({ detail }) => set(detail[body.dataset.handoff] ?? []));
  // Without a connection nobody knows.
  document.addEventListener("live:lost", () => set([]));
  document.addEventListener("page:morphed", () => look(now));
})();
