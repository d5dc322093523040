// What was sensed at a time, as numbers and as text: for the readout, the playhead, and the pointer.

import { _, numberText } from "../shared/words.js";
import { factorText, gapText, movementText } from "./text.js";

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

/** The phase that is planned at a time. @param {Stage} stage @param {number} t */
function plannedAt(stage, t) {
  const phase = stage.data?.plan.find((each) => t >= each.start_s && t < each.end_s);
  return phase ? [_("planned: {phase}", { phase: phase.name })] : [];
}

/** What happened at a time, in one line. @param {Stage} stage @param {number} t */
export function textAt(stage, t) {
  if (!stage.data) return "";
  const gap = stage.gapAt(t);
  const planned = plannedAt(stage, t);
  if (gap) return [gapText(gap), ...planned].join(" · ");
  const [movement, noise] = [movementAt(stage, t), noiseAt(stage, t)];
  const parts = [
    movement ? _("{movement} ({factor} times)", { movement: movementText(movement.mean), factor: factorText(movement.mean) })
      : _("movement not known here"),
  ];
  if (noise) parts.push(_("{level} dB(A)", { level: Math.round(noise.mean) }));
  const activity = stage.data.activities.find((span) => t >= span.start_s && t < span.end_s);
  if (activity) parts.push(activity.words);
  return [...parts, ...planned].join(" · ");
}

/** The exact values at a time, one line each; with the zone of this number if there is one. @param {Stage} stage @param {number} t @param {number} [zone] */
export function linesAt(stage, t, zone) {
  const gap = stage.gapAt(t);
  if (gap) return [gapText(gap), ...plannedAt(stage, t)];
  /** @type {string[]} */
  const lines = [];
  const [movement, noise] = [movementAt(stage, t), noiseAt(stage, t)];
  if (!movement) lines.push(_("The room: not known"));
  else {
    const { mean, low, high } = movement;
    const factor = factorText(mean);
    lines.push(low !== null && high !== null
      ? _("The room: {factor} times its normal, likely {low} to {high}", { factor, low: factorText(low), high: factorText(high) })
      : _("The room: {factor} times its normal", { factor }));
  }
  if (noise) {
    const { least, most, step } = noise;
    const level = numberText(noise.mean, 1);
    lines.push(step > 1 && least !== null && most !== null
      ? _("Noise: {level} dB(A), {low} to {high} in {step} s", { level, low: Math.round(least), high: Math.round(most), step })
      : _("Noise: {level} dB(A)", { level }));
  }
  const one = zone === undefined ? undefined : stage.data?.zones[zone];
  if (one && stage.data) {
    const value = one.cells[Math.floor(t / stage.data.zone_step_s)];
    lines.push(value == null ? _("{zone}: not known", { zone: one.name })
      : _("{zone}: {factor} times its own normal", { zone: one.name, factor: factorText(value) }));
  }
  lines.push(...plannedAt(stage, t));
  return lines;
}
