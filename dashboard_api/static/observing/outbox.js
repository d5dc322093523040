// Keeps what was coded on the phone until the server says that it has it, and sends it until then.

const ANSWER_MS = 10000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15000;
const AT_ONCE = 50;

/**
 * @typedef {{ id: string, start_s: number, answer: string | null, said_ms: number }} Look
 * @typedef {"sent" | "sending" | "away" | "out" | "gone"} LinkState
 *   All is on the server; on its way; the server can't be reached; nobody is signed in; the sheet is
 *   not open to this person any more.
 */

/** @returns {LinkState} */
function stateOf(/** @type {number} */ status) {
  if (status >= 200 && status < 300) return "sent";
  return status === 401 || status === 403 ? "out" : status === 404 ? "gone" : "away";
}

export class Outbox {
  /** What could not be written to the browser's storage. @type {Look[] | null} */
  #memory = null;
  #isSending = false;
  #failures = 0;
  #retry = 0;
  /** @type {LinkState} */
  #state = "sent";

  /**
   * @param {string} key @param {string} address
   * @param {{ state: () => void, refused: (count: number) => void,
   *   clock: (reply: { lesson_ms: number, length_s: number }, askedAt: number, heardAt: number) => void
   * }} on
   */
  constructor(key, address, on) {
    this.key = key;
    this.address = address;
    this.on = on;
    if (this.waiting.length) this.#state = "sending";
    addEventListener("online", () => this.send());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.send();
    });
  }

  get state() {
    return this.#state;
  }

  /** Whether the looks would be gone if the page were closed. */
  get isInMemory() {
    return this.#memory !== null;
  }

  /** @returns {Look[]} */
  get waiting() {
    if (this.#memory) return this.#memory;
    try {
      const found = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return Array.isArray(found) ? found : [];
    } catch {
      return [];
    }
  }

  /** @param {Omit<Look, "id">} look */
  add(look) {
    const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) =>
      one.toString(16).padStart(2, "0"),
    ).join("");
    this.#keep([...this.waiting, { id, ...look }]);
    this.send();
  }

  /** What another request of the page met, by its status, 0 without an answer. */
  heard(/** @type {number} */ status) {
    if (!this.waiting.length) this.#become(stateOf(status));
  }

  /** Forget what waits: only where the server will never take it. */
  clear() {
    clearTimeout(this.#retry);
    this.#keep([]);
    this.on.state();
  }

  async send() {
    const some = this.waiting.slice(0, AT_ONCE);
    if (this.#isSending) return;
    if (!some.length) return;
    this.#isSending = true;
    clearTimeout(this.#retry);
    if (this.#state === "sent") this.#become("sending");
    const askedAt = performance.now();
    try {
      const answer = await fetch(this.address, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ looks: some }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const heardAt = performance.now();
      if (answer.ok) {
        const reply = await answer.json();
        this.#taken(reply, some);
        this.on.clock(reply, askedAt, heardAt);
      } else this.#failed(answer.status);
    } catch {
      this.#failed(0);
    }
    this.#isSending = false;
    // The rest, and what was added meanwhile.
    if (this.#failures === 0) this.send();
  }

  /** @param {{ taken: string[], refused: Record<string, string> }} reply @param {Look[]} sent */
  #taken(reply, sent) {
    const done = new Set([...reply.taken, ...Object.keys(reply.refused)]);
    if (!sent.some((look) => done.has(look.id))) {
      this.#failed(0);
      return;
    }
    this.#keep(this.waiting.filter((look) => !done.has(look.id)));
    this.#failures = 0;
    const refused = Object.keys(reply.refused).length;
    if (refused) this.on.refused(refused);
    this.#become(this.waiting.length ? "sending" : "sent");
  }

  #failed(/** @type {number} */ status) {
    this.#failures += 1;
    this.#become(stateOf(status));
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    this.#retry = setTimeout(() => this.send(), wait * (0.75 + Math.random() / 2));
  }

  #become(/** @type {LinkState} */ state) {
    this.#state = state;
    this.on.state();
  }

  #keep(/** @type {Look[]} */ looks) {
    try {
      if (looks.length) localStorage.setItem(this.key, JSON.stringify(looks));
      else localStorage.removeItem(this.key);
      this.#memory = null;
    } catch {
      this.#memory = looks; // no room, or a window that keeps nothing
    }
  }
}
