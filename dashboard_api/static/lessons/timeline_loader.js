// Fetches the timeline, and finer parts of it when one zooms in.

/** @typedef {import("../timeline/stage.js").Stage} Stage */
/** @typedef {import("../timeline/stage.js").Timeline} Timeline */

const RUNNING_EACH_MS = 5000;
const FINE_SPAN_S = 900;

export class TimelineLoader {
  #asked = 0;
  #timer = 0;

  /** @param {string} lesson @param {Stage} stage @param {HTMLElement} words */
  constructor(lesson, stage, words) {
    this.address = `/api/lessons/${encodeURIComponent(lesson)}/timeline`;
    this.stage = stage;
    this.words = words;
  }

  async run() {
    const isThere = await this.#whole();
    if (!isThere) return;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      performance.mark("roomtone:drawn");
      document.body.dataset.drawn = `${Math.round(performance.now())}`;
    }));
    this.stage.on("view", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#fine(), 150);
    });
    if (!this.stage.data?.is_running) return;
    const timer = setInterval(async () => {
      await this.#whole();
      if (!this.stage.data?.is_running) clearInterval(timer);
    }, RUNNING_EACH_MS);
  }

  async #whole() {
    const data = await this.#ask("");
    if (data) this.stage.setData(data);
    return Boolean(data);
  }

  /** The part that is shown, with half of its length on either side, once that is worth it. */
  async #fine() {
    const { from, to, data, detail } = this.stage;
    const span = to - from;
    if (!data || !detail) return;
    if (span > FINE_SPAN_S) {
      if (detail !== data) this.stage.setDetail(data);
      return;
    }
    const end = detail.from_s + detail.noise.mean.length * detail.noise.step_s;
    if (detail.level_s === 1 && detail.from_s <= from && end >= to - 1) return;
    this.#asked += 1;
    const mine = this.#asked;
    const part = await this.#ask(`?level_s=1&from_s=${Math.max(0, from - span / 2).toFixed(1)}&to_s=${(to + span / 2).toFixed(1)}`);
    if (part && mine === this.#asked) this.stage.setDetail(part);
  }

  /** @returns {Promise<Timeline | null>} */
  async #ask(/** @type {string} */ query) {
    try {
      const answer = await fetch(this.address + query);
      if (answer.ok) return await answer.json();
      this.words.textContent = `The timeline can't be shown: ${(await answer.json()).detail}`;
    } catch {
      this.words.textContent = "The server does not answer; is it running? Load the page again to try once more.";
    }
    return null;
  }
}
