// Which second of the video is which of the lesson: `video_t = offset_s + rate * lesson_t`, by segments between
// two stops of the camera. school/video/alignment/clock_map.py does the same.

import { _, ngettext, numberText } from "../shared/words.js";

/**
 * @typedef {{start_s: number | null, end_s: number | null, offset_s: number, rate: number, plus_minus_s: number}} Segment
 * @typedef {{method: "levels" | "points" | "metadata" | "hand", plus_minus_s: number, segments: Segment[],
 *   version?: number}} MapJson
 * @typedef {{video_s: number, lesson_s: number}} Point
 */

/** How right a moment or a number is that a person set by eye and ear, in seconds. */
export const HAND_S = 0.5;
const MAX_RATE_OFF = 0.001;

export class ClockMap {
  /** @param {Segment[]} segments in the order of the lesson */
  constructor(segments) {
    this.segments = segments;
  }

  /** @param {MapJson | null} map */
  static of(map) {
    return new ClockMap(map?.segments ?? [{ start_s: null, end_s: null, offset_s: 0, rate: 1, plus_minus_s: NaN }]);
  }

  /** The video's time at a time of the lesson; NaN while the camera was off. @param {number} t */
  toVideo(t) {
    const { segments } = this;
    let found = segments[0];
    for (const [number, segment] of segments.entries()) {
      const isLast = number === segments.length - 1;
      if (t < (number ? segment.start_s ?? -Infinity : -Infinity)) return NaN;
      found = segment;
      if (isLast || t < (segment.end_s ?? Infinity)) break;
    }
    return found.offset_s + found.rate * t;
  }

  /** The lesson's time at a time of the video. @param {number} v */
  toLesson(v) {
    const { segments } = this;
    const found = segments.find((segment) => v < segment.offset_s + segment.rate * (segment.end_s ?? Infinity))
      ?? segments[segments.length - 1];
    return (v - found.offset_s) / found.rate;
  }

  /** The second of the video at which the lesson starts. */
  get offset() {
    return this.segments[0].offset_s;
  }
}

/** One number for the whole video; of several segments the others move along.
 * @param {MapJson | null} map @param {number} offset @returns {MapJson} */
export function byHand(map, offset) {
  const rounded = Math.round(offset * 100) / 100;
  const before = map && map.segments.length > 1 ? map.segments : null;
  if (!before) {
    return { method: "hand", plus_minus_s: HAND_S, segments: [{ start_s: null, end_s: null, offset_s: rounded, rate: 1, plus_minus_s: HAND_S }] };
  }
  const moved = rounded - before[0].offset_s;
  const late = (/** @type {number | null} */ at, /** @type {number} */ rate) => at === null ? null : at - moved / rate;
  const segments = before.map((each) => ({
    ...each, offset_s: each.offset_s + moved, start_s: late(each.start_s, each.rate), end_s: late(each.end_s, each.rate), plus_minus_s: HAND_S,
  }));
  return { method: "hand", plus_minus_s: HAND_S, segments };
}

/** Through one or two moments that somebody found in both; a text instead if they contradict each other.
 * @param {Point[]} points @returns {MapJson | string} */
export function byPoints(points) {
  const offset = points.reduce((sum, each) => sum + each.video_s - each.lesson_s, 0) / points.length;
  let plusMinus = HAND_S / Math.sqrt(points.length);
  if (points.length === 2) {
    const [first, second] = [...points].sort((a, b) => a.lesson_s - b.lesson_s);
    const off = Math.abs((second.video_s - first.video_s) - (second.lesson_s - first.lesson_s));
    if (off > Math.max(3 * HAND_S, MAX_RATE_OFF * (second.lesson_s - first.lesson_s))) {
      return _("The two moments differ by {s} s: one of them is not the same moment, or the camera stopped in between.", { s: numberText(off, 1) });
    }
    plusMinus = Math.max(plusMinus, off / 2);
  }
  const segment = { start_s: null, end_s: null, offset_s: offset, rate: 1, plus_minus_s: Math.round(plusMinus * 10) / 10 };
  return { method: "points", plus_minus_s: segment.plus_minus_s, segments: [segment] };
}

/** How sure a map is, in words. @param {MapJson | null} map */
export function howSure(map) {
  if (!map) return _("Not lined up with the lesson yet");
  if (map.method === "metadata") return _("Roughly lined up, to within {within}, by the time in the file", { within: within(map) });
  const how = {
    levels: _("found by the sound"), points: _("by moments that you set"), hand: _("set by hand"),
  }[map.method];
  const n = map.segments.length;
  return n > 1 ? ngettext("Lines up to within {within} in {n} part, {how}", "Lines up to within {within} in {n} parts, {how}", n, { within: within(map), how })
    : _("Lines up to within {within}, {how}", { within: within(map), how });
}

/** How far a map may be off. @param {{plus_minus_s: number}} map */
export function within({ plus_minus_s: s }) {
  if (s < 60) return _("{s} s", { s: numberText(s, 1) });
  const minutes = Number((s / 60).toFixed(1));
  return _("{min} min", { min: numberText(minutes, Number.isInteger(minutes) ? 0 : 1) });
}

/** What a program suggests, and why, for a person to judge. @param {MapJson} proposal @param {string} at where the lesson starts */
export function suggestion(proposal, at) {
  const values = { at, within: within(proposal) };
  return proposal.method === "metadata"
    ? _("The sound did not show where the lesson is. By the time in the file, which is only as right as the camera's clock, it starts at about {at} in the video, to within {within}. Play a moment that you know. Do picture and timeline fit?", values)
    : _("The sound suggests that the lesson starts at {at} in the video, to within {within}. Play a moment that you know. Do picture and timeline fit?", values);
}
