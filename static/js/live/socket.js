// The socket: hears what happens in the account and passes it on as events on `document`. It reconnects after every
// close, with growing, jittered pauses, and says what it knows: the server answers with the events since then. Where
// those are too many, pages are asked to refresh their rows.
//
//   live:event         something happened: the frame, as escalations/live/frames.py writes it
//   live:refresh       something may have been missed: whoever shows rows fetches them
//   live:presence      {presence: handoff, people}: who looks at this handoff
//   live:presence-all  {handoff: people}: who looks at what, right after connecting
//   live:connected, live:disconnected, live:retry ({at})

import { Answers } from "./answers.js";

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30000;
// The server pings more often than this. A computer that slept has a socket that looks open and hears nothing.
const SILENCE = 60000;
const SIGNED_OUT = 4401;

const { body } = document;
const scheme = location.protocol === "https:" ? "wss:" : "ws:";
const handoff = body.dataset.handoff ? `&handoff=${body.dataset.handoff}` : "";
const address = () => `${scheme}//${location.host}/ws/escalations/?n=${lastNumber}${handoff}`;

let socket = null;
let lastNumber = Number(body.dataset.n || 0);
let lastHeardAt = 0;
let pause = FIRST_PAUSE;
let retryTimer = 0;
let refreshTimer = 0;
let stopped = false;

const emit = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
const refresh = () => emit("live:refresh");

export const isOpen = () => socket?.readyState === WebSocket.OPEN;

export function send(text) {
  if (isOpen()) socket.send(text);
}

// --- frames ---

// `events` is what happened since the number in the address. After a restart of the server, a thousand pages that have
// to fetch do so within as many seconds as the server says.
function onHello({ n, looking, events = [], missed, within = 0 }) {
  pause = FIRST_PAUSE;
  emit("live:connected");
  emit("live:presence-all", looking);
  events.forEach(onEvent);
  if (!missed && n <= lastNumber) return;
  lastNumber = n;
  clearTimeout(refreshTimer);
  refreshTimer = setTimeout(refresh, Math.random() * within * 1000);
}

// Events are numbered without gaps: a gap means that something was missed.
function onEvent(frame) {
  if (frame.n <= lastNumber) return;
  const missed = frame.missed || frame.n > lastNumber + 1;
  lastNumber = frame.n;
  if (missed) refresh();
  else if (frame.kind || "open" in frame) emit("live:event", frame);
}

// A ping says how far the server has told: a page that is behind fetches.
function onPing({ n }) {
  if (n > lastNumber) {
    lastNumber = n;
    refresh();
  }
}

function onFrame(frame) {
  if (frame.ping) onPing(frame);
  else if (frame.presence !== undefined) emit("live:presence", frame);
  else if (frame.hello) onHello(frame);
  else if (frame.events) frame.events.forEach(onEvent);
  else onEvent(frame);
}

// --- connecting ---

export function connect() {
  clearTimeout(retryTimer);
  if (stopped || socket?.readyState === WebSocket.CONNECTING || isOpen()) return;
  const opened = new WebSocket(address());
  socket = opened;
  const answers = new Answers(opened);
  opened.onmessage = (event) => {
    if (opened !== socket) return;
    lastHeardAt = Date.now();
    const frame = JSON.parse(event.data);
    answers.count(event.data, { atOnce: Boolean(frame.ping) });
    onFrame(frame);
  };
  opened.onclose = (event) => {
    if (opened === socket) onClose(event.code);
  };
}

function onClose(code) {
  socket = null;
  emit("live:disconnected");
  if (code === SIGNED_OUT) {
    stopped = true;
    location.reload();
    return;
  }
  const wait = Math.round(pause * (0.75 + Math.random() * 0.5));
  retryTimer = setTimeout(connect, wait);
  emit("live:retry", { at: Date.now() + wait });
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}

function connectNow() {
  pause = FIRST_PAUSE;
  connect();
}

function dropIfSilent() {
  if (!isOpen() || Date.now() - lastHeardAt <= SILENCE) return;
  const dead = socket;
  socket = null;
  dead.close();
  onClose(0);
}

setInterval(dropIfSilent, 5000);

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !socket) connectNow();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-try-now]")) return;
  connectNow();
  refresh();
});
addEventListener("online", connectNow);
addEventListener("pagehide", () => socket?.close());
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  connect();
  refresh();
});

// Tests and screenshots cut the connection with these.
window.live = {
  pause() {
    stopped = true;
    socket?.close();
  },
  resume() {
    stopped = false;
    connect();
  },
};
