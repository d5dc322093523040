// The server's clock as this page knows it: from how long its answers take, never from the time of day.

const KEPT = 12;

/** @typedef {{offset: number, trip: number}} Sample */

/**
 * One answer: asked and answered by the page's clock, heard and sent by the server's, in milliseconds.
 * @param {number} askedAt @param {number} heard @param {number} sent @param {number} answeredAt
 * @returns {Sample}
 */
export function sampleOf(askedAt, heard, sent, answeredAt) {
  return { offset: (heard - askedAt + sent - answeredAt) / 2, trip: Math.max(0, answeredAt - askedAt - (sent - heard)) };
}

export class ServerClock {
  /** The latest samples. @type {Sample[]} */
  #samples = [];

  /** @param {Sample} sample */
  hear(sample) {
    this.#samples = [...this.#samples.slice(1 - KEPT), sample];
  }

  /** Another connection may lead to another server, or to one that has started again. */
  forget() {
    this.#samples = [];
  }

  get isKnown() {
    return this.#samples.length > 0;
  }

  /** The server's time at a time of the page; the answer that came fastest is the truest. @param {number} at */
  serverTime(at) {
    const best = this.#samples.reduce((a, b) => (b.trip < a.trip ? b : a));
    return at + best.offset;
  }
}
