// The workspace: new steps join by themselves, and nothing that is being typed is touched.
(() => {
  "use strict";
  const body = document.body;
  const lane = document.getElementById("lane"), work = document.querySelector(".work");
  let queued = false, running = false;

  // Somebody is typing in the lane, or has typed something that was not kept yet: it stays as it is.
  function busy() {
    return lane.contains(document.activeElement) && document.activeElement.matches("textarea, input")
      || [...lane.querySelectorAll("textarea, input[data-draft]")].some((field) => field.value !== field.defaultValue);
  }
  const head = () => document.querySelector("#s-head .menu-more[open]");
  async function fetchChanges() {
    if (running) { queued = true; return; }
    running = true;
    try {
      const after = document.getElementById("after").value;
      await htmx.ajax("GET", `${body.dataset.changes}?after=${after}${busy() ? "&lane=0" : ""}`, { target: "#after", swap: "none" });
    } finally {
      running = false;
      if (queued) { queued = false; fetchChanges(); }
    }
  }
  // A step that is here already is not put in twice, whichever answer brought it first; an open menu keeps what is typed in it.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const target = event.detail.target;
    if (target?.id === "stream") for (const step of [...event.detail.fragment.querySelectorAll("li[id]")]) if (document.getElementById(step.id)) step.remove();
    if (target?.id === "s-head" && head()) event.detail.shouldSwap = false;
    if (target?.id === "s-fix" && target.contains(document.activeElement) && document.activeElement.matches("textarea, input")) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:afterOnLoad", (event) => {
    const text = event.detail.xhr.responseText;
    const mark = /id="writable" data-writable="(1?)" data-open="(\d+)"/.exec(text);
    if (!mark) return;
    const composer = document.getElementById("composer");
    composer.hidden = !mark[1] && !composer.querySelector("textarea").value;
    document.querySelector("[data-open-tasks]").textContent = mark[2];
  });
  document.addEventListener("live:news", ({ detail: news }) => { if (news.session === body.dataset.session) fetchChanges(); });
  document.addEventListener("live:heal", fetchChanges);
  // The worker may be away: then this page does not pretend that somebody is reading.
  setInterval(() => {
    const waiting = document.getElementById("thinking");
    if (!waiting) return;
    const seconds = (Date.now() - Date.parse(waiting.dataset.since)) / 1000;
    if (seconds > 4) fetchChanges();
    if (seconds > 60) waiting.querySelector("span").textContent = "FlowPilot has not answered for a minute. What you wrote is kept; go on without it.";
  }, 5000);

  const shut = (closed) => {
    work.classList.toggle("lane-shut", closed);
    lane.classList.toggle("open", !closed);
    try { localStorage.setItem("lane", closed ? "shut" : "open"); } catch { /* then it is open next time */ }
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-lane-hide]")) { event.preventDefault(); shut(true); document.getElementById("say").focus(); }
    if (event.target.closest("[data-lane-show]")) { event.preventDefault(); shut(false); }
    const link = event.target.closest("a[href^='#task-lane-card-'], a[href^='#step-']");
    if (link) setTimeout(light);
  });
  const wide = matchMedia("(min-width: 75rem)");
  try { if (localStorage.getItem("lane") === "shut" && wide.matches) work.classList.add("lane-shut"); } catch { /* open */ }
  function light() {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (lane.contains(target)) shut(false);
    target.scrollIntoView({ block: "center" });
    target.classList.add("lit");
    setTimeout(() => target.classList.remove("lit"), 2500);
  }
  addEventListener("hashchange", light);
  light();
  if (new URLSearchParams(location.search).get("compose")) { document.getElementById("say")?.focus(); history.replaceState(null, "", location.pathname); }
})();
