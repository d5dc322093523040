// Asks every few seconds whether somebody else has written in the lesson, and shows it without a reload.

import { NoteInterface } from "./interface.js";

const EVERY_MS = 3000;
const SLOWEST_MS = 15000;

export class Refresh {
  #tag = "";
  #timer = 0;
  #wait = EVERY_MS;
  #isAsking = false;
  #isAgain = false;
  #isOver = false;

  /**
   * @param {NoteInterface} server
   * @param {{ list: (html: string) => void, heard: (status: number, askedAt: number) => void, closed: () => void }} on
   */
  constructor(server, on) {
    this.server = server;
    this.on = on;
  }

  run() {
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.now();
    });
    this.#next();
  }

  stop() {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  /** Ask at once. */
  async now() {
    clearTimeout(this.#timer);
    if (this.#isOver) return;
    if (this.#isAsking) {
      this.#isAgain = true;
      return;
    }
    this.#isAsking = true;
    const headers = { "HX-Request": "true", Accept: "text/html, application/json", ...(this.#tag ? { "If-None-Match": this.#tag } : {}) };
    const askedAt = performance.now();
    const answer = await this.server.ask("GET", `${this.server.page}/moments`, undefined, headers);
    this.#isAsking = false;
    if (this.#isOver) return;
    if (NoteInterface.isClosed(answer)) {
      this.on.closed();
      return;
    }
    const isFine = answer.status === 200 || answer.status === 304;
    this.#wait = isFine ? EVERY_MS : Math.min(SLOWEST_MS, this.#wait * 1.5);
    this.on.heard(answer.status === 304 ? 200 : answer.status, askedAt);
    if (answer.status === 200) {
      this.#tag = answer.headers?.get("etag") ?? "";
      this.on.list(answer.body);
    }
    if (this.#isAgain) {
      this.#isAgain = false;
      this.now();
    } else this.#next();
  }

  #next() {
    if (!document.hidden && !this.#isOver) this.#timer = setTimeout(() => this.now(), this.#wait);
  }
}
