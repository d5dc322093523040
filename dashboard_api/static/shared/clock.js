// The lesson's clock: the server's, carried on by the browser's monotonic one. The phone's own time
// of day may be wrong; only how far it moves counts, and only where the monotonic clock stood still
// while the phone slept.

const SLEPT_MS = 1500;
/** A monotonic clock may drift so much, so an older answer of the server counts as less sharp. */
const DRIFT = 1e-4;

export class LessonClock {
  #offset = 0;
  /** How far off it may be, and since when. */
  #reach = Infinity;
  #heardAt = 0;
  #wall = 0;

  /** @param {number} nowMs  The lesson's milliseconds as the page was made. */
  constructor(nowMs) {
    const [loaded] = performance.getEntriesByType("navigation");
    const timing = /** @type {PerformanceNavigationTiming | undefined} */ (loaded);
    this.hear(nowMs, timing?.requestStart || 0, timing?.responseStart || performance.now());
  }

  now() {
    const slept = Date.now() - performance.now() - this.#wall;
    if (slept > SLEPT_MS) {
      this.#offset += slept;
      this.#wall += slept;
      this.#reach = Infinity;
    }
    return performance.now() + this.#offset;
  }

  /** Whether the phone has slept since the server was heard: then the server should be asked. */
  get isSure() {
    return this.#reach < Infinity;
  }

  /**
   * The server read its clock at some time between asking and hearing; the shortest way counts.
   * @param {number} serverMs @param {number} askedAt @param {number} heardAt
   */
  hear(serverMs, askedAt, heardAt) {
    const reach = (heardAt - askedAt) / 2;
    if (reach > this.#reach + (heardAt - this.#heardAt) * DRIFT) return;
    this.#offset = serverMs - (askedAt + heardAt) / 2;
    this.#reach = reach;
    this.#heardAt = heardAt;
    this.#wall = Date.now() - performance.now();
  }
}
