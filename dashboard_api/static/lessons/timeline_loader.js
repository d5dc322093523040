// Fetches the timeline, and finer parts of it after zooming in.

import { _ } from "../shared/words.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */
/** @typedef {import("../timeline/stage.js").Timeline} Timeline */

const RELOAD_MS = 5000;
const MAX_FINE_SPAN_S = 900;

export class TimelineLoader {
  #requests = 0;
  #wholeRequests = 0;
  /** @type {Timeline | null} */
  #whole = null;
  #timer = 0;

  /** @param {string} lesson @param {Stage} stage @param {HTMLElement} message */
  constructor(lesson, stage, message) {
    this.address = `/api/lessons/${encodeURIComponent(lesson)}/timeline`;
    this.stage = stage;
    this.message = message;
  }

  async run() {
    const isLoaded = await this.#loadWhole();
    if (!isLoaded) return;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      performance.mark("roomtone:drawn");
      document.body.dataset.drawn = `${Math.round(performance.now())}`;
    }));
    this.stage.on("view", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#loadDetail(), 150);
    });
    if (!this.stage.data?.is_running) return;
    const timer = setInterval(async () => {
      await this.#loadWhole();
      if (!this.stage.data?.is_running) clearInterval(timer);
    }, RELOAD_MS);
  }

  /** Shows the lesson again, after a guess. */
  async show() {
    if (this.#whole) this.stage.setData(this.#whole);
    else await this.run();
  }

  /** Loads the lesson again, which has other scores by now. */
  async again() {
    if (!this.#whole) return;
    await this.#loadWhole();
    await this.#loadDetail();
  }

  async #loadWhole() {
    this.#wholeRequests += 1;
    const request = this.#wholeRequests;
    const data = await this.#fetch("");
    if (!data || request !== this.#wholeRequests) return false;
    this.#whole = data;
    if (!this.stage.isGuessing) this.stage.setData(data);
    return true;
  }

  /** Loads the shown part in fine steps, with half of its length on either side, if it is short. */
  async #loadDetail() {
    const { from, to, data, detail } = this.stage;
    const span = to - from;
    if (!data || !detail || this.stage.isGuessing) return;
    if (span > MAX_FINE_SPAN_S) {
      if (detail !== data) this.stage.setDetail(data);
      return;
    }
    const end = detail.from_s + detail.noise.mean.length * detail.noise.step_s;
    if (detail.level_s === 1 && detail.from_s <= from && end >= to - 1) return;
    this.#requests += 1;
    const request = this.#requests;
    const part = await this.#fetch(`?level_s=1&from_s=${Math.max(0, from - span / 2).toFixed(1)}&to_s=${(to + span / 2).toFixed(1)}`);
    if (part && request === this.#requests && !this.stage.isGuessing) this.stage.setDetail(part);
  }

  /** @returns {Promise<Timeline | null>} */
  async #fetch(/** @type {string} */ query) {
    try {
      const response = await fetch(this.address + query);
      if (response.ok) return await response.json();
      this.message.textContent = _("The timeline can't be shown: {why}", { why: (await response.json()).detail });
    } catch {
      this.message.textContent = _("The server does not answer. Check that it is running, then reload the page.");
    }
    return null;
  }
}
