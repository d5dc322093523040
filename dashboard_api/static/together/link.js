// The socket of a debrief: it connects again by itself, and knows the server's time.

import { newId } from "../shared/outbox.js";
import { ServerClock, sampleOf } from "./server_clock.js";

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 8000;
const PING_MS = 2000;
/** The first few follow each other, so that the clock is right at once. */
const FIRST_PINGS = 6;
const FIRST_PING_MS = 150;
/** Without any answer for so long the connection is taken for lost. */
const SILENCE_MS = 7000;
const HALVES = /** @type {const} */ ({ away: 0.75, spread: 0.5 });

/** The codes of a close after which no other connection helps; dashboard_api/together/messages.py has them. */
const FINAL = new Map([[4401, "out"], [4404, "gone"], [4400, "over"], [4413, "over"], [4429, "over"], [4503, "full"]]);

export class Link extends EventTarget {
  clock = new ServerClock();
  /** Stays the same over all connections of this page. */
  client = newId();
  /** @type {WebSocket | null} */
  #socket = null;
  /** Carries moves and playheads once more: a lost packet holds up its own connection alone. @type {WebSocket | null} */
  #spare = null;
  #moves = 0;
  #failures = 0;
  #retry = 0;
  #beat = 0;
  #pings = 0;
  /** @type {Map<number, number>} */
  #asked = new Map();
  #heardAt = 0;
  #isOver = false;

  /** @param {string} lesson @param {() => object} hello what the first message of a connection says beside `client` */
  constructor(lesson, hello) {
    super();
    const address = new URL(`/lessons/${encodeURIComponent(lesson)}/together`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.address = address.href;
    this.hello = hello;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** The server's time in milliseconds; null until it is known. @returns {number | null} */
  now() {
    return this.clock.isKnown ? this.clock.serverTime(performance.now()) : null;
  }

  run() {
    addEventListener("online", () => this.#again());
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.#again(); });
    this.#connect();
  }

  /** @param {object} message */
  send(message) {
    if (this.isOpen) this.#socket?.send(JSON.stringify(message));
  }

  /** Where this page is, on both connections; the first of the two counts. @param {object} place */
  move(place) {
    this.#moves += 1;
    const message = { type: "move", number: this.#moves, ...place };
    this.send(message);
    if (this.#spare?.readyState === WebSocket.OPEN) this.#spare.send(JSON.stringify(message));
  }

  /** Ends it, by the person's own choice. */
  leave() {
    this.#isOver = true;
    this.#drop();
  }

  #connect() {
    if (this.#isOver || this.#socket) return;
    const socket = this.#socket = new WebSocket(this.address);
    this.#heardAt = performance.now();
    socket.addEventListener("open", () => {
      // What the page knows, it knows by the clock of before.
      socket.send(JSON.stringify({ type: "join", client: this.client, ...this.hello() }));
      this.clock.forget();
      this.#asked.clear();
      this.#pings = 0;
      this.#ping();
    });
    socket.addEventListener("message", (event) => this.#hear(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => this.#closed(socket, event.code));
    this.#watch(FIRST_PING_MS);
  }

  #hear(/** @type {any} */ message) {
    this.#heardAt = performance.now();
    if (message.type === "pong") {
      const askedAt = this.#asked.get(message.number);
      this.#asked.clear();
      if (askedAt !== undefined) this.clock.hear(sampleOf(askedAt, message.heard_ms, message.sent_ms, this.#heardAt));
      if (this.#pings === 1) this.dispatchEvent(new Event("clock"));
      return;
    }
    if (message.type === "welcome") {
      this.#failures = 0;
      this.#openSpare();
    }
    this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
  }

  /** Without it, as when the server has no place for it, everything goes as well, if later at times. */
  #openSpare() {
    this.#closeSpare();
    const spare = this.#spare = new WebSocket(this.address);
    const { person } = /** @type {{person: string}} */ (this.hello());
    spare.addEventListener("open", () => spare.send(JSON.stringify({ type: "spare", client: this.client, person })));
    spare.addEventListener("message", (event) => {
      const message = JSON.parse(event.data);
      if (spare === this.#spare) this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
    });
  }

  #closeSpare() {
    const spare = this.#spare;
    this.#spare = null;
    spare?.close(1000);
  }

  #ping() {
    this.#pings += 1;
    this.#asked.set(this.#pings, performance.now());
    this.send({ type: "ping", number: this.#pings });
  }

  #watch(/** @type {number} */ wait) {
    clearTimeout(this.#beat);
    this.#beat = setTimeout(() => {
      if (!this.#socket) return;
      // A connection that is lost without a word is not waited for.
      if (performance.now() - this.#heardAt > SILENCE_MS) {
        const socket = this.#socket;
        this.#drop();
        this.#closed(socket, 1006);
        return;
      }
      if (this.isOpen) this.#ping();
      this.#watch(this.#pings < FIRST_PINGS ? FIRST_PING_MS : PING_MS);
    }, wait);
  }

  #drop() {
    clearTimeout(this.#beat);
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = null;
    this.#closeSpare();
    socket?.close(1000);
  }

  #closed(/** @type {WebSocket} */ socket, /** @type {number} */ code) {
    if (this.#socket && socket !== this.#socket || this.#isOver) return;
    this.#socket = null;
    this.#closeSpare();
    clearTimeout(this.#beat);
    const why = FINAL.get(code);
    if (why) {
      this.#isOver = true;
      this.dispatchEvent(new CustomEvent("ended", { detail: why }));
      return;
    }
    this.dispatchEvent(new Event("lost"));
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), wait * (HALVES.away + Math.random() * HALVES.spread));
  }

  /** The network is back, or the page is looked at again. */
  #again() {
    if (this.#isOver || this.#socket) return;
    clearTimeout(this.#retry);
    this.#connect();
  }
}
