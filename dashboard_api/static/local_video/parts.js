// Where a camera was stopped and started again: parts of a video, each with an offset of its own.
// The best single cut is looked for among all offsets and all seconds, and then in each of the two parts again.

import { bestPeak } from "./peak.js";

/** @typedef {import("./peak.js").Trace} Trace */
/** A part of the video, in its seconds. @typedef {import("./peak.js").Peak & {from: number, to: number}} Part */

/** Offsets that differ by less are one. */
export const SAME_S = 2;
const MIN_PART_S = 120;
/** How clear both sides of a cut have to be by themselves: more than the best of all offsets is by chance. */
const CLEAR = { score: Math.sqrt(40), ratio: 1.3 };

/** Some seconds of the video; what lies outside is unknown. @param {Trace[]} phases @param {number} from @param {number} to */
export function cutOut(phases, from, to) {
  const only = (/** @type {Float64Array} */ values) => values.map((v, i) => (i >= from && i < to ? v : 0));
  return phases.map(({ value, known }) => ({ value: only(value), known: only(known) }));
}

/** @param {Trace} lesson @param {Trace[]} phases @returns {Part[]} in the order of the video */
export function parts(lesson, phases, from = 0, to = phases[0].value.length) {
  const whole = bestPeak(lesson, cutOut(phases, from, to));
  if (!whole) return [];
  const at = to - from < 2 * MIN_PART_S ? from : bestCut(lesson, phases[0], Math.round(whole.offset_s), from, to);
  if (at - from >= MIN_PART_S && to - at >= MIN_PART_S) {
    const before = bestPeak(lesson, cutOut(phases, from, at)), after = bestPeak(lesson, cutOut(phases, at, to));
    const areClear = [before, after].every((each) => each && each.peak_ratio >= CLEAR.ratio && each.correlation * Math.sqrt(each.overlap_s) >= CLEAR.score);
    // The lesson goes on while a camera is stopped, so offsets only fall.
    if (areClear && before && after && after.offset_s < before.offset_s - SAME_S) {
      const sharp = turn(lesson.value, sided(phases, before.offset_s), sided(phases, after.offset_s), from, to).at;
      return joined(lesson, phases, parts(lesson, phases, from, sharp), parts(lesson, phases, sharp, to));
    }
  }
  return [{ ...whole, from, to }];
}

/** Two lists in a row; a part that both have a piece of becomes whole: of three parts, the first cut may divide the one
 * in the middle. @param {Trace} lesson @param {Trace[]} phases @param {Part[]} before @param {Part[]} after @returns {Part[]} */
function joined(lesson, phases, before, after) {
  const last = before[before.length - 1], first = after[0];
  const isSame = last && first && Math.abs(last.offset_s - first.offset_s) <= SAME_S;
  const whole = isSame ? bestPeak(lesson, cutOut(phases, last.from, first.to)) : null;
  if (!whole) return [...before, ...after];
  return [...before.slice(0, -1), { ...whole, from: last.from, to: first.to }, ...after.slice(1)];
}

/** @typedef {{value: Float64Array, lag: number}} Side */

/** @param {Trace[]} phases @param {number} offset_s @returns {Side} */
function sided(phases, offset_s) {
  const step = Math.round(offset_s * phases.length), lag = Math.floor(step / phases.length);
  return { value: phases[step - lag * phases.length].value, lag };
}

/** The second at which it is best to go from an offset to any lower one, or to it from any higher one.
 * @param {Trace} lesson @param {Trace} video @param {number} lag the best offset of all @param {number} from @param {number} to */
function bestCut(lesson, video, lag, from, to) {
  // Between two whole seconds a half of each is alike.
  const wide = lesson.value.map((v, i, all) => v + ((all[i - 1] ?? 0) + (all[i + 1] ?? 0)) / 2);
  const side = (/** @type {number} */ of) => ({ value: video.value, lag: of });
  let best = { at: from, sum: -Infinity };
  for (let other = 1 - wide.length; other < to; other++) {
    if (Math.abs(other - lag) <= SAME_S) continue;
    const found = other < lag ? turn(wide, side(lag), side(other), from, to) : turn(wide, side(other), side(lag), from, to);
    if (found.sum > best.sum) best = found;
  }
  return best.at;
}

/** Where to go from one side to the other, and how alike all is then.
 * @param {Float64Array} lesson @param {Side} before @param {Side} after @param {number} from @param {number} to */
function turn(lesson, before, after, from, to) {
  const alike = (/** @type {Side} */ side, /** @type {number} */ i) => {
    const place = i - side.lag;
    return place >= 0 && place < lesson.length && i < side.value.length ? lesson[place] * side.value[i] : 0;
  };
  let at = from, gained = 0, most = 0, sum = 0;
  for (let i = from; i < to; i++) {
    const later = alike(after, i);
    sum += later;
    gained += alike(before, i) - later;
    if (gained > most) [most, at] = [gained, i + 1];
  }
  return { at, sum: sum + most };
}
