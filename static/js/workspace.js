// The workspace: new steps join by themselves, and nothing that is being typed is touched.
(() => {
  "use strict";
  const body = document.body;
  const lane = document.getElementById("lane"), work = document.querySelector(".work"), scroll = document.querySelector(".scroll");
  const composer = document.getElementById("composer"), say = document.getElementById("say");
  let queued = false, running = false;

  async function fetchChanges() {
    if (running) { queued = true; return; }
    running = true;
    try {
      await htmx.ajax("GET", `${body.dataset.changes}?after=${document.getElementById("after").value}`, { target: "#after", swap: "none" });
    } finally {
      running = false;
      if (queued) { queued = false; fetchChanges(); }
    }
  }

  // Somebody is typing in it, or typed what was not sent yet: such a form stays as it is until they are done.
  const sending = new WeakSet();
  const fields = (form) => [...form.querySelectorAll("textarea, input:not([type=hidden]), select")];
  function held(form) {
    if (sending.has(form)) return false;
    return fields(form).some((field) => field === document.activeElement || (field.tagName === "SELECT" ? false : field.value !== field.defaultValue));
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    const form = event.detail.requestConfig?.elt;
    if (form?.matches?.("form") && event.detail.xhr.status < 300) sending.add(form);
  });
  document.addEventListener("htmx:afterRequest", (event) => { if (event.detail.elt.matches?.("form")) sending.delete(event.detail.elt); });

  const keep = {
    // A card whose answer is being written stays; where somebody else settled it meanwhile, it says so.
    beforeNodeMorphed(old, fresh) {
      if (old.nodeType !== 1) return true;
      // A button that is just saying "Copied" finishes its sentence.
      if (old.matches(".copy.done, .btn.done")) return false;
      // What somebody has just revealed stays to be read, unless it was removed meanwhile.
      if (old.matches(".veil.open") && fresh.dataset?.secret === old.dataset.secret) return false;
      if (old.matches("form") && fields(old).length && held(old)) return false;
      if (old.matches(".task") && [...old.querySelectorAll("form")].some((form) => fields(form).length && held(form))) {
        if (fresh.dataset?.state !== "active" && fresh.dataset?.by) {
          const line = old.querySelector(".meanwhile") ?? old.querySelector(".t-in").insertAdjacentElement("afterbegin", document.createElement("p"));
          line.className = "meanwhile";
          line.textContent = `${fresh.dataset.by} settled this meanwhile: ${fresh.querySelector(".ans")?.textContent ?? ""} What you typed is kept; Done replaces it.`;
        }
        return false;
      }
      return true;
    },
    beforeNodeRemoved(old) { return !(old.nodeType === 1 && old.matches(".task, form, .menu-more, .offers li, #lane-proposals") && [...(old.matches("form") ? [old] : old.querySelectorAll("form"))].some((form) => fields(form).length && held(form))); },
    beforeAttributeUpdated(name, node) {
      if (name === "open" && node.tagName === "DETAILS") return false;
      // What scripts set in the page is the page's own.
      if (name === "hidden" && node.matches("[data-kept], [data-looking]")) return false;
      if (name === "class" && node.matches(".copy.done, .btn.done")) return false;
      return true;
    },
  };
  const MORPHED = new Set(["s-head", "s-fix", "lane-in"]);
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    if (target?.id === "stream") {
      // A step that is here already is not put in twice, whichever answer brought it first.
      const fresh = [...fragment.querySelectorAll("li[id]")];
      for (const step of fresh) if (document.getElementById(step.id)) step.remove();
      arrived(fresh.filter((step) => step.isConnected || step.parentNode));
      return;
    }
    if (!MORPHED.has(target?.id)) return;
    event.detail.shouldSwap = false;
    const was = document.activeElement, inLane = lane.contains(was);
    const fresh = fragment.querySelector(`#${target.id}`) ?? fragment;
    Idiomorph.morph(target, fresh.cloneNode(true), { morphStyle: "outerHTML", callbacks: keep });
    const now = document.getElementById(target.id);
    now.removeAttribute("hx-swap-oob");
    htmx.process(now);
    now.dispatchEvent(new CustomEvent("page:morphed", { bubbles: true }));
    // The pressed button is gone with its form: the next card to answer takes the focus, or Send.
    if (inLane && !document.contains(was)) (lane.querySelector(".task.active textarea") ?? lane.querySelector(".l-foot .btn:not([disabled])") ?? lane.querySelector(".l-body")).focus({ preventScroll: false });
  });

  // New steps: at the bottom they are simply there; further up a button leads to them. Said once.
  const newer = document.querySelector(".newer");
  let below = 0;
  function arrived(steps) {
    if (!steps.length) return;
    const others = steps.filter((step) => step.dataset.author !== body.dataset.me);
    if (Math.abs(scroll.scrollTop) > 120 && others.length) {
      below += others.length;
      newer.querySelector("span").textContent = `${below} new step${below === 1 ? "" : "s"}`;
      newer.hidden = false;
    }
    const last = others.at(-1);
    if (last) page.announce(last.querySelector("article")?.dataset.said ?? last.querySelector("p")?.textContent ?? "");
  }
  newer.addEventListener("click", () => { scroll.scrollTop = 0; });
  scroll.addEventListener("scroll", () => { if (Math.abs(scroll.scrollTop) < 40) { below = 0; newer.hidden = true; } }, { passive: true });

  // The composer goes with the right to write; what is in it stays until its author has it somewhere else.
  function rights(may, open, why) {
    const typed = window.drafts?.all(body.dataset.session) ?? [];
    if (say.value && !typed.includes(say.value)) typed.push(say.value);
    const moved = document.getElementById("moved");
    composer.hidden = !may;
    moved.hidden = may || typed.length === 0;
    if (!moved.hidden) {
      moved.querySelector("[data-why]").textContent = why;
      moved.querySelector("textarea").value = typed.join("\n\n");
    }
    document.getElementById("reads").hidden = may;
    document.querySelector("#reads span").textContent = why;
    for (const count of document.querySelectorAll("[data-open-tasks]")) count.textContent = open;
  }
  document.addEventListener("htmx:afterOnLoad", (event) => {
    const holder = document.createElement("template");
    if (!event.detail.xhr.responseText.includes('id="writable"')) return;
    holder.innerHTML = event.detail.xhr.responseText;
    const mark = holder.content.getElementById("writable");
    if (mark) rights(mark.dataset.writable === "1", mark.dataset.open, mark.dataset.why);
  });
  rights(!composer.hidden, composer.querySelector("[data-open-tasks]").textContent, composer.dataset.why);
  document.getElementById("moved").querySelector("[data-drop]").addEventListener("click", () => {
    for (const key of Object.keys(localStorage)) if (key.startsWith("draft:") && key.includes(body.dataset.session)) localStorage.removeItem(key);
    say.value = say.defaultValue = "";
    document.getElementById("moved").hidden = true;
  });

  document.addEventListener("live:news", ({ detail: news }) => { if (news.session === body.dataset.session) fetchChanges(); });
  document.addEventListener("live:heal", fetchChanges);
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "draft") document.querySelector("#thinking span").textContent = "FlowPilot is writing";
  });
  // The worker may be away: then this page does not pretend that somebody is reading.
  setInterval(() => {
    const waiting = document.getElementById("thinking");
    if (!waiting) return;
    const seconds = (Date.now() - Date.parse(waiting.dataset.since)) / 1000;
    if (seconds > 4) fetchChanges();
    if (seconds > 60) waiting.querySelector("span").textContent = "FlowPilot has not answered for a minute. What you wrote is kept; go on without it.";
  }, 5000);

  // The lane: hidden, it keeps all; below 1200 px it is a drawer.
  const wide = matchMedia("(min-width: 75rem)");
  // One stands in the composer, one beside the line of whoever reads along.
  const pills = [...document.querySelectorAll("[data-lane-show]")];
  const focusPill = () => pills.find((pill) => pill.offsetParent)?.focus();
  const shut = (closed) => {
    work.classList.toggle("lane-shut", closed && wide.matches);
    lane.classList.toggle("open", !closed);
    lane.classList.toggle("closed", closed);
    for (const pill of pills) pill.setAttribute("aria-expanded", !closed);
    if (wide.matches) try { localStorage.setItem("lane", closed ? "shut" : "open"); } catch { /* then it is open next time */ }
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-lane-hide]")) { event.preventDefault(); shut(true); focusPill(); }
    if (event.target.closest("[data-lane-show]")) { event.preventDefault(); shut(false); lane.querySelector("[data-lane-hide]").focus(); }
    const over = event.target.closest("dialog a[href='#transcript'], dialog a[href*='#task-lane-card-']");
    if (over) {
      event.preventDefault();
      over.closest("dialog").close();
      if (over.hash === "#transcript") scroll.scrollTop = 0; else { history.pushState(null, "", over.hash); go(); }
      return;
    }
    const link = event.target.closest("a[href^='#task-lane-card-'], a[href^='#step-']");
    if (link) { event.preventDefault(); link.closest("dialog")?.close(); history.pushState(null, "", link.getAttribute("href")); go(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !wide.matches && lane.classList.contains("open") && !document.querySelector("dialog[open], .menu-more[open]")) { shut(true); focusPill(); }
  });
  try { if (localStorage.getItem("lane") === "shut" && wide.matches) shut(true); } catch { /* open */ }

  // Steps that were out of sight get their true height only as they come near, and on a busy machine that takes
  // a while: it is looked at until the place has stood still, or until the reader moves the page themselves.
  let bringing = null;
  const OWN_MOVES = ["wheel", "touchmove", "pointerdown", "keydown"];
  function bring(target) {
    bringing?.abort();
    const { signal } = bringing = new AbortController();
    for (const kind of OWN_MOVES) addEventListener(kind, () => bringing.abort(), { signal, passive: true, capture: true });
    const began = performance.now();
    let was = NaN, since = began;
    const look = (now) => {
      if (signal.aborted || !target.isConnected) return;
      const { top } = target.getBoundingClientRect();
      if (top !== was) { target.scrollIntoView({ block: "center" }); was = target.getBoundingClientRect().top; since = now; }
      if (now - since < 300 && now - began < 4000) requestAnimationFrame(look); else bringing.abort();
    };
    target.scrollIntoView({ block: "center" });
    requestAnimationFrame(look);
  }

  async function go() {
    const id = decodeURIComponent(location.hash.slice(1));
    if (!/^(task-lane-card|step)-\d+$/.test(id)) return;
    let target = document.getElementById(id);
    const earlier = document.querySelector(".earlier a");
    if (!target && earlier) { await htmx.ajax("GET", earlier.href, { source: earlier, target: "#stream", select: "#stream", swap: "outerHTML" }); target = document.getElementById(id); }
    if (!target) { page.toast("That card is not in the lane any more.", true); return; }
    if (lane.contains(target)) { const fold = target.closest("details"); if (fold) fold.open = true; shut(false); }
    else if (!wide.matches) shut(true);
    bring(target);
    target.classList.add("lit");
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    setTimeout(() => target.classList.remove("lit"), 2500);
  }
  addEventListener("hashchange", go);
  addEventListener("popstate", go);
  document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target.id === "stream" || event.detail.elt?.id === "stream") document.querySelector(".earlier")?.remove(); });
  go();
  if (new URLSearchParams(location.search).get("compose")) {
    // The page itself has put the focus there; whoever has moved on since keeps it.
    if (document.activeElement === body) say.focus();
    history.replaceState(null, "", location.pathname + location.hash);
  }
})();
