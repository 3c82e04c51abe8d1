// What belongs to this browser: the theme, a sound and a desktop notification on arrivals. theme.js, page.js and alerts.js read the same keys.
(() => {
  "use strict";
  const root = document.documentElement, sets = document.getElementById("sets");
  const themes = [...sets.querySelectorAll("[name=theme]")];
  const sound = document.getElementById("set-sound"), desktop = document.getElementById("set-desktop"), said = document.getElementById("desktop-said");

  const kept = (() => { try { localStorage.setItem("kept?", "1"); localStorage.removeItem("kept?"); return true; } catch { return false; } })();
  const read = (key) => (kept ? localStorage.getItem(key) : null);
  function keep(key, value) { if (value) localStorage.setItem(key, value); else localStorage.removeItem(key); }

  // Why this browser shows no notification, and what to do about it; empty where it does.
  function why() {
    if (!window.isSecureContext) return "This browser shows notifications for addresses with https only.";
    if (!("Notification" in window)) return "This browser has no desktop notifications. The tab's title counts arrivals all the same.";
    if (Notification.permission === "denied") return "This browser refuses notifications from this address. Allow them in its settings for this site (beside the address), then switch this on.";
    return "";
  }
  function draw() {
    const theme = read("theme");
    for (const radio of themes) radio.checked = radio.value === (theme === "light" || theme === "dark" ? theme : "");
    if (!desktop) return;
    sound.checked = read("sound") === "on";
    const refused = why();
    // Switched on once and forbidden since: the switch tells what is so.
    desktop.checked = read("desktop") === "on" && !refused && Notification.permission === "granted";
    if (refused !== said.textContent && (refused || !said.dataset.kept)) said.textContent = refused;
  }

  if (!kept) {
    for (const field of sets.querySelectorAll("input")) field.disabled = true;
    document.getElementById("sets-said").textContent = "This browser keeps nothing for this site, so these cannot be set. Allow it site data to change that.";
  }

  sets.addEventListener("change", async (event) => {
    if (event.target.name === "theme") {
      keep("theme", event.target.value);
      if (event.target.value) root.dataset.theme = event.target.value; else delete root.dataset.theme;
    } else if (event.target === sound) {
      keep("sound", sound.checked && "on");
      if (sound.checked) document.dispatchEvent(new CustomEvent("alert:try"));
    } else if (event.target === desktop) {
      delete said.dataset.kept;
      if (desktop.checked && !why()) {
        const answer = await Notification.requestPermission();
        if (answer === "default") { said.dataset.kept = "1"; said.textContent = "The browser's question was closed without an answer. Switch it on again to be asked once more."; }
        keep("desktop", answer === "granted" && "on");
      } else keep("desktop", false);
      draw();
    }
  });
  document.getElementById("try-sound")?.addEventListener("click", () => document.dispatchEvent(new CustomEvent("alert:try")));
  // The same is set elsewhere: in another tab, by the button in the bar, in the browser's own settings.
  addEventListener("storage", draw);
  addEventListener("focus", draw);
  document.addEventListener("click", (event) => { if (event.target.closest("[data-theme-toggle]")) setTimeout(draw); });
  draw();
})();
