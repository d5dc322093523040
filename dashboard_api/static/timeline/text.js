// Numbers as text for people, the same as on the server.

import { _, ngettext, numberText } from "../shared/words.js";

/** A time in the lesson: `m:ss`, or `h:mm:ss` from one hour on. @param {number} second */
export function positionText(second) {
  const whole = Math.max(0, Math.floor(second + 1e-6));
  const s = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${s}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${s}`;
}

/** The seconds of `m:ss`, `h:mm:ss` or plain minutes; null for any other text. @param {string} text */
export function parseSeconds(text) {
  const parts = text.trim().split(":").map((part) => (/^\d+(\.\d+)?$/.test(part) ? Number(part) : NaN));
  if (parts.some(Number.isNaN) || parts.length > 3) return null;
  if (parts.length === 1) return parts[0] * 60;
  return parts.reduce((sum, part) => sum * 60 + part, 0);
}

/** A time of day. @param {number} second since midnight */
export function clockText(second) {
  const whole = Math.floor(second) % 86400;
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** A length: `45 s`, `3 min 20 s`, `50 min`, `2 h 30 min`, `3 days`. @param {number} s */
export function lengthText(s) {
  const whole = Math.round(s);
  if (whole < 60) return _("{s} s", { s: whole });
  if (whole % 60 && whole < 600) return _("{min} min {s} s", { min: Math.floor(whole / 60), s: whole % 60 });
  const minutes = Math.round(whole / 60);
  if (minutes < 120) return _("{min} min", { min: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return ngettext("{n} day", "{n} days", Math.floor(hours / 24));
  return minutes % 60 ? _("{h} h {min} min", { h: hours, min: minutes % 60 }) : _("{h} h", { h: hours });
}

/** Movement compared with its own normal, 0 dB. @param {number | null | undefined} db */
export function movementText(db) {
  if (db == null) return _("movement not known");
  if (Math.abs(db) < 2) return _("about as much movement as usual");
  if (Math.abs(db) < 5) return db > 0 ? _("more movement than usual") : _("less movement than usual");
  return db > 0 ? _("much more movement than usual") : _("much less movement than usual");
}

/** A level as a factor; 6 dB is twice. @param {number} db */
export function factorText(db) {
  return numberText(10 ** (db / 20), 1);
}

/** @typedef {{start_s: number, end_s: number, reason: string, words: string}} GapSpan */

/** A person decided it, so nothing is missing. @param {GapSpan} gap */
const isDecided = (gap) => gap.reason === "left_out" || gap.reason === "not_shared";

/** Why there is no value in a gap. @param {GapSpan} gap */
export function gapText(gap) {
  return isDecided(gap) ? gap.words : _("nothing was sensed: {why}", { why: gap.words });
}

/** How long a gap is, and why it is there. @param {GapSpan} gap */
export function missingText(gap) {
  const length = lengthText(gap.end_s - gap.start_s);
  return isDecided(gap) ? _("{length} {what}", { length, what: gap.words }) : _("{length} missing ({why})", { length, why: gap.words });
}
