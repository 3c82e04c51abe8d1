// Tells the server how much this page has received on its socket ("ok 120"), in batches: each answer costs the server
// as much as a frame. It closes sockets that leave too much unanswered (escalations/live/hub.py).

const AFTER_TEXTS = 50;
const AFTER_LENGTH = 250_000;
const AFTER_TIME = 10_000;

export class Answers {
  #socket;
  #received = 0;
  #answered = 0;
  #length = 0;
  #timer = 0;

  constructor(socket) {
    this.#socket = socket;
  }

  // A ping is answered at once: timers of a tab in the background may take a minute.
  count(text, { atOnce }) {
    this.#received += 1;
    this.#length += text.length;
    const due = this.#received - this.#answered >= AFTER_TEXTS || this.#length >= AFTER_LENGTH;
    if (atOnce || due) this.#answer();
    else this.#timer ||= setTimeout(() => this.#answer(), AFTER_TIME);
  }

  #answer() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#answered = this.#received;
    this.#length = 0;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(`ok ${this.#received}`);
  }
}
