// A form about a lesson: each item is saved as it is filled. What could not be saved stays in this
// browser until it is.

import { _ } from "../shared/words.js";

const WAIT_MS = 900;
const RETRY_MS = 10_000;

/** @typedef {{choice: string, words: string}} Said */
/** @typedef {Said & {revision: number}} Draft */

const sheet = /** @type {HTMLElement} */ (document.getElementById("sheet"));
const KEY = `form-${sheet.dataset.draft}`;

/** @returns {Record<string, Draft>} */
function readDrafts() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return {};
  }
}

/** A page of the browser's, or one that blocks storage, keeps no draft. @param {string} item @param {Draft | null} draft */
function keepDraft(item, draft) {
  try {
    const drafts = readDrafts();
    if (draft) drafts[item] = draft;
    else delete drafts[item];
    if (Object.keys(drafts).length) localStorage.setItem(KEY, JSON.stringify(drafts));
    else localStorage.removeItem(KEY);
  } catch { /* without a draft the words are still in the fields */ }
}

/** The fields of one item. */
class Item {
  #timer = 0;
  /** The saving that is on its way. @type {Promise<void> | null} */
  #running = null;
  /** Another window saved something else: then only the person saves, who has seen it. @type {(Said & {choice_label: string}) | null} */
  #theirs = null;
  /** @type {Said} */
  #saved;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.name = form.dataset.item ?? "";
    this.words = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("words"));
    this.revision = /** @type {HTMLInputElement} */ (form.elements.namedItem("revision"));
    this.state = /** @type {HTMLElement} */ (form.querySelector(".state"));
    this.button = /** @type {HTMLElement} */ (form.querySelector('button[type="submit"]'));
    this.other = /** @type {HTMLElement} */ (form.querySelector(".other"));
    this.take = /** @type {HTMLElement} */ (form.querySelector(".take"));
    this.#saved = JSON.parse(form.dataset.saved ?? "{}");
    // Drafts stand on what their writer had read.
    this.read = Number(this.revision.value);
  }

  run() {
    this.#isDisputed(this.other.hidden === false);
    this.form.addEventListener("input", (event) => {
      this.#keep();
      const wait = event.target === this.words ? WAIT_MS : 0;
      if (!this.disputed) this.#later(wait);
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    this.take.addEventListener("click", () => {
      if (!this.#theirs) return;
      this.#fill(this.#theirs);
      this.#settle(_("Saved."));
      this.words.focus();
    });
    addEventListener("online", () => { if (!this.disputed) this.save(); });
    this.#restore();
  }

  /** @returns {Said} */
  #said() {
    const values = new FormData(this.form);
    return { choice: String(values.get("choice") ?? ""), words: this.words.value.trim() };
  }

  /** @param {Said} one @param {Said} other */
  #isSame(one, other) {
    return one.choice === other.choice && one.words === other.words;
  }

  /** @param {Said} said */
  #fill({ choice, words }) {
    this.words.value = words;
    for (const radio of /** @type {NodeListOf<HTMLInputElement>} */ (this.form.querySelectorAll('[name="choice"]'))) radio.checked = radio.value === choice;
  }

  #keep() {
    const said = this.#said();
    keepDraft(this.name, this.#isSame(said, this.#saved) ? null : { ...said, revision: this.read });
  }

  #restore() {
    const draft = readDrafts()[this.name];
    if (!draft || this.#isSame(draft, this.#saved)) return;
    const theirs = this.#saved;
    this.#fill(draft);
    this.form.closest("details")?.setAttribute("open", "");
    if (draft.revision === Number(this.revision.value)) return this.#later(0);
    this.read = draft.revision;
    this.#dispute({ ...theirs, choice_label: this.#labelOf(theirs.choice) });
  }

  /** @param {string} choice */
  #labelOf(choice) {
    const radios = /** @type {HTMLInputElement[]} */ ([...this.form.querySelectorAll('[name="choice"]')]);
    return choice ? radios.find(({ value }) => value === choice)?.closest("label")?.querySelector("b")?.textContent ?? choice : "";
  }

  /** @param {boolean} isDisputed */
  #isDisputed(isDisputed) {
    this.disputed = isDisputed;
    this.other.hidden = !isDisputed;
    this.button.hidden = !isDisputed;
    this.take.hidden = !isDisputed || !this.#theirs;
  }

  /** Shows what another window saved, beside what is in the fields. @param {Said & {choice_label: string}} theirs */
  #dispute(theirs) {
    this.#theirs = theirs;
    this.#isDisputed(true);
    const text = [theirs.choice_label, theirs.words].filter(Boolean).join(". ");
    /** @type {HTMLElement} */ (this.other.querySelector(".text")).textContent = text || _("nothing");
    this.state.textContent = _("Not saved yet: you changed this in another window meanwhile. Take what stands there, or press Save to keep what is in the fields.");
  }

  /** What is in the fields is what the server has. @param {string} words */
  #settle(words) {
    this.#theirs = null;
    this.#saved = this.#said();
    this.read = Number(this.revision.value);
    this.#isDisputed(false);
    this.form.querySelector(".trouble")?.remove();
    this.state.textContent = words;
    this.#mirror();
    keepDraft(this.name, null);
  }

  /** One's own view beside the other one follows. */
  #mirror() {
    const own = this.form.closest(".item")?.querySelector(".both .said");
    if (!own) return;
    for (const line of own.querySelectorAll("p")) line.remove();
    const { choice, words } = this.#saved;
    for (const [name, text] of [["choice", this.#labelOf(choice)], ["words", words]]) {
      if (!text) continue;
      const line = document.createElement("p");
      line.className = name;
      line.textContent = text;
      own.append(line);
    }
  }

  /** @param {number} ms */
  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.save(), ms);
  }

  async save() {
    clearTimeout(this.#timer);
    while (this.#running) await this.#running;
    const sent = this.#said();
    if (this.#isSame(sent, this.#saved) && !this.disputed) return;
    this.#running = this.#send(sent);
    await this.#running;
    this.#keep();
  }

  /** @param {Said} sent */
  async #send(sent) {
    this.state.textContent = _("Saving …");
    try {
      const answer = await fetch(this.form.action, {
        method: "PUT", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...sent, revision: Number(this.revision.value) }),
      });
      const said = await answer.json().catch(() => ({}));
      if (answer.ok) {
        const typed = this.#said();
        this.revision.value = `${said.revision}`;
        this.#saved = sent;
        this.read = said.revision;
        if (this.#isSame(typed, sent)) this.#settle(_("Saved."));
        else {
          this.#theirs = null;
          this.#isDisputed(false);
          this.#later(WAIT_MS);
        }
      } else if (answer.status === 409) {
        this.revision.value = `${said.now.revision}`;
        this.#saved = { choice: said.now.choice, words: said.now.words };
        this.#dispute(said.now);
      } else {
        this.button.hidden = false;
        const reason = said.detail ?? _("the server reported an error.");
        this.state.textContent = _("Not saved: {reason} Your words stay in this browser.", { reason });
        if (answer.status >= 500) this.#later(RETRY_MS);
      }
    } catch {
      this.button.hidden = false;
      this.state.textContent = _("Not saved: the server does not answer. Your words stay in this browser, and are sent when it does.");
      this.#later(RETRY_MS);
    }
    this.#running = null;
  }

  /** Whether the server has all of it. */
  get isSaved() {
    return this.#isSame(this.#said(), this.#saved) && !this.disputed;
  }
}

const items = [.../** @type {NodeListOf<HTMLFormElement>} */ (sheet.querySelectorAll(".item-fields"))].map((form) => new Item(form));
for (const item of items) item.run();

// Whoever is done has everything on the server first.
const done = /** @type {HTMLFormElement | null} */ (document.getElementById("done"));
done?.addEventListener("submit", async (event) => {
  if (items.every((item) => item.isSaved)) return;
  event.preventDefault();
  for (const item of items) if (!item.disputed) await item.save();
  const open = items.find((item) => !item.isSaved);
  if (open) open.words.focus();
  else done.submit();
});
