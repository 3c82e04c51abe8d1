// The queue: a card is the same for everybody; what differs for this person is done here.
(() => {
  "use strict";
  const me = document.body.dataset.me;
  const claims = "claims" in document.body.dataset;
  const queue = document.body.dataset.page === "queue";
  const rows = document.getElementById("rows");
  const base = document.title;
  let arrived = 0;

  const list = () => rows?.querySelector("[data-cards]");
  const cards = () => [...(list()?.querySelectorAll(".card") ?? [])];
  const show = (element, on) => { if (element) element.hidden = !on; };

  function rank(card) {
    return [-Number(card.dataset.priority), card.dataset.target === me ? 0 : 1, Date.parse(card.dataset.at)];
  }
  function before(a, b) {
    const x = rank(a), y = rank(b);
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return x[i] < y[i];
    return false;
  }
  function dress(card) {
    show(card.querySelector("[data-for-me]"), card.dataset.target === me);
    const act = card.querySelector("[data-act]");
    if (act && !claims) act.hidden = true;
  }
  function first() {
    // Only the first "Pick up" is filled: the order is the advice.
    cards().forEach((card, index) => card.querySelector(".act .btn")?.classList.toggle("primary", index === 0));
  }
  function tally() {
    if (!queue) return;
    const all = cards().filter((card) => !card.classList.contains("gone"));
    document.querySelector("[data-waiting]").textContent = all.length;
    document.querySelector("[data-unseen]").textContent = all.filter((card) => !card.querySelector(".unseen").hidden).length;
    const oldest = all.map((card) => card.dataset.at).sort()[0];
    const longest = document.querySelector("[data-longest]");
    if (!oldest) longest.textContent = "–";
    else {
      const time = longest.querySelector("time") ?? longest.appendChild(document.createElement("time"));
      if (longest.firstChild !== time) longest.replaceChildren(time);
      time.dateTime = oldest; time.dataset.age = "age";
      if (!time.textContent) time.textContent = "just now";
    }
    show(list(), cards().length > 0);
    show(rows.querySelector("[data-empty]"), cards().length === 0);
    const count = document.querySelector("[data-open-count]");
    count.querySelector("[data-n]").textContent = all.length;
    count.hidden = all.length === 0;
    first();
  }
  function arrive(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html.trim();
    const card = holder.content.firstElementChild;
    document.getElementById(card.id)?.remove();
    dress(card);
    card.classList.add("arrived");
    const next = cards().find((other) => before(card, other));
    list().insertBefore(card, next ?? null);
    htmx.process(card);
    tally();
    if (document.hidden) { arrived += 1; document.title = `(${arrived}) ${base}`; }
  }
  function leave(id, who) {
    const card = document.getElementById(`card-${id}`);
    if (!card || card.classList.contains("gone")) return;
    if (card.contains(document.activeElement)) {
      const all = cards();
      const next = all[all.indexOf(card) + 1] ?? all[all.indexOf(card) - 1];
      card.remove();
      next?.querySelector(".cover").focus();
    } else card.remove();
    tally();
  }

  document.addEventListener("live:news", ({ detail: news }) => {
    if (queue) {
      if (news.card) arrive(news.card);
      if (news.gone) leave(news.handoff);
      // Silence for what this person did themselves: the next page says it.
      if (news.announce && String(news.by) !== me) page.announce(news.announce);
    }
    const row = document.querySelector(`#handed-off [data-handoff="${news.handoff}"]`);
    if (row && news.kind === "handoff_claimed") {
      const line = row.querySelector("[data-standing]");
      line.textContent = `${news.name} claimed it just now`;
      row.querySelector("[data-withdraw]")?.remove();
      page.announce(`${news.name} claimed it`);
    }
    if (row && news.kind === "handoff_released") row.querySelector("[data-standing]").textContent = "released, waiting again";
    if (row && news.kind === "handoff_withdrawn") row.remove();
  });
  document.addEventListener("live:heal", () => { if (queue) htmx.trigger(rows, "refresh"); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { arrived = 0; document.title = base; } });

  if (queue) {
    const lost = document.getElementById("lost"), now = document.querySelector("[data-live]");
    let retryAt = 0, good = new Date();
    document.addEventListener("live:lost", () => {
      show(now, false); show(lost, true);
      lost.querySelector("[data-as-of]").textContent = good.toLocaleTimeString();
    });
    document.addEventListener("live:retry", ({ detail }) => { retryAt = detail.at; });
    document.addEventListener("live:back", () => { show(lost, false); show(now, true); good = new Date(); });
    document.addEventListener("live:news", () => { good = new Date(); });
    setInterval(() => {
      if (!lost.hidden) lost.querySelector("[data-retry]").textContent = `in ${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s`;
    }, 500);
    rows.addEventListener("htmx:afterRequest", ({ detail }) => show(document.getElementById("queue-error"), !detail.successful));
    rows.addEventListener("htmx:afterSettle", () => { cards().forEach(dress); tally(); });

    const people = new Map();
    function look(handoff, seen) {
      const others = seen.filter((person) => String(person.id) !== me).map((person) => person.name.split(" ")[0]);
      people.set(handoff, seen);
      const box = document.querySelector(`#card-${handoff} [data-looking]`);
      if (!box) return;
      box.querySelector("span").textContent = others.length > 1 ? `${others.join(", ")} are looking` : `${others[0]} is looking`;
      box.hidden = others.length === 0;
    }
    document.addEventListener("live:presence", ({ detail }) => look(detail.presence, detail.people));
    document.addEventListener("live:everybody", ({ detail }) => { for (const card of cards()) look(card.dataset.handoff, detail[card.dataset.handoff] ?? []); });
    rows.addEventListener("htmx:afterSettle", () => { for (const [handoff, seen] of people) look(handoff, seen); });

    // j and k move, Enter opens (it is a link), c claims at once.
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || page.typing(event.target)) return;
      const all = cards();
      const at = all.findIndex((card) => card.contains(document.activeElement));
      if (event.key === "j" || event.key === "k") {
        const next = all[Math.min(all.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))];
        next?.querySelector(".cover").focus();
      }
      if (event.key === "c" && claims && at >= 0) {
        const card = all[at];
        htmx.ajax("POST", `/handoffs/${card.dataset.handoff}/claim/`, { target: card, swap: "outerHTML", values: { begin: "continue", from: "queue" } });
      }
    });
    document.addEventListener("htmx:afterSettle", tally);
    cards().forEach(dress);
    tally();
  }
})();
