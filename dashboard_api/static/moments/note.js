// A note as the server has it and as its form has it, and a change of it that is on its way.

import { _ } from "../shared/words.js";

/**
 * @typedef {import("./drafts.js").NoteDraft} NoteDraft
 * @typedef {NoteDraft & { id: string, revision: number }} Note  a note as the server has it
 */

/** A kind of note in words, inside a sentence. @param {string} kind */
export function kindText(kind) {
  return { observation: _("observation"), question: _("question"), strength: _("strength"), suggestion: _("suggestion") }[kind] ?? kind;
}

/** A note of the interface as the form has it. @param {any} moment @returns {Note} */
export function noteOf(moment) {
  return {
    id: moment.id, revision: moment.revision, note: moment.note, kind: moment.note_kind, tags: moment.tags,
    start: moment.start_s, end: moment.end_s,
  };
}

/** Whether two versions of a note say the same. @param {NoteDraft} one @param {NoteDraft} other */
export function isSame(one, other) {
  const [mine, theirs] = [one, other].map(({ note, kind, tags, start, end }) => JSON.stringify([note, kind, tags.map((tag) => tag.id), start, end]));
  return mine === theirs;
}

/** What a change makes of a note. @param {Record<string, any>} body what is sent @param {Note} note @returns {NoteDraft} */
export function changedBy(body, note) {
  return {
    note: body.note ?? note.note, kind: body.note_kind ?? note.kind, tags: body.tags ?? note.tags,
    start: body.start_s ?? note.start, end: body.end_s ?? note.end, revision: body.revision,
  };
}

/** Whether the server has all of a change already, as after an answer that was lost. @param {Record<string, any>} body @param {Note} note */
export function hasIt(body, note) {
  const wanted = changedBy(body, note);
  return isSame({ ...wanted, note: wanted.note.trim() }, note);
}
