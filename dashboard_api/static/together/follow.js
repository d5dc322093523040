// How one side keeps to the playhead of the other: pure functions, in seconds.

/** What is closer than this is left alone. */
export const NEAR_S = 0.15;
/** What is further away than this is no matter of speed: the page seeks. */
export const FAR_S = 1;
/** A correction goes on until it is this near, so that it does not begin again at once. */
export const DONE_S = 0.03;
/** How much slower or faster a video plays to get there; more can be heard. */
const MAX_CHANGE = 0.15;
const LONGEST_LAG_S = 1.5;

/**
 * @typedef {{revision: number, position_s: number, is_playing: boolean, rate: number, at_ms: number}} Playhead
 * @typedef {{seek: boolean, rate: number, isCorrecting: boolean}} Correction
 */

/** Where the playhead stands at a time of the server. @param {Playhead} head @param {number} nowMs @param {number} length */
export function positionAt(head, nowMs, length) {
  const passed = head.is_playing ? Math.max(0, nowMs - head.at_ms) / 1000 : 0;
  return Math.min(length, Math.max(0, head.position_s + head.rate * passed));
}

/**
 * What to do about a video that plays.
 * @param {number} behind how far it is behind; negative where it is ahead
 * @param {number} rate of who leads
 * @param {boolean} isCorrecting whether a correction goes on
 * @returns {Correction}
 */
export function correction(behind, rate, isCorrecting) {
  const off = Math.abs(behind);
  if (off > FAR_S) return { seek: true, rate, isCorrecting: false };
  if (off <= (isCorrecting ? DONE_S : NEAR_S)) return { seek: false, rate, isCorrecting: false };
  const change = Math.min(MAX_CHANGE, Math.max(0.04, off / 2));
  return { seek: false, rate: rate * (1 + Math.sign(behind) * change), isCorrecting: true };
}

/**
 * How long this browser takes to seek while it plays, learned from the last time: it aims that far ahead.
 * @param {number} lag @param {number} behind how far it was behind when it played again
 */
export function learnedLag(lag, behind) {
  return Math.min(LONGEST_LAG_S, Math.max(0, lag + behind / 2));
}
