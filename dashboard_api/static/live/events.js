// Follows the event stream of a room, says when nothing comes any more, and connects again.

/** The server sends something at least every 1.5 s, so this much silence means that it is away. */
const SILENT_MS = 3500;
/** Only signs of life for so long mean that the server can't read its data. */
const BUSY_MS = 8000;
const LOOK_MS = 250;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30000;
const ANSWER_MS = 5000;

/**
 * Live; no event for some seconds; no stream, for a reason that the server gives; no data.
 * @typedef {"live" | "silent" | "refused" | "busy"} LinkState
 */

export class LiveEvents {
  /** @type {EventSource | null} */
  #events = null;
  #heardAt = 0;
  #dataAt = 0;
  #openedAt = 0;
  #failures = 0;
  /** When to connect again; 0 while a connection is open or opening. */
  #retryAt = 0;
  /** @type {LinkState} */
  #state = "live";
  #reason = "";

  /**
   * `trouble` comes at once when a connection is lost, with the server's reason if it gave one;
   * `state` comes when the link is in another state, some seconds later.
   * @param {string} address
   * @param {{ live: (data: any) => void, trouble: (reason: string) => void,
   *   state: (state: LinkState, reason: string) => void }} on
   */
  constructor(address, on) {
    this.address = address;
    this.on = on;
  }

  run() {
    this.#begin();
    setInterval(() => this.#look(), LOOK_MS);
    // A hidden page's timers may sleep: what is waiting has to be heard first.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#state === "live") this.#heardAt = this.#dataAt = performance.now();
    });
    // A page that is left needs no place on the server.
    addEventListener("pagehide", () => this.#close());
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.#begin();
    });
  }

  #begin() {
    this.#heardAt = this.#dataAt = performance.now();
    this.#open();
  }

  #open() {
    this.#close();
    this.#retryAt = 0;
    this.#openedAt = performance.now();
    const events = new EventSource(this.address);
    this.#events = events;
    const hear = () => {
      this.#heardAt = performance.now();
      this.#failures = 0;
      this.#reason = "";
    };
    events.addEventListener("beat", hear);
    events.addEventListener("live", (event) => {
      hear();
      this.#dataAt = this.#heardAt;
      this.on.live(JSON.parse(event.data));
      this.#change("live");
    });
    events.addEventListener("error", () => {
      if (events !== this.#events) return;
      // The browser would connect again by itself, but always after the same time.
      const isRefused = events.readyState === EventSource.CLOSED;
      this.#close();
      this.on.trouble("");
      if (isRefused) this.#findReason();
      else this.#retry();
    });
  }

  #close() {
    this.#events?.close();
    this.#events = null;
  }

  /** Twice the time after each failure, and spread, so that pages do not all come at once. */
  #retry(longerMs = 0) {
    const waitMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#retryAt = performance.now() + Math.max(longerMs, waitMs * 0.5) + waitMs * 0.5 * Math.random();
  }

  #look() {
    const now = performance.now();
    if (now - this.#heardAt >= SILENT_MS) this.#change(this.#reason ? "refused" : "silent");
    else if (now - this.#dataAt >= BUSY_MS) this.#change("busy");
    // A connection that is open and silent is as good as none.
    if (this.#events && now - Math.max(this.#heardAt, this.#openedAt) >= SILENT_MS) {
      this.#close();
      this.#retry();
    }
    if (this.#retryAt && now >= this.#retryAt) this.#open();
  }

  #change(/** @type {LinkState} */ state) {
    if (state === this.#state) return;
    this.#state = state;
    this.on.state(state, this.#reason);
  }

  /** An EventSource does not say why there is no stream, so fetch the same address. */
  async #findReason() {
    let longerMs = 0;
    const ending = new AbortController();
    const patience = setTimeout(() => ending.abort(), ANSWER_MS);
    try {
      const response = await fetch(this.address, { signal: ending.signal });
      if (!response.ok) {
        longerMs = (Number(response.headers.get("Retry-After")) || 5) * 1000;
        this.#reason = (await response.json()).detail;
        this.on.trouble(this.#reason);
      }
    } catch {
      // It gives no reason, so there is none to show.
    }
    clearTimeout(patience);
    ending.abort();
    this.#retry(longerMs);
  }
}
