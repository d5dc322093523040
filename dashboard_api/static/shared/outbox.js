// Keeps what a person wrote in the browser until the server says that it has it, and sends it until then.
// It is bound to the person by its key: another one who signs in there neither sees nor sends it.

const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15000;

/**
 * @typedef {{ id: string, trouble?: string }} Item  `trouble` says why the server will never take it.
 * @typedef {"sent" | "sending" | "away" | "out" | "gone"} LinkState
 *   All is on the server; on its way; the server can't be reached; nobody is signed in, or somebody
 *   else; what it belongs to is not open to this person any more.
 * @typedef {{ status: number, done?: string[], troubles?: Record<string, string> }} Sent
 *   The status of the answer, 0 without one; what need not be sent again; what can't be kept, and why.
 */

/** @returns {LinkState} */
function stateOf(/** @type {number} */ status) {
  if (status >= 200 && status < 300) return "sent";
  return status === 401 || status === 403 ? "out" : status === 404 ? "gone" : "away";
}

export function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");
}

/** @template {Item} T */
export class Outbox {
  /** What could not be written to the browser's storage. @type {T[] | null} */
  #memory = null;
  #isSending = false;
  #failures = 0;
  #retry = 0;
  /** When the request was sent whose answer counts: an older one that answers later knows less. */
  #askedAt = 0;
  /** @type {LinkState} */
  #state = "sent";

  /**
   * @param {string} key
   * @param {(items: T[]) => Promise<Sent>} post sends some of what waits, the first ones first
   * @param {() => void} changed what waits, or the state, is another one
   */
  constructor(key, post, changed) {
    this.key = key;
    this.post = post;
    this.changed = changed;
    if (this.waiting.length) this.#state = "sending";
    addEventListener("online", () => this.send());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.send();
    });
    // Another tab has sent something, or added to it.
    addEventListener("storage", (event) => {
      if (event.key === this.key) this.changed();
    });
  }

  get state() {
    return this.#state;
  }

  /** Whether what waits would be gone if the page were closed. */
  get isInMemory() {
    return this.#memory !== null;
  }

  /** All that the server does not have. @returns {T[]} */
  get items() {
    if (this.#memory) return this.#memory;
    try {
      const found = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return Array.isArray(found) ? found : [];
    } catch {
      return [];
    }
  }

  /** What is to be sent. */
  get waiting() {
    return this.items.filter((item) => !item.trouble);
  }

  /** @param {Omit<T, "id">} item */
  add(item) {
    const id = newId();
    this.#keep([...this.items, /** @type {T} */ ({ ...item, id })]);
    this.send();
    return id;
  }

  /**
   * What another request of the page met, by its status, 0 without an answer.
   * @param {number} status @param {number} askedAt when it was sent, by `performance.now()`
   */
  heard(status, askedAt) {
    if (askedAt < this.#askedAt) return;
    this.#askedAt = askedAt;
    const wasAway = this.#state !== "sent" && this.#state !== "sending";
    if (!this.waiting.length) this.#become(stateOf(status));
    else if (wasAway && stateOf(status) === "sent") this.send();
  }

  /** Changes what waits, as where it stands on something that has changed. @param {(item: T) => T} change */
  amend(change) {
    this.#keep(this.items.map(change));
  }

  /** Forget an item. @param {string} id */
  remove(id) {
    this.#keep(this.items.filter((item) => item.id !== id));
    this.changed();
  }

  /** Forget all: only where the server will never take it. */
  clear() {
    clearTimeout(this.#retry);
    this.#keep([]);
    this.changed();
  }

  async send() {
    const some = this.waiting;
    if (this.#isSending || !some.length) {
      this.changed();
      return;
    }
    this.#isSending = true;
    clearTimeout(this.#retry);
    if (this.#state === "sent") this.#become("sending");
    this.#askedAt = performance.now();
    /** @type {Sent} */
    let sent = { status: 0 };
    try {
      sent = await this.post(some);
    } catch {
      // No answer.
    }
    const done = new Set(sent.done ?? []);
    const troubles = sent.troubles ?? {};
    if (done.size || Object.keys(troubles).length) {
      this.#keep(this.items.filter((item) => !done.has(item.id)).map((item) => item.id in troubles ? { ...item, trouble: troubles[item.id] } : item));
      this.#failures = 0;
      this.#become(this.waiting.length ? "sending" : "sent");
    } else this.#failed(sent.status);
    this.#isSending = false;
    // The rest, and what was added meanwhile.
    if (this.#failures === 0) this.send();
  }

  #failed(/** @type {number} */ status) {
    this.#failures += 1;
    // An answer that took nothing is no success.
    this.#become(stateOf(status >= 200 && status < 300 ? 0 : status));
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    this.#retry = setTimeout(() => this.send(), wait * (0.75 + Math.random() / 2));
  }

  #become(/** @type {LinkState} */ state) {
    this.#state = state;
    this.changed();
  }

  #keep(/** @type {T[]} */ items) {
    try {
      if (items.length) localStorage.setItem(this.key, JSON.stringify(items));
      else localStorage.removeItem(this.key);
      this.#memory = null;
    } catch {
      this.#memory = items; // no room, or a window that keeps nothing
    }
  }
}
