// The context screen: one press claims, the others wait; citations open their step; the summary joins by itself.
(() => {
  "use strict";
  const body = document.body;
  const ways = document.getElementById("ways");
  ways?.addEventListener("submit", (event) => {
    const pressed = event.submitter;
    if (ways.dataset.running) { event.preventDefault(); return; }
    event.preventDefault();
    ways.dataset.running = "1";
    for (const button of ways.querySelectorAll(".way")) if (button !== pressed) button.disabled = true;
    pressed.setAttribute("aria-busy", "true");
    pressed.querySelector("small").textContent = "Claiming…";
    const icon = pressed.querySelector("use"), was = icon.getAttribute("href");
    icon.setAttribute("href", was.replace(/#.*/, "#i-spin"));
    htmx.ajax("POST", ways.action, { source: ways, target: "#toasts", swap: "beforeend", values: { begin: pressed.value, from: "screen" } }).finally(() => setTimeout(() => {
      // Still here: it did not happen, and a toast says why.
      delete ways.dataset.running;
      pressed.removeAttribute("aria-busy");
      icon.setAttribute("href", was);
      for (const button of ways.querySelectorAll(".way")) button.disabled = false;
    }, 1500));
  });

  function open() {
    const step = location.hash.startsWith("#step-") && document.querySelector(location.hash);
    if (location.hash === "#transcript" || step) document.getElementById("transcript").open = true;
    if (step) { step.scrollIntoView({ block: "center" }); step.classList.add("lit"); setTimeout(() => step.classList.remove("lit"), 2500); }
  }
  addEventListener("hashchange", open);
  document.addEventListener("click", (event) => { if (event.target.closest(".cite, [href='#transcript']")) setTimeout(open); });
  open();

  const refresh = () => htmx.trigger("#summary", "refresh");
  document.addEventListener("live:news", ({ detail: news }) => {
    if (news.handoff !== body.dataset.handoff) { if (news.session === body.dataset.session) refresh(); return; }
    if (news.kind.startsWith("assessment_")) refresh();
    else if (news.gone && String(news.by) !== body.dataset.me && ways && !ways.dataset.running) {
      const who = news.kind === "handoff_claimed" ? `Already claimed by ${news.name} just now.` : "It was taken back.";
      page.toast(`${who} What you read here stays readable; the queue has the others.`, true);
      for (const button of ways.querySelectorAll(".way")) button.disabled = true;
    }
  });
  document.addEventListener("live:heal", refresh);
  function look(people) {
    const box = document.querySelector("[data-looking]");
    const others = people.filter((person) => String(person.id) !== body.dataset.me).map((person) => person.name.split(" ")[0]);
    box.querySelector("span").textContent = others.length > 1 ? `${others.join(", ")} are looking too` : `${others[0]} is looking too`;
    box.hidden = others.length === 0;
  }
  document.addEventListener("live:presence", ({ detail }) => { if (detail.presence === body.dataset.handoff) look(detail.people); });
  document.addEventListener("live:everybody", ({ detail }) => look(detail[body.dataset.handoff] ?? []));
})();
