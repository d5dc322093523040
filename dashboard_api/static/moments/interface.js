// What the scripts of notes ask the server. Each request says for whom the page was made, so that nothing is
// sent as another person who has signed in meanwhile.

import { _ } from "../shared/words.js";

const ANSWER_MS = 10000;

/** @typedef {{ status: number, body: any, headers: Headers | null }} Answer  status 0: no answer came */

export class NoteInterface {
  /** @param {string} lesson @param {string} person */
  constructor(lesson, person) {
    this.person = person;
    this.page = `/lessons/${encodeURIComponent(lesson)}`;
    this.api = `/api${this.page}/moments`;
  }

  /** @param {string} method @param {string} address @param {any} [body] @param {Record<string, string>} [headers] @returns {Promise<Answer>} */
  async ask(method, address, body, headers = {}) {
    try {
      const answer = await fetch(address, {
        method,
        headers: {
          Accept: "application/json", "Roomtone-Person": this.person,
          ...(document.querySelector("main.is-guessing") ? { "Roomtone-Guessing": "1" } : {}),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        cache: "no-store",
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      const isJson = answer.headers.get("content-type")?.includes("json");
      return { status: answer.status, body: isJson ? await answer.json() : await answer.text(), headers: answer.headers };
    } catch {
      return { status: 0, body: null, headers: null };
    }
  }

  /** The sentence of an answer that is no success. @param {Answer} answer */
  static sentence(answer) {
    if (answer.status === 0) return _("The server can’t be reached.");
    return answer.body?.detail ?? _("The server reported an error.");
  }

  /** Whether the lesson is not open any more, as by a share that has ended. @param {Answer} answer */
  static isClosed(answer) {
    return answer.status === 404 && Boolean(answer.headers?.has("Roomtone-Closed"));
  }
}
