// Notes, changes of them and replies on their way to the server, and those that the server can't take.

import { NoteInterface } from "./interface.js";
import { hasIt, noteOf } from "./note.js";
import { Outbox } from "../shared/outbox.js";
import { _, ngettext } from "../shared/words.js";

/**
 * @typedef {import("./note.js").Note} Note
 * @typedef {{ id: string, what: "note" | "change" | "reply", moment?: string, place: string, body: Record<string, any>, trouble?: string }} Sending
 *   `moment` is the note that is changed or replied to.
 */

const TRY_AGAIN = new Set([0, 401, 403, 408, 425, 429]);

/** Whether what got this status is worth sending again. */
export function isForLater(/** @type {number} */ status) {
  return TRY_AGAIN.has(status) || status >= 500;
}

/** @param {NoteInterface} server @param {Sending} item */
function ask(server, { id, what, moment = "", body }) {
  const note = `${server.api}/${encodeURIComponent(moment)}`;
  if (what === "change") return server.ask("PUT", note, body);
  return server.ask("POST", what === "note" ? server.api : `${note}/replies`, { ...body, id });
}

/** The note as a change has made it; null where the server did not take the change. @param {Sending} item @param {import("./interface.js").Answer} answer */
function changedNote({ what, body }, { status, body: said }) {
  if (what !== "change") return null;
  if (status === 200) return noteOf(said);
  const current = status === 409 && said?.current ? noteOf(said.current) : null;
  return current && hasIt(body, current) ? current : null; // the answer to the first time was lost
}

/**
 * One at a time, in the order in which they were written.
 * @param {NoteInterface} server
 * @param {(item: Sending, note: Note | null) => void} kept the server has it now; for a change, the note as it is then
 * @returns {(items: Sending[]) => Promise<import("../shared/outbox.js").Sent>}
 */
function sender(server, kept) {
  return async ([item]) => {
    const answer = await ask(server, item);
    const { status } = answer;
    const note = changedNote(item, answer);
    if (note || (status >= 200 && status < 300)) {
      kept(item, note);
      return { status: 200, done: [item.id] };
    }
    if (isForLater(status) || NoteInterface.isClosed(answer)) return { status };
    return { status, troubles: { [item.id]: NoteInterface.sentence(answer) } };
  };
}

/**
 * @param {string} lesson @param {NoteInterface} server
 * @param {(item: Sending, note: Note | null) => void} kept @param {() => void} changed
 * @returns {Outbox<Sending>}
 */
export function noteOutbox(lesson, server, kept, changed) {
  /** @type {Outbox<Sending>} */
  const outbox = new Outbox(`roomtone.notes.${lesson}.${server.person}`, sender(server, (item, note) => {
    // What one changed since stands on this change.
    if (note) {
      outbox.amend((one) => one.what === "change" && one.moment === item.moment && one.body.revision === item.body.revision
        ? { ...one, body: { ...one.body, revision: note.revision } } : one);
    }
    queueMicrotask(() => kept(item, note)); // it is delivered, whatever the page makes of it
  }), changed);
  return outbox;
}

/** The change of a note that is not on the server, also one that it could not take. @param {Outbox<Sending>} outbox @param {string} moment */
export function changeOf(outbox, moment) {
  return outbox.items.find((item) => item.what === "change" && item.moment === moment) ?? null;
}

/** Forgets the changes of a note. @param {Outbox<Sending>} outbox @param {string} moment */
export function dropChange(outbox, moment) {
  for (const item of outbox.items) {
    if (item.what === "change" && item.moment === moment) outbox.remove(item.id);
  }
}

/** Sends a change of a note, in the place of one that waits. @param {Outbox<Sending>} outbox @param {string} moment @param {string} place @param {Record<string, any>} body */
export function sendChange(outbox, moment, place, body) {
  dropChange(outbox, moment);
  outbox.add({ what: "change", moment, place, body });
}

/** What the state of the connection means for what is written. @param {Outbox<Sending>} outbox */
export function linkText(outbox) {
  const count = outbox.waiting.length;
  const kept = outbox.isInMemory
    ? ngettext("1 note or reply waits in this page alone: leave it open.", "{n} notes and replies wait in this page alone: leave it open.", count)
    : ngettext("1 note or reply waits in this browser.", "{n} notes and replies wait in this browser.", count);
  const soon = ngettext("It is sent as soon as the server answers.", "They are sent as soon as the server answers.", count);
  return {
    sent: "",
    sending: "",
    away: [_("The server can’t be reached."), ...(count ? [kept, soon] : [_("Write on: what you save waits in this browser.")])].join(" "),
    out: [_("You are signed out, or somebody else is signed in."), count ? kept : _("What you write stays in this browser."), ""].join(" "),
    gone: _("This lesson is not open to you any more."),
  }[outbox.state];
}
