// Follows the event stream of a room, and connects again when the server had no place for it.

const RETRY_S = 5;

export class LiveEvents {
  /**
   * @param {string} address
   * @param {{ live: (data: any) => void, trouble: (text: string) => void }} on
   */
  constructor(address, on) {
    this.address = address;
    this.on = on;
  }

  run() {
    const events = new EventSource(this.address);
    events.addEventListener("live", (event) => this.on.live(JSON.parse(event.data)));
    events.addEventListener("error", () => {
      this.on.trouble("The server does not answer. Trying again.");
      // The browser reconnects by itself, but not after a response that is not a stream.
      if (events.readyState === EventSource.CLOSED) this.#findReason();
    });
  }

  /** An EventSource does not say why there is no stream, so fetch the same address. */
  async #findReason() {
    let seconds = RETRY_S;
    const ending = new AbortController();
    try {
      const response = await fetch(this.address, { signal: ending.signal });
      if (response.ok) {
        seconds = 0;
      } else {
        seconds = Number(response.headers.get("Retry-After")) || RETRY_S;
        this.on.trouble(`Not live: ${(await response.json()).detail}`);
      }
    } catch {
      // The page already says that the server does not answer.
    }
    ending.abort();
    // Spread the pages, so that they do not all reconnect at the same moment.
    setTimeout(() => this.run(), (seconds + Math.random() * RETRY_S) * 1000);
  }
}
