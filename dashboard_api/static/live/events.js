// Follows the event stream of a room, and asks again where the server has no place for it.

const RETRY_S = 5;

export class LiveEvents {
  /**
   * @param {string} address
   * @param {{ live: (data: any) => void, trouble: (words: string) => void }} on
   */
  constructor(address, on) {
    this.address = address;
    this.on = on;
  }

  run() {
    const events = new EventSource(this.address);
    events.addEventListener("live", (event) => this.on.live(JSON.parse(event.data)));
    events.addEventListener("error", () => {
      this.on.trouble("the server does not answer; trying again");
      // The browser connects again by itself, but not after an answer that is no stream.
      if (events.readyState === EventSource.CLOSED) this.#ask();
    });
  }

  /** Find out why there is no stream: an EventSource does not say. */
  async #ask() {
    let seconds = RETRY_S;
    const ending = new AbortController();
    try {
      const answer = await fetch(this.address, { signal: ending.signal });
      if (answer.ok) {
        seconds = 0;
      } else {
        seconds = Number(answer.headers.get("Retry-After")) || RETRY_S;
        this.on.trouble(`standing still: ${(await answer.json()).detail}`);
      }
    } catch {
      // The words that are there say it.
    }
    ending.abort();
    // Not all pages at the same moment.
    setTimeout(() => this.run(), (seconds + Math.random() * RETRY_S) * 1000);
  }
}
