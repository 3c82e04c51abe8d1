// The socket: hears what happens in the account, connects again on every code with growing, jittered pauses, and then has the page fetch.
(() => {
  "use strict";
  const body = document.body;
  const address = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/ws/escalations/`
    + (body.dataset.handoff ? `?handoff=${body.dataset.handoff}` : "");
  let socket = null, known = Number(body.dataset.n || 0), pause = 1000, timer = 0, heard = 0, ended = false;

  const emitter = (name, act) => document.addEventListener(name, act);
  const emit = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
  // What was missed is in the rows: whoever shows some fetches them.
  const heal = () => emit("live:heal");

  function connect() {
    clearTimeout(timer);
    if (ended || (socket && socket.readyState < 2)) return;
    const mine = socket = new WebSocket(address);
    mine.onmessage = (event) => { if (mine === socket) { heard = Date.now(); frame(JSON.parse(event.data)); } };
    mine.onclose = (event) => { if (mine === socket) lost(event); };
  }
  function lost(event) {
    socket = null;
    emit("live:lost", {});
    if (event.code === 4401) { ended = true; location.reload(); return; }
    const wait = Math.round(pause * (0.75 + Math.random() * 0.5));
    emit("live:retry", { at: Date.now() + wait });
    timer = setTimeout(connect, wait);
    pause = Math.min(pause * 2, 30000);
  }
  function frame(news) {
    if (news.ping) { socket.send("pong"); return; }
    if (news.presence !== undefined) { emit("live:presence", news); return; }
    if (news.hello) {
      pause = 1000;
      hidden = false;
      if (document.hidden) unseen();
      emit("live:back", {});
      emit("live:everybody", news.looking);
      if (news.n !== known) { known = news.n; heal(); }
      return;
    }
    if (news.n <= known) return;
    const gap = news.n > known + 1;
    known = news.n;
    if (gap) heal(); else if (news.kind) emit("live:news", news);
    socket.send("ok");
  }
  // Who looks is whoever sees the page: a tab behind others says so after a moment.
  let hidden = false, leaving = 0;
  function unseen() { clearTimeout(leaving); leaving = setTimeout(() => { if (document.hidden && socket?.readyState === 1) { hidden = true; socket.send("hidden"); } }, 4000); }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { unseen(); return; }
    clearTimeout(leaving);
    if (hidden && socket?.readyState === 1) socket.send("seen");
    hidden = false;
  });
  // A computer that slept has a socket that looks open and hears nothing.
  setInterval(() => {
    if (socket?.readyState === 1 && Date.now() - heard > 60000) { const dead = socket; socket = null; dead.close(); lost({ code: 1006 }); }
  }, 5000);
  setInterval(heal, 60000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { if (!socket) { pause = 1000; connect(); } } });
  addEventListener("online", () => { pause = 1000; connect(); });
  addEventListener("pageshow", (event) => { if (event.persisted) { connect(); heal(); } });
  addEventListener("pagehide", () => { ended = true; socket?.close(); ended = false; });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-try-now]")) { pause = 1000; connect(); heal(); } });

  // Every page says when it hears nothing, as of when it is true, and when it tries again.
  const strip = document.getElementById("lost");
  let good = new Date(), retryAt = 0, said = 0;
  emitter("live:lost", () => {
    // A page that is being left, or a hiccup of a second, is nothing to be told about.
    clearTimeout(said);
    said = setTimeout(() => {
      if (socket?.readyState === 1) return;
      strip.querySelector("[data-as-of]").textContent = good.toTimeString().slice(0, 8);
      strip.hidden = false;
      document.body.dataset.lost = "";
    }, 400);
  });
  emitter("live:retry", ({ detail }) => { retryAt = detail.at; });
  emitter("live:back", () => { clearTimeout(said); strip.hidden = true; delete body.dataset.lost; good = new Date(); });
  emitter("live:news", () => { good = new Date(); });
  setInterval(() => { if (!strip.hidden) strip.querySelector("[data-retry]").textContent = `in ${Math.max(0, Math.ceil((retryAt - Date.now()) / 1000))} s`; }, 500);

  // The frame around every page: open escalations and the bell.
  function bump(element, by) {
    if (!element) return;
    const number = element.querySelector("[data-n]");
    const next = Math.max(0, Number(number.textContent || 0) + by);
    number.textContent = next;
    element.hidden = next === 0;
  }
  document.addEventListener("live:news", ({ detail: news }) => {
    const count = document.querySelector("[data-open-count]");
    const mine = String(news.by) === body.dataset.me;
    if (news.card) bump(count, 1);
    if (news.gone && news.kind !== "handoff_superseded" && String(news.author) !== body.dataset.me) bump(count, -1);
    if ((news.bell === "claimers" && "claims" in body.dataset && !mine) || String(news.bell) === body.dataset.me) bump(document.querySelector("[data-unread-count]"), 1);
  });
  window.live = { drop: () => socket?.close(), pause: () => { ended = true; socket?.close(); }, resume: () => { ended = false; connect(); } };
  connect();
})();
