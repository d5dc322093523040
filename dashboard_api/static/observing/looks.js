// Sends what was coded on the phone: many looks at once, each with an id, so that it counts once.

const ANSWER_MS = 10000;
const AT_ONCE = 50;

/**
 * @typedef {{ id: string, start_s: number, answer: string | null, said_ms: number }} Look
 * @typedef {{ taken: string[], refused: Record<string, string>, lesson_ms: number, length_s: number }} Reply
 */

/**
 * @param {string} address @param {string} observer
 * @param {(reply: Reply, askedAt: number, heardAt: number) => void} heard
 * @returns {(looks: Look[]) => Promise<import("../shared/outbox.js").Sent>}
 */
export function looksSender(address, observer, heard) {
  return async (looks) => {
    const askedAt = performance.now();
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "Roomtone-Person": observer },
      body: JSON.stringify({ looks: looks.slice(0, AT_ONCE) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const heardAt = performance.now();
    if (!answer.ok) return { status: answer.status };
    const reply = await answer.json();
    heard(reply, askedAt, heardAt);
    return { status: answer.status, done: [...reply.taken, ...Object.keys(reply.refused)] };
  };
}
