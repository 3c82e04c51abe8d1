// A sound and a desktop notification when an escalation arrives, for whoever switched them on in this browser. Of several tabs one speaks.
(() => {
  "use strict";
  const on = (name) => { try { return localStorage.getItem(name) === "on"; } catch { return false; } };
  let audio = null;

  // Two short notes, upward: drawn, not loaded.
  function chime() {
    try {
      audio ??= new AudioContext();
      audio.resume();
      [[660, 0], [880, 0.13]].forEach(([pitch, at]) => {
        const tone = audio.createOscillator(), loud = audio.createGain(), start = audio.currentTime + at;
        tone.frequency.value = pitch;
        loud.gain.setValueAtTime(0.0001, start);
        loud.gain.exponentialRampToValueAtTime(0.12, start + 0.02);
        loud.gain.exponentialRampToValueAtTime(0.0001, start + 0.28);
        tone.connect(loud).connect(audio.destination);
        tone.start(start);
        tone.stop(start + 0.3);
      });
      document.dispatchEvent(new CustomEvent("alert:sounded"));
    } catch { /* no sound here */ }
  }
  // Browsers let a page sound only after somebody touched it: the first touch makes it ready.
  if (on("sound")) addEventListener("pointerdown", () => { audio ??= new AudioContext(); }, { once: true });

  function notify(news) {
    if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
    const note = new Notification("ResolutionFlow", { body: news.announce, tag: news.handoff });
    note.onclick = () => { window.focus(); location.assign(`/handoffs/${news.handoff}/`); note.close(); };
  }
  function tell(news) {
    if (on("sound")) chime();
    if (on("desktop")) notify(news);
  }
  document.addEventListener("live:news", ({ detail: news }) => {
    if (!news.card || String(news.by) === document.body.dataset.me || !("claims" in document.body.dataset)) return;
    if (!navigator.locks) { tell(news); return; }
    // Whoever gets the lock speaks, and keeps it until the other tabs have heard of it, too.
    navigator.locks.request(`alert-${news.n}`, { ifAvailable: true }, (lock) => lock && new Promise((done) => { tell(news); setTimeout(done, 5000); }));
  });
  document.addEventListener("alert:try", chime);

  // The switch beside the queue's filters, and its likes elsewhere.
  function draw() {
    for (const button of document.querySelectorAll("[data-sound]")) {
      button.setAttribute("aria-pressed", on("sound"));
      button.querySelector("[data-said]").textContent = on("sound") ? "Sound is on" : "Sound is off";
    }
  }
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-sound]")) return;
    try { if (on("sound")) localStorage.removeItem("sound"); else localStorage.setItem("sound", "on"); } catch { return; }
    if (on("sound")) chime();
    draw();
    page.announce(on("sound") ? "Sound on arrivals is on" : "Sound on arrivals is off");
  });
  addEventListener("storage", draw);
  draw();
})();
