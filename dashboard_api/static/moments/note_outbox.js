// Notes and replies on their way to the server, and those that the server can't take.

import { NoteInterface } from "./interface.js";
import { Outbox } from "../shared/outbox.js";

/**
 * @typedef {{ id: string, what: "note" | "reply", moment?: string, place: string, body: Record<string, any>, trouble?: string }} Sending
 */

const TRY_AGAIN = new Set([0, 401, 403, 408, 425, 429]);

/**
 * One at a time, in the order in which they were written.
 * @param {NoteInterface} server
 * @param {(item: Sending) => void} kept the server has it now
 * @returns {(items: Sending[]) => Promise<import("../shared/outbox.js").Sent>}
 */
function sender(server, kept) {
  return async ([item]) => {
    const address = item.what === "note" ? server.api : `${server.api}/${encodeURIComponent(item.moment ?? "")}/replies`;
    const answer = await server.ask("POST", address, { ...item.body, id: item.id });
    const { status } = answer;
    if (status >= 200 && status < 300) {
      queueMicrotask(() => kept(item)); // it is delivered, whatever the page makes of it
      return { status, done: [item.id] };
    }
    if (TRY_AGAIN.has(status) || status >= 500 || NoteInterface.isClosed(answer)) return { status };
    return { status, troubles: { [item.id]: NoteInterface.sentence(answer) } };
  };
}

/**
 * @param {string} lesson @param {NoteInterface} server
 * @param {(item: Sending) => void} kept @param {() => void} changed
 * @returns {Outbox<Sending>}
 */
export function noteOutbox(lesson, server, kept, changed) {
  return new Outbox(`roomtone.notes.${lesson}.${server.person}`, sender(server, kept), changed);
}

/** What the state of the connection means for what is written. @param {Outbox<Sending>} outbox */
export function linkText(outbox) {
  const count = outbox.waiting.length;
  const words = count === 1 ? "1 note or reply waits" : `${count} notes and replies wait`;
  const kept = outbox.isInMemory ? `${words} in this page alone: leave it open.` : `${words} in this browser.`;
  return {
    sent: "",
    sending: "",
    away: `The server can’t be reached. ${count ? `${kept} ${count === 1 ? "It is" : "They are"} sent as soon as the server answers.` : "Write on: what you save waits in this browser."}`,
    out: `You are signed out, or somebody else is signed in. ${count ? kept : "What you write stays in this browser."} `,
    gone: "This lesson is not open to you any more.",
  }[outbox.state];
}
