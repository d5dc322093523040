// What all parts of the timeline share: the lesson's data, the part that is shown, and the cursor.

import { positionText } from "./text.js";

/**
 * @typedef {{start_s: number, end_s: number, reason: string, words: string}} Gap
 * @typedef {{step_s: number, least: (number|null)[], mean: (number|null)[], most: (number|null)[],
 *   low: (number|null)[], high: (number|null)[]}} Movement
 * @typedef {{step_s: number, least: (number|null)[], mean: (number|null)[], most: (number|null)[],
 *   quiet: (number|null)[], loud: (number|null)[]}} Noise
 * @typedef {{start_s: number, end_s: number, name: string, began_s: number|null, ended_s: number|null,
 *   over_s: number|null, is_absent: boolean, words: string}} Planned
 * @typedef {{name: string, seats: number, cells: (number|null)[]}} Zone
 * @typedef {{lesson: string, from_s: number, length_s: number, clock_s: number, is_running: boolean,
 *   level_s: number, movement: Movement, noise: Noise, zone_step_s: number, zones: Zone[],
 *   gaps: Gap[], plan: Planned[], activities: {start_s: number, end_s: number, name: string, words: string}[],
 *   summary: string[]}} Timeline
 * @typedef {{id: string, kind: string, noteKind: string, start: number, end: number, title: string}} Moment
 */

export const SHORTEST_VIEW_S = 10;

export class Stage extends EventTarget {
  /** The whole lesson. @type {Timeline | null} */
  data = null;
  /** The part that is shown, in finer steps than `data` once they are fetched. @type {Timeline | null} */
  detail = null;
  from = 0;
  to = 1;
  cursor = 0;
  /** Whether what was measured is hidden until the teacher has guessed. */
  isGuessing = false;
  /** @type {Moment[]} */
  moments = [];
  /** @type {Moment | null} */
  chosen = null;

  get length() {
    return this.data ? Math.max(1, this.data.length_s) : 1;
  }

  get isWhole() {
    return this.from <= 0 && this.to >= this.length;
  }

  /** @param {Timeline} data */
  setData(data) {
    const wasWhole = !this.data || this.isWhole;
    this.data = data;
    this.detail = data;
    if (wasWhole) [this.from, this.to] = [0, this.length];
    this.#notify("data");
    this.#notify("view");
    this.#notify("cursor");
  }

  /** @param {Timeline} detail */
  setDetail(detail) {
    this.detail = detail;
    this.#notify("detail");
  }

  /** Shows a part of the lesson, not shorter than `SHORTEST_VIEW_S`. */
  setView(/** @type {number} */ from, /** @type {number} */ to) {
    const span = Math.min(this.length, Math.max(Math.min(SHORTEST_VIEW_S, this.length), to - from));
    const middle = (from + to) / 2;
    const start = Math.min(Math.max(0, to - from < span ? middle - span / 2 : from), this.length - span);
    [this.from, this.to] = [start, start + span];
    this.#notify("view");
  }

  /** Zooms around the cursor if it is in view, else around the middle. @param {number} factor */
  zoom(factor) {
    const isSeen = this.cursor >= this.from && this.cursor <= this.to;
    const pivot = isSeen ? this.cursor : (this.from + this.to) / 2;
    this.setView(pivot - (pivot - this.from) * factor, pivot + (this.to - pivot) * factor);
  }

  /** Moves the cursor because time has passed; no video has to seek. @param {number} t */
  follow(t) {
    this.#move(t);
    this.#notify("follow");
  }

  /** Moves the cursor because a person chose a time. @param {number} t */
  seek(t) {
    this.#move(t);
    this.#notify("seek");
  }

  /** @param {Moment[]} moments */
  setMoments(moments) {
    this.moments = moments;
    this.chosen = moments.find((moment) => moment.id === this.chosen?.id) ?? null;
    this.#notify("moments");
  }

  /** @param {Moment | null} moment */
  choose(moment) {
    this.chosen = moment;
    this.#notify("moments");
  }

  /** Chooses a moment and goes to `from`, a little before it. @param {Moment} moment @param {number} from */
  open(moment, from) {
    this.choose(moment);
    this.seek(from);
    this.#notify("open");
  }

  /** The horizontal position of a time: 0 at the left end of the shown part, 1 at the right. @param {number} t */
  x(t) {
    return (t - this.from) / (this.to - this.from);
  }

  /** A time of the data as text for people. @param {number} t */
  timeText(t) {
    return positionText(t);
  }

  /** @param {string} kind @param {() => void} listener */
  on(kind, listener) {
    this.addEventListener(kind, listener);
  }

  /** The gap at a time. @param {number} t */
  gapAt(t) {
    return this.data?.gaps.find((gap) => t >= gap.start_s && t < gap.end_s) ?? null;
  }

  #move(/** @type {number} */ t) {
    this.cursor = Math.min(Math.max(0, t), this.length);
    this.#keepInView();
    this.#notify("cursor");
  }

  #keepInView() {
    const span = this.to - this.from;
    if (this.cursor < this.from || this.cursor > this.to) this.setView(this.cursor - span * 0.1, this.cursor + span * 0.9);
  }

  #notify(/** @type {string} */ kind) {
    this.dispatchEvent(new Event(kind));
  }
}
