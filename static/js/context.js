// The context screen: one press claims, the others wait; citations open their step; the summary joins by itself.
(() => {
  "use strict";
  const body = document.body;
  const ways = document.getElementById("ways");
  const buttons = () => ways.querySelectorAll(".way");
  ways?.addEventListener("submit", (event) => {
    event.preventDefault();
    if (ways.dataset.running) return;
    const pressed = event.submitter ?? ways.querySelector(".way");
    ways.dataset.running = "1";
    for (const button of buttons()) if (button !== pressed) button.disabled = true;
    pressed.setAttribute("aria-busy", "true");
    const line = pressed.querySelector("small"), said = line.textContent;
    line.textContent = "Claiming…";
    const icon = pressed.querySelector("use"), was = icon.getAttribute("href");
    icon.setAttribute("href", was.replace(/#.*/, "#i-spin"));
    htmx.ajax("POST", ways.action, { source: ways, target: "#toasts", swap: "beforeend", values: { begin: pressed.value, from: "screen" } }).finally(() => setTimeout(() => {
      // Still here: it did not happen, and a toast says why.
      delete ways.dataset.running;
      pressed.removeAttribute("aria-busy");
      line.textContent = said;
      icon.setAttribute("href", was);
      if (!ways.dataset.over) for (const button of buttons()) button.disabled = false;
      pressed.focus();
    }, 1500));
  });

  function open() {
    const step = /^#step-\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (location.hash === "#transcript" || step) document.getElementById("transcript").open = true;
    if (step) { step.scrollIntoView({ block: "center" }); step.classList.add("lit"); setTimeout(() => step.classList.remove("lit"), 2500); }
    // An earlier step than the page holds: the page with all of them does.
    else if (/^#step-\d+$/.test(location.hash) && document.querySelector("[data-all]")) location.assign(`?all=1${location.hash}`);
  }
  addEventListener("hashchange", open);
  document.addEventListener("click", (event) => { if (event.target.closest(".cite, [href='#transcript']")) setTimeout(open); });
  open();

  // What somebody is typing there is not swapped away; the summary waits for the next news.
  const typing = () => [...document.querySelectorAll("#summary :is(.missing, .pop) .input")].some((field) => field === document.activeElement || field.value !== field.defaultValue);
  const refresh = () => { if (!typing()) htmx.trigger("#summary", "refresh"); };
  // The summary comes again whole; whoever stands in it with the keyboard stays where they were.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "summary") return;
    const at = document.activeElement;
    const path = event.detail.target.contains(at) && !at.id && at.getAttribute("href");
    if (path) document.addEventListener("htmx:afterSettle", () => document.querySelector(`#summary [href="${CSS.escape(path)}"]`)?.focus(), { once: true });
    const was = event.detail.target.dataset.state, of = event.detail.target.querySelector("[data-of]")?.dataset.of;
    if (was === "pending" || of) document.addEventListener("htmx:afterSettle", () => {
      const summary = document.getElementById("summary"), now = summary?.dataset.state;
      if (was === "pending" && now === "ready") page.announce("The summary is here");
      else if (of && now === "ready" && summary.querySelector("[data-of]").dataset.of !== of) page.announce("The summary was renewed");
      if (was === "pending" && now === "unavailable") page.announce("There is no summary. Everything else is complete");
    }, { once: true });
  });
  document.addEventListener("live:news", ({ detail: news }) => {
    if (news.handoff !== body.dataset.handoff) { if (news.session === body.dataset.session) refresh(); return; }
    if (news.kind === "assessment_judged") return;
    if (news.kind.startsWith("assessment_")) refresh();
    else if (news.gone && String(news.by) !== body.dataset.me && ways && !ways.dataset.running) {
      const claimed = news.kind === "handoff_claimed";
      const text = claimed ? `Already claimed by ${news.name} just now.` : "It was taken back.";
      page.toast(`${text} What you read here stays readable; the queue has the others.`, true);
      ways.dataset.over = "1";
      const held = ways.contains(document.activeElement);
      for (const button of buttons()) button.disabled = true;
      document.querySelector("[data-taken] span").textContent = text;
      document.querySelector("[data-taken]").hidden = false;
      if (held) document.querySelector("[data-taken] a").focus();
    }
    else if (news.card && ways?.dataset.over) location.reload();
  });
  document.addEventListener("live:heal", refresh);
})();
