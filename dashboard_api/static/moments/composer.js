// Writes and changes notes beside the video, which pauses meanwhile. What is typed is kept in the browser until it
// is saved, also when somebody presses Escape or closes the page.

import { NoteInterface } from "./interface.js";
import { changedBy, isSame, kindText, noteOf } from "./note.js";
import { kindsAndTags, timeField } from "./note_fields.js";
import { isForLater } from "./note_outbox.js";
import { positionText } from "../timeline/text.js";
import { _ } from "../shared/words.js";

/**
 * @typedef {import("./drafts.js").NoteDraft} NoteDraft
 * @typedef {import("./note.js").Note} Note
 * @typedef {import("./note_outbox.js").Sending} Sending
 */

export const LENGTH_S = 60;
const SHORTEST_S = 1;
const savedBefore = () => _("Saved. What you have typed since then is not saved yet.");

export class Composer {
  /** The note that is changed; null for a new one. @type {Note | null} */
  #note = null;
  /** The revision on which what is typed stands: an older one than the note's while the two differ. @type {number | undefined} */
  #read = 0;
  /** What the draft of a new note is kept as. */
  #newKey = "new";
  /** The notes whose change is on its way. @type {Set<string>} */
  #sending = new Set();
  #wasPlaying = false;
  /** What had the focus before. @type {HTMLElement | null} */
  #before = null;

  /**
   * @param {HTMLFormElement} form
   * @param {{ stage: import("../timeline/stage.js").Stage, drafts: import("./drafts.js").Drafts, server: NoteInterface,
   *   player: { isPlaying: boolean, play: () => void, pause: () => void }, reveal: () => void,
   *   length: () => number,
   *   add: (place: string, body: Record<string, any>) => void, saved: (id: string) => void,
   *   change: (id: string, place: string, body: Record<string, any>) => void,
   *   waiting: (id: string) => Sending | null, drop: (id: string) => void,
   *   closed: () => void, shown: () => void }} on
   */
  constructor(form, on) {
    this.form = form;
    this.on = on;
    const changed = () => this.#changed();
    this.from = timeField(this.#field(".note-from"), on.length, () => this.#moved());
    this.to = timeField(this.#field(".note-to"), on.length, changed);
    this.choice = kindsAndTags(form);
    this.words = /** @type {HTMLTextAreaElement} */ (form.querySelector(".note-words"));
    this.said = /** @type {HTMLElement} */ (form.querySelector(".note-said"));
    this.theirs = /** @type {HTMLElement} */ (form.querySelector(".theirs"));
    this.save = /** @type {HTMLButtonElement} */ (form.querySelector(".note-save"));
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.close();
      }
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    const click = (/** @type {string} */ name, /** @type {() => void} */ act) => form.querySelector(name)?.addEventListener("click", act);
    click(".note-cancel", () => this.close());
    click(".note-discard", () => {
      on.drafts.put(this.#key, null);
      if (this.#note) on.drop(this.#note.id);
      this.close();
    });
    click(".note-here", () => {
      const length = this.to.get() - this.from.get();
      this.from.set(on.stage.cursor);
      this.to.set(on.stage.cursor + length);
      this.#changed();
    });
    click(".take-theirs", () => {
      this.#fill(/** @type {Note} */ (this.#note));
      this.#resolve();
    });
    click(".add-theirs", () => {
      this.words.value = [this.#note?.note, this.words.value].filter(Boolean).join("\n");
      this.#resolve();
      this.words.focus();
    });
  }

  get #key() {
    return this.#note ? `edit:${this.#note.id}` : this.#newKey;
  }

  #field(/** @type {string} */ name) {
    return /** @type {HTMLInputElement} */ (this.form.querySelector(name));
  }

  /** Writes a note at the playhead, or goes on with the one that was begun. */
  compose() {
    const { drafts, stage, length } = this.on;
    const start = Math.max(0, Math.floor(stage.cursor));
    this.#newKey = drafts.begun() ?? "new";
    const draft = drafts.get(this.#newKey);
    this.#open(null, draft ?? { note: "", kind: "observation", tags: [], start, end: Math.max(start + SHORTEST_S, Math.min(start + LENGTH_S, length())) });
    this.#say(draft ? _("You began this note at {time}.", { time: positionText(draft.start) }) : "");
  }

  /** Changes a note of one's own. @param {Note} note */
  edit(note) {
    const waits = this.#waiting(note);
    const draft = this.on.drafts.get(`edit:${note.id}`);
    const begun = draft ?? (waits && !isSame(waits, note) ? waits : null);
    this.#open(note, begun ?? note);
    if (begun && begun.revision !== note.revision) this.#conflict(note);
    else if (draft) this.#say(_("Here is what you had changed and not saved."));
    else this.#say(begun ? _("Here is your change, which waits to be sent.") : "");
  }

  /** What is to become of a note by a change that waits. @param {Note} note */
  #waiting(note) {
    const item = this.on.waiting(note.id);
    return item && changedBy(item.body, note);
  }

  /** A change that waited is on the server. @param {Note} note as it is now @param {number} before the revision on which it stood */
  sent(note, before) {
    const { drafts } = this.on;
    const key = `edit:${note.id}`;
    const draft = drafts.get(key);
    if (draft?.revision === before) drafts.put(key, { ...draft, revision: note.revision });
    if (this.form.hidden || this.#note?.id !== note.id || this.#read !== before) return;
    this.#note = note;
    this.#read = note.revision;
    this.theirs.hidden = true;
    this.#say(draft ? savedBefore() : _("Saved."));
  }

  /** @param {Note | null} note @param {NoteDraft} values */
  #open(note, values) {
    const { on, form } = this;
    on.reveal();
    if (form.hidden) {
      this.#wasPlaying = on.player.isPlaying;
      this.#before = /** @type {HTMLElement | null} */ (document.activeElement);
    }
    on.player.pause();
    this.#note = note;
    this.#read = values.revision;
    form.setAttribute("aria-label", note ? _("Edit your note at {time}", { time: positionText(note.start) }) : _("Write a note"));
    this.save.textContent = note ? _("Save the change") : _("Save");
    this.theirs.hidden = true;
    this.#showSending();
    this.#fill(values);
    form.hidden = false;
    on.shown();
    this.words.focus();
  }

  /** @param {NoteDraft} values */
  #fill(values) {
    this.from.put(values.start);
    this.to.put(values.end);
    this.choice.set(values.kind, values.tags);
    this.words.value = values.note;
  }

  /** Closes the form; what is in it stays as a draft. */
  close() {
    this.form.hidden = true;
    this.on.shown();
    if (this.#wasPlaying) this.on.player.play();
    const before = this.#before?.isConnected && this.#before !== document.body ? this.#before : document.getElementById("mark");
    before?.focus({ preventScroll: true });
  }

  #moved() {
    if (this.to.get() < this.from.get() + SHORTEST_S) this.to.set(this.from.get() + SHORTEST_S);
    this.#changed();
  }

  /** @returns {NoteDraft} */
  #values() {
    const start = this.from.get();
    return { note: this.words.value, ...this.choice.get(), start, end: Math.max(start + SHORTEST_S, this.to.get()), revision: this.#read };
  }

  #changed() {
    if (this.form.hidden) return;
    const values = this.#values();
    const kept = this.#note && (this.#waiting(this.#note) ?? this.#note);
    const isEmpty = kept ? this.#read === kept.revision && isSame(values, kept) : !values.note.trim() && !values.tags.length;
    this.on.drafts.put(this.#key, isEmpty ? null : values);
  }

  #showSending() {
    this.save.disabled = this.#note !== null && this.#sending.has(this.#note.id);
  }

  async #submit() {
    if (this.#note && this.#sending.has(this.#note.id)) return;
    const values = this.#values();
    const body = { note: values.note, note_kind: values.kind, tags: values.tags };
    if (!this.#note) {
      this.on.drafts.put(this.#newKey, null);
      this.on.add(positionText(values.start), { ...body, start_s: values.start, length_s: Math.max(SHORTEST_S, values.end - values.start) });
      this.close();
      return;
    }
    const note = this.#note;
    // A time that nobody changed is not sent, and stays.
    const times = { ...(values.start === note.start ? {} : { start_s: values.start }), ...(values.end === note.end ? {} : { end_s: values.end }) };
    const change = { ...body, ...times, revision: note.revision };
    const waits = this.on.waiting(note.id);
    if (waits && !waits.trouble) {
      this.#later(note, change, values, true);
      return;
    }
    this.#sending.add(note.id);
    this.#showSending();
    const { server } = this.on;
    const answer = await server.ask("PUT", `${server.api}/${encodeURIComponent(note.id)}`, change);
    this.#sending.delete(note.id);
    this.#showSending();
    if (NoteInterface.isClosed(answer)) {
      this.on.closed();
      return;
    }
    // Meanwhile the form may have been closed, or opened for another note.
    const isOpen = this.#note?.id === note.id && !this.form.hidden;
    if (answer.status === 200) this.#saved(noteOf(answer.body), values, isOpen);
    else if (answer.status === 404) this.#deleted(note.id, isOpen);
    else if (isForLater(answer.status)) this.#later(note, change, values, isOpen);
    else if (!isOpen) return; // its draft says at the note that it is not saved
    else if (answer.status === 409) this.#conflict(noteOf(answer.body.current));
    else this.#say(_("Not saved: {why}", { why: NoteInterface.sentence(answer) }));
  }

  /** The change waits, and is sent when the server answers. @param {Note} note @param {Record<string, any>} change @param {NoteDraft} sent @param {boolean} isOpen */
  #later(note, change, sent, isOpen) {
    const { drafts } = this.on;
    const key = `edit:${note.id}`;
    const last = isOpen ? this.#values() : drafts.get(key);
    const isMore = last && !isSame(last, sent);
    drafts.put(key, isMore ? last : null);
    this.on.change(note.id, positionText(note.start), change);
    if (!isOpen) this.on.shown();
    else if (isMore) this.#say(_("Your change waits to be sent. What you have typed since then is not saved yet."));
    else this.close();
  }

  /** @param {Note} note as the server has it now @param {NoteDraft} sent @param {boolean} isOpen */
  #saved(note, sent, isOpen) {
    const { drafts } = this.on;
    const key = `edit:${note.id}`;
    const last = isOpen ? this.#values() : drafts.get(key);
    const isMore = last && !isSame(last, sent);
    drafts.put(key, isMore ? { ...last, revision: note.revision } : null);
    this.on.drop(note.id); // one that the server could not take
    this.on.saved(note.id);
    if (!isOpen) return;
    if (isMore) {
      this.#note = note;
      this.#read = note.revision;
      this.theirs.hidden = true;
      this.#say(savedBefore());
    } else this.close();
  }

  /** Somebody deleted it: the words go on as a new note, if their writer wants that. @param {string} id @param {boolean} isOpen */
  #deleted(id, isOpen) {
    const { drafts } = this.on;
    const words = isOpen ? this.#values() : drafts.get(`edit:${id}`);
    drafts.put(`edit:${id}`, null);
    this.on.drop(id);
    if (words) drafts.put(`deleted:${id}`, words); // beside a new note that was begun
    if (!isOpen) {
      this.on.shown();
      return;
    }
    this.#note = null;
    this.#newKey = `deleted:${id}`;
    this.save.textContent = _("Save as a new note");
    this.#say(_("Somebody has deleted this note meanwhile. Your words are kept here: save them as a new note, or discard them."));
  }

  /** Shows what somebody else made of the note beside what is typed. @param {Note} current */
  #conflict(current) {
    const { theirs } = this;
    const before = this.#note;
    this.#note = current;
    // A time that nobody changed here is not put back to what it was.
    if (before && this.from.get() === before.start && this.to.get() === before.end) {
      this.from.put(current.start);
      this.to.put(current.end);
    }
    const text = /** @type {HTMLElement} */ (theirs.querySelector("blockquote"));
    text.textContent = current.note || _("(no words)");
    const more = /** @type {HTMLElement} */ (theirs.querySelector(".theirs-more"));
    more.textContent = [`${positionText(current.start)}–${positionText(current.end)}`, kindText(current.kind), ...current.tags.map((tag) => tag.label)].join(" · ");
    theirs.hidden = false;
    this.#changed();
    this.#say(_("This note was changed elsewhere since you opened it. Put both texts together, and save."));
    this.said.scrollIntoView({ block: "nearest" });
  }

  /** Both texts have been put together, or one was taken: what is typed stands on the note as it is now. */
  #resolve() {
    this.#read = this.#note?.revision;
    this.#changed();
  }

  #say(/** @type {string} */ text) {
    this.said.textContent = text;
  }
}
