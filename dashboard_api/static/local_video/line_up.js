// Finds the lesson in a video by how loud both were. The same numbers as school/video/alignment/, and a simpler search
// for where a camera was stopped; a test holds both to the same data.

import { cutOut, parts, SAME_S } from "./parts.js";
import { bestPeak, prepared, secondsOf, STEPS } from "./peak.js";

const GATE = { correlation: 0.25, ratio: 1.3, overlap: 15 * 60 };
const WORTH_ASKING = { correlation: 0.12, ratio: 1.05 };

/** @typedef {import("./peak.js").Trace} Trace */
/** @typedef {import("./peak.js").Peak} Peak */
/** @typedef {import("./parts.js").Part} Part */

/** @param {ArrayLike<number | null>} room by second of the lesson @param {Float32Array} level by tenth of a second of the video
 * @returns {{verdict: "accepted" | "proposed" | "nothing", parts: Part[]}} a part for each time that the camera ran */
export function lineUp(room, level) {
  const lesson = prepared(room);
  const phases = Array.from({ length: STEPS }, (_, phase) => prepared(secondsOf(level, phase)));
  const found = parts(lesson, phases).filter((each) => each.correlation >= WORTH_ASKING.correlation && each.peak_ratio >= WORTH_ASKING.ratio);
  if (!found.length) return { verdict: "nothing", parts: [] };
  for (const each of found) each.plus_minus_s = Math.ceil(10 * each.plus_minus_s) / 10;
  const isSure = found.every((each) => each.correlation >= GATE.correlation && each.peak_ratio >= GATE.ratio && each.overlap_s >= GATE.overlap);
  return { verdict: isSure && (found.length > 1 || !stopped(lesson, phases, found[0])) ? "accepted" : "proposed", parts: found };
}

/** Whether one half of the video clearly lies elsewhere: then the camera was stopped. @param {Trace} lesson @param {Trace[]} phases @param {Peak} peak */
function stopped(lesson, phases, peak) {
  const end = phases[0].value.length, half = Math.floor(end / 2);
  return [[0, half], [half, end]].some(([from, to]) => {
    const own = bestPeak(lesson, cutOut(phases, from, to));
    return own !== null && own.peak_ratio >= GATE.ratio && Math.abs(own.offset_s - peak.offset_s) > SAME_S;
  });
}
