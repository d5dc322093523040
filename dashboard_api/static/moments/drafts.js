// What a person has begun to write in a lesson: kept in the browser, for them alone, until it is saved.

/**
 * @typedef {{ note: string, kind: string, tags: {id: string, label: string}[], start: number, end: number, revision?: number }} NoteDraft
 */

export class Drafts {
  /** @type {Record<string, any>} */
  #memory = {};

  /** @param {string} lesson @param {string} person */
  constructor(lesson, person) {
    this.key = `roomtone.drafts.${lesson}.${person}`;
  }

  /** By what they are for: "new", "edit:NOTE", "reply:NOTE", "deleted:NOTE" (words of a
   * note that somebody deleted meanwhile), "step:STEP", "step:new". @returns {Record<string, any>} */
  all() {
    try {
      return JSON.parse(localStorage.getItem(this.key) ?? "{}") ?? {};
    } catch {
      return this.#memory;
    }
  }

  /** @param {string} what */
  get(what) {
    return this.all()[what] ?? null;
  }

  /** The new note that was begun, or else words of a note that somebody deleted. @returns {string | undefined} */
  begun() {
    const all = Object.keys(this.all());
    return all.find((what) => what === "new") ?? all.find((what) => what.startsWith("deleted:"));
  }

  /** @param {string} what @param {any} draft null: it is saved, or not wanted any more */
  put(what, draft) {
    const drafts = this.all();
    if (draft === null) delete drafts[what];
    else drafts[what] = draft;
    this.#memory = drafts;
    try {
      if (Object.keys(drafts).length) localStorage.setItem(this.key, JSON.stringify(drafts));
      else localStorage.removeItem(this.key);
    } catch {
      // No room, or a window that keeps nothing: it stays while the page is open.
    }
  }

  clear() {
    this.#memory = {};
    try {
      localStorage.removeItem(this.key);
    } catch {
      // There was nothing.
    }
  }
}
