// Connects the notes of a lesson: the form that writes them, what waits to be sent, replies, and what others write.

import { showClosed } from "./closed.js";
import { Composer } from "./composer.js";
import { Drafts } from "./drafts.js";
import { NoteInterface } from "./interface.js";
import { noteOf } from "./note.js";
import { changeOf, dropChange, noteOutbox, sendChange } from "./note_outbox.js";
import { Refresh } from "./refresh.js";
import { showWaiting, wordsOf } from "./waiting.js";
import { positionText } from "../timeline/text.js";
import { _, ngettext } from "../shared/words.js";

/** @param {HTMLElement} line @returns {import("./note.js").Note} */
export function noteIn(line) {
  const { id = "", start, end, note = "{}" } = line.dataset;
  return noteOf({ ...JSON.parse(note), id, start_s: Number(start), end_s: Number(end) });
}

/**
 * @param {HTMLElement} main
 * @param {{ stage: import("../timeline/stage.js").Stage, list: import("./list.js").MomentList, reveal: () => void,
 *   player: { isPlaying: boolean, play: () => void, pause: () => void }, say: (text: string, isShown?: boolean) => void }} parts
 */
export function notes(main, { stage, list, reveal, player, say }) {
  const { lesson = "", person = "" } = main.dataset;
  const find = (/** @type {string} */ id) => /** @type {HTMLElement} */ (main.querySelector(`#${id}`));
  const server = new NoteInterface(lesson, person);
  const drafts = new Drafts(lesson, person);
  /** What this page has just sent: it is chosen when the list shows it. */
  let sent = "";

  let draw = () => {};
  const outbox = noteOutbox(lesson, server, (item, note) => {
    if (item.what === "note") sent = item.id;
    if (note) composer.sent(note, item.body.revision);
    refresh.now();
  }, () => {
    if (outbox.state === "gone") closed();
    else {
      draw();
      showDrafts();
    }
  });
  draw = showWaiting(find("waiting"), find("note-link"), outbox, async (id) => {
    // The list may be older than the answer that refused the change.
    const answer = await server.ask("GET", server.api);
    const found = answer.status === 200 ? answer.body.find((/** @type {{id: string}} */ one) => one.id === id) : null;
    if (found) composer.edit(noteOf(found));
    else say(answer.status === 200 ? _("Somebody has deleted this note. Copy your words, or remove them.") : NoteInterface.sentence(answer));
  });

  const closed = () => {
    refresh.stop();
    const texts = [...outbox.items.map(wordsOf), ...Object.values(drafts.all()).map((draft) => draft.note ?? draft)];
    showClosed(main, texts.filter((text) => String(text).trim()), () => {
      outbox.clear();
      drafts.clear();
    });
  };
  /** What was written stays in the browser for who signs in again. @param {{ title: string, text: string, link: string, address: string }} why */
  const signedOut = (why) => {
    refresh.stop();
    showClosed(main, [], () => {}, why);
  };
  const refresh = new Refresh(server, {
    list: (html) => list.apply(html), heard: (status, askedAt) => outbox.heard(status, askedAt), closed,
  });

  const composer = new Composer(/** @type {HTMLFormElement} */ (find("new-moment")), {
    stage, drafts, server, player, reveal, closed,
    // The timeline may not be here yet.
    length: () => Math.max(stage.length, Number(main.dataset.length) || 0),
    add: (place, body) => outbox.add({ what: "note", place, body }),
    change: (id, place, body) => sendChange(outbox, id, place, body),
    waiting: (id) => changeOf(outbox, id),
    drop: (id) => dropChange(outbox, id),
    saved: (id) => {
      sent = id;
      refresh.now();
    },
    shown: () => showDrafts(),
  });
  const mark = find("mark");
  mark.addEventListener("click", () => composer.compose());

  /** Words that were begun stay in sight: at the button, at the note, in the field of a reply. */
  const showDrafts = () => {
    const begun = drafts.all();
    mark.querySelector(".mark-words")?.replaceChildren(drafts.begun() && composer.form.hidden ? _("Continue your note") : _("Write a note"));
    for (const line of /** @type {NodeListOf<HTMLElement>} */ (list.element.querySelectorAll("li[data-note]"))) {
      const edit = line.querySelector(".edit-note .edit-words");
      const waits = changeOf(outbox, line.dataset.id ?? "");
      const state = waits && !waits.trouble ? _("Edit (not sent)") : _("Edit");
      if (edit) edit.textContent = begun[`edit:${line.dataset.id}`] || waits?.trouble ? _("Edit (not saved)") : state;
      const text = begun[`reply:${line.dataset.id}`];
      const field = /** @type {HTMLTextAreaElement | null} */ (line.querySelector(".reply-form textarea"));
      if (!text || !field || field.value) continue;
      field.value = text;
      field.closest("details")?.setAttribute("open", "");
    }
  };

  const holder = list.holder;
  holder.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest(".edit-note");
    const line = /** @type {HTMLElement | null} */ (link?.closest("li[data-note]") ?? null);
    if (!line) return;
    event.preventDefault();
    composer.edit(noteIn(line));
  });
  holder.addEventListener("input", (event) => {
    const field = /** @type {HTMLTextAreaElement} */ (event.target);
    const line = field.matches(".reply-form textarea") ? /** @type {HTMLElement | null} */ (field.closest("li[data-note]")) : null;
    if (line) drafts.put(`reply:${line.dataset.id}`, field.value.trim() ? field.value : null);
  });
  holder.addEventListener("keydown", (event) => {
    const field = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field.matches(".reply-form textarea")) {
      /** @type {HTMLTextAreaElement} */ (field).form?.requestSubmit();
    }
  });
  // Before htmx, which would send it as it is.
  holder.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const line = form.matches(".reply-form") ? /** @type {HTMLElement | null} */ (form.closest("li[data-note]")) : null;
    if (!line) return;
    event.preventDefault();
    event.stopPropagation();
    const field = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("text"));
    if (!field.value.trim()) return;
    outbox.add({ what: "reply", moment: line.dataset.id, place: positionText(Number(line.dataset.start)), body: { text: field.value } });
    drafts.put(`reply:${line.dataset.id}`, null);
    field.value = "";
    form.closest("details")?.removeAttribute("open");
    form.closest("details")?.querySelector("summary")?.focus();
  }, true);
  document.body.addEventListener("htmx:configRequest", (event) => {
    /** @type {CustomEvent} */ (event).detail.headers["Roomtone-Person"] = person;
  });

  list.addEventListener("applied", (event) => {
    const { added } = /** @type {CustomEvent} */ (event).detail;
    showDrafts();
    const mine = stage.moments.find((moment) => moment.id === sent);
    if (mine && sent) {
      sent = "";
      stage.choose(mine);
      say(_("Saved."), false);
      return;
    }
    const others = added.map((/** @type {string} */ id) => list.element.querySelector(`li[data-id="${CSS.escape(id)}"][data-note]`))
      .filter((/** @type {HTMLElement | null} */ line) => line && !line.dataset.mine);
    if (others.length === 1) say(_("A new note at {time}: {title}", { time: positionText(Number(others[0].dataset.start)), title: others[0].dataset.title }));
    else if (others.length) say(ngettext("{n} new note.", "{n} new notes.", others.length));
  });

  showDrafts();
  refresh.run();
  outbox.send();
  return {
    compose: () => composer.compose(), saved: () => refresh.now(), server, signedOut,
    waiting: (/** @type {string} */ id) => changeOf(outbox, id),
    change: (/** @type {string} */ id, /** @type {string} */ place, /** @type {Record<string, any>} */ body) => sendChange(outbox, id, place, body),
  };
}
