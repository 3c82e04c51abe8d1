// The queue: a card is the same for everybody; what differs for this person (order, dots, filters, ages) is done here.
(() => {
  "use strict";
  const body = document.body;
  const me = body.dataset.me;
  const claims = "claims" in body.dataset;
  const queue = body.dataset.page === "queue";
  const rows = document.getElementById("rows");
  const base = document.title;
  let arrived = 0;

  const list = () => rows?.querySelector("[data-cards]");
  const cards = () => [...(list()?.querySelectorAll(".card") ?? [])];
  const show = (element, on) => { if (element) element.hidden = !on; };

  // What a card must carry to be shown here, as the server puts it; nothing for the whole queue.
  const criteria = Object.entries(JSON.parse(rows?.dataset.criteria ?? "{}"));
  const fits = (card) => criteria.every(([name, value]) => card.dataset[name] === value);
  const sortKey = (card) => (card.dataset.target === me ? card.dataset.targetSortKey : card.dataset.sortKey);
  function dress(card) {
    show(card.querySelector("[data-for-me]"), card.dataset.target === me);
    show(card.querySelector("[data-for-other]"), card.dataset.target && card.dataset.target !== me);
    const act = card.querySelector("[data-act]");
    if (act && !claims) act.hidden = true;
  }
  function first() {
    // Only the first "Pick up" is filled: the order is the advice.
    cards().forEach((card, index) => card.querySelector(".act > .btn")?.classList.toggle("primary", index === 0));
  }
  function tally() {
    if (!queue) return;
    const all = cards().filter((card) => !card.classList.contains("gone"));
    if (!criteria.length && !rows.querySelector("[data-more]")) {
      document.querySelector("[data-waiting]").textContent = all.length;
      document.querySelector("[data-tab-open]").textContent = all.length;
      document.querySelector("[data-unseen]").textContent = all.filter((card) => !card.querySelector(".unseen").hidden).length;
      document.querySelector("[data-tab-me]").textContent = all.filter((card) => card.dataset.target === me).length;
      const oldest = all.map((card) => card.dataset.at).sort()[0];
      const longest = document.querySelector("[data-longest]");
      if (!oldest) longest.textContent = "–";
      else {
        const time = longest.querySelector("time") ?? longest.appendChild(document.createElement("time"));
        if (longest.firstChild !== time) longest.replaceChildren(time);
        time.dateTime = oldest; time.dataset.age = "age";
        if (!time.textContent) time.textContent = "just now";
      }
      const count = document.querySelector("[data-open-count]");
      count.querySelector("[data-n]").textContent = all.length;
      count.hidden = all.length === 0;
    }
    show(list(), cards().length > 0);
    show(rows.querySelector("[data-empty]"), cards().length === 0);
    first();
  }
  function arrive(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html.trim();
    const card = holder.content.firstElementChild;
    const was = document.getElementById(card.id);
    if (!fits(card)) { was?.remove(); tally(); return false; }
    was?.remove();
    dress(card);
    card.classList.add("arrived");
    const next = cards().find((other) => sortKey(card) < sortKey(other));
    list().insertBefore(card, next ?? null);
    htmx.process(card);
    tally();
    return true;
  }
  function leave(id) {
    const card = document.getElementById(`card-${id}`);
    if (!card || card.classList.contains("gone")) return;
    if (card.contains(document.activeElement)) {
      const all = cards();
      const next = all[all.indexOf(card) + 1] ?? all[all.indexOf(card) - 1];
      card.remove();
      (next?.querySelector(".cover") ?? document.getElementById("main")).focus();
    } else card.remove();
    tally();
  }

  document.addEventListener("live:news", ({ detail: news }) => {
    if (queue) {
      const shown = news.card && arrive(news.card);
      if (news.gone) leave(news.handoff);
      // Silence for what this person did themselves: the next page says it.
      if (news.announce && String(news.by) !== me && (shown || !news.card)) page.announce(news.announce);
    }
    // The tab's title counts what came while nobody looked.
    if (news.card && document.hidden && String(news.by) !== me) { arrived += 1; document.title = `(${arrived}) ${base}`; }
    const row = document.querySelector(`#handed-off [data-handoff="${news.handoff}"]`);
    if (row && news.kind === "handoff_claimed") {
      row.querySelector("[data-standing]").textContent = `${news.name} claimed it just now`;
      row.querySelector("[data-withdraw]")?.remove();
      page.announce(`${news.name} claimed it`);
    }
    if (row && news.kind === "handoff_released") row.querySelector("[data-standing]").textContent = "released, waiting again";
    if (row && news.kind === "handoff_withdrawn") row.remove();
  });
  document.addEventListener("live:heal", () => { if (rows) htmx.trigger(rows, "refresh"); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { arrived = 0; document.title = base; } });
  // Home lists what waits, too; there the rows are the server's alone, fetched once things have settled.
  if (!queue && rows) {
    let later = 0;
    document.addEventListener("live:news", ({ detail: news }) => { if (news.card || news.gone) { clearTimeout(later); later = setTimeout(() => htmx.trigger(rows, "refresh"), 300 + Math.random() * 1200); } });
  }
  if (!queue) return;

  const live = document.querySelector("[data-live]");
  document.addEventListener("live:lost", () => { show(live, false); for (const box of document.querySelectorAll("[data-looking]")) box.hidden = true; });
  document.addEventListener("live:back", () => show(live, true));
  rows.addEventListener("htmx:afterRequest", ({ detail }) => { if (detail.elt === rows) show(document.getElementById("queue-error"), !detail.successful && !("lost" in body.dataset)); });
  rows.addEventListener("htmx:afterSettle", () => { cards().forEach(dress); tally(); });
  // Rows that come again keep the place of whoever moves through them with keys.
  let held = null;
  rows.addEventListener("htmx:beforeSwap", () => { held = document.activeElement?.closest?.(".card")?.id; });
  rows.addEventListener("htmx:afterSettle", () => { if (held && document.activeElement === body) document.querySelector(`#${held} .cover`)?.focus(); held = null; });

  const people = new Map();
  function look(handoff, seen) {
    people.set(handoff, seen);
    const card = document.getElementById(`card-${handoff}`);
    const box = card?.querySelector("[data-looking]");
    if (!box) return;
    const others = seen.filter((person) => String(person.id) !== me && String(person.id) !== card.dataset.author).map((person) => person.name.split(" ")[0]);
    box.querySelector("bdi").textContent = others.length > 2 ? `${others.slice(0, 2).join(", ")} and ${others.length - 2} more` : others.join(" and ");
    box.querySelector("[data-verb]").textContent = others.length > 1 ? "are looking" : "is looking";
    box.hidden = others.length === 0;
  }
  document.addEventListener("live:presence", ({ detail }) => look(detail.presence, detail.people));
  document.addEventListener("live:everybody", ({ detail }) => { people.clear(); for (const card of cards()) look(card.dataset.handoff, detail[card.dataset.handoff] ?? []); for (const key of Object.keys(detail)) people.set(key, detail[key]); });
  document.addEventListener("live:news", ({ detail: news }) => { if (news.card && people.has(news.handoff)) look(news.handoff, people.get(news.handoff)); });
  rows.addEventListener("htmx:afterSettle", () => { for (const [handoff, seen] of people) look(handoff, seen); });

  // j and k move, Enter opens (it is a link), c claims at once.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || page.typing(event.target) || document.querySelector("dialog[open]")) return;
    const all = cards();
    const at = all.findIndex((card) => card.contains(document.activeElement));
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      const next = all[Math.min(all.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))];
      next?.querySelector(".cover").focus();
      next?.scrollIntoView({ block: "nearest" });
    }
    if (event.key === "c" && claims && at >= 0 && !all[at].classList.contains("gone") && all[at].dataset.author !== me) {
      const card = all[at];
      if (card.dataset.claiming) return;
      card.dataset.claiming = "1";
      page.announce("Claiming");
      htmx.ajax("POST", `/handoffs/${card.dataset.handoff}/claim/`, { source: card, target: card, swap: "outerHTML", values: { begin: "continue", from: "queue" } }).finally(() => { delete card.dataset.claiming; });
    } else if (event.key === "c" && claims && at < 0 && all.length) { all[0].querySelector(".cover").focus(); page.announce("Press c again to claim this one"); }
  });
  cards().forEach(dress);
  tally();
})();
