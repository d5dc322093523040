// What was sensed at a time, as numbers and as text: for the readout, the playhead, and the pointer.

import { gapText, movementText, timesText } from "./text.js";

/** @typedef {import("./stage.js").Stage} Stage */

/** The value of a series at a time. @param {{step_s: number}} series @param {(number|null)[]} values @param {number} from @param {number} t */
const at = (series, values, from, t) => values[Math.floor((t - from) / series.step_s)] ?? null;

/** The finest noise that is there. @param {Stage} stage @param {number} t */
function noiseAt(stage, t) {
  for (const data of [stage.detail, stage.data]) {
    if (!data) continue;
    const { noise } = data;
    const [mean, least, most] = [noise.mean, noise.least, noise.most].map((values) => at(noise, values, data.from_s, t));
    if (mean !== null) return { mean, least, most, step: noise.step_s };
  }
  return null;
}

/** @param {Stage} stage @param {number} t */
function movementAt(stage, t) {
  for (const data of [stage.detail, stage.data]) {
    if (!data) continue;
    const { movement } = data;
    const [mean, low, high] = [movement.mean, movement.low, movement.high].map((values) => at(movement, values, data.from_s, t));
    if (mean !== null) return { mean, low, high };
  }
  return null;
}

/** What happened at a time, in one line. @param {Stage} stage @param {number} t */
export function textAt(stage, t) {
  if (!stage.data) return "";
  const gap = stage.gapAt(t);
  if (gap) return gapText(gap);
  const [movement, noise] = [movementAt(stage, t), noiseAt(stage, t)];
  const parts = [movement ? `${movementText(movement.mean)} (${timesText(movement.mean)})` : "movement not known here"];
  if (noise) parts.push(`${Math.round(noise.mean)} dB(A)`);
  const activity = stage.data.activities.find((span) => t >= span.start_s && t < span.end_s);
  if (activity) parts.push(activity.words);
  return parts.join(" · ");
}

/** The exact values at a time, one line each; with the zone of this number if there is one. @param {Stage} stage @param {number} t @param {number} [zone] */
export function linesAt(stage, t, zone) {
  const gap = stage.gapAt(t);
  if (gap) return [gapText(gap)];
  const lines = [];
  const [movement, noise] = [movementAt(stage, t), noiseAt(stage, t)];
  if (!movement) lines.push("The room: not known");
  else {
    const { mean, low, high } = movement;
    const range = low !== null && high !== null ? `, likely ${factor(low)} to ${factor(high)}` : "";
    lines.push(`The room: ${timesText(mean)} its normal${range}`);
  }
  if (noise) {
    const { mean, least, most, step } = noise;
    const range = step > 1 && least !== null && most !== null ? `, ${Math.round(least)} to ${Math.round(most)} in ${step} s` : "";
    lines.push(`Noise: ${mean.toFixed(1)} dB(A)${range}`);
  }
  const one = zone === undefined ? undefined : stage.data?.zones[zone];
  if (one && stage.data) {
    const value = one.cells[Math.floor(t / stage.data.zone_step_s)];
    lines.push(`${one.name}: ${value == null ? "not known" : `${timesText(value)} its own normal`}`);
  }
  return lines;
}

/** @param {number} db */
const factor = (db) => timesText(db).replace(" times", "");
