// The ends of the chosen note on the timeline: one's own note is made longer or shorter by dragging them, or with the
// arrow keys. The form for notes has the same times as fields.

import { NoteInterface } from "./interface.js";
import { isForLater } from "./note_outbox.js";
import { noteIn } from "./notes.js";
import { positionText } from "../timeline/text.js";
import { _ } from "../shared/words.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */

const SHORTEST_S = 1;
const LONGEST_S = 1800;
/** A key is one step of several: only the last one is sent. */
const KEYS_MS = 700;
const STEPS = new Map([["ArrowLeft", -1], ["ArrowDown", -1], ["ArrowRight", 1], ["ArrowUp", 1], ["PageDown", -10], ["PageUp", 10]]);

/**
 * @param {HTMLElement} over the layer above the lanes
 * @param {{ stage: Stage, list: import("./list.js").MomentList, say: (text: string) => void,
 *   notes: ReturnType<typeof import("./notes.js").notes> }} parts
 */
export function spanEnds(over, { stage, list, say, notes }) {
  const { server, saved } = notes;
  const ends = /** @type {const} */ (["start", "end"]).map((end) => {
    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = `span-end ${end}`;
    handle.hidden = true;
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-label", end === "start" ? _("Beginning of your note") : _("End of your note"));
    handle.setAttribute("aria-valuemin", "0");
    over.append(handle);
    return { end, handle };
  });
  /** What is moved and not sent yet. @type {{id: string, start: number, end: number} | null} */
  let moved = null;
  let timer = 0;

  /** The line of the chosen note, if it is one's own. */
  const line = () => {
    const { chosen } = stage;
    return chosen ? /** @type {HTMLElement | null} */ (list.element.querySelector(`li[data-id="${CSS.escape(chosen.id)}"][data-mine]`)) : null;
  };

  const draw = () => {
    const { chosen } = stage;
    if (moved && chosen?.id === moved.id && (chosen.start !== moved.start || chosen.end !== moved.end)) {
      // The list was read again while one still moves it.
      stage.choose({ ...chosen, ...moved });
      return;
    }
    const isOwn = Boolean(line());
    const width = over.clientWidth;
    for (const { end, handle } of ends) {
      const t = chosen?.[end] ?? 0;
      const x = stage.x(t) * width;
      handle.hidden = !isOwn || x < -1 || x > width + 1;
      if (handle.hidden) continue;
      const size = handle.offsetWidth || 24;
      // Beside the span, so that both can be taken hold of however short it is.
      handle.style.left = `${Math.min(width - size, Math.max(0, end === "start" ? x - size : x))}px`;
      handle.setAttribute("aria-valuemax", `${Math.round(stage.length)}`);
      handle.setAttribute("aria-valuenow", `${Math.round(t)}`);
      handle.setAttribute("aria-valuetext", positionText(t));
      handle.dataset.time = positionText(t);
    }
  };

  /** Shows a new place of one end. @param {"start" | "end"} end @param {number} t */
  const move = (end, t) => {
    const { chosen } = stage;
    if (!chosen) return;
    const [least, most] = end === "start"
      ? [Math.max(0, chosen.end - LONGEST_S), chosen.end - SHORTEST_S]
      : [chosen.start + SHORTEST_S, Math.min(stage.length, chosen.start + LONGEST_S)];
    const next = { ...chosen, [end]: Math.round(Math.min(most, Math.max(least, t)) * 10) / 10 };
    moved = { id: next.id, start: next.start, end: next.end };
    stage.choose(next);
  };

  const send = async () => {
    clearTimeout(timer);
    const found = line();
    const wanted = moved;
    moved = null;
    if (!wanted || !found || found.dataset.id !== wanted.id) return;
    const note = noteIn(found);
    if (note.start === wanted.start && note.end === wanted.end) return;
    const body = { revision: note.revision, start_s: wanted.start, end_s: wanted.end };
    const isWaiting = () => notes.waiting(wanted.id) !== null;
    const answer = isWaiting() ? { status: 0, body: null, headers: null } : await server.ask("PUT", `${server.api}/${encodeURIComponent(wanted.id)}`, body);
    const waits = notes.waiting(wanted.id);
    // One that the server could not take is first put together with the note as it is now.
    if (isForLater(answer.status) && !waits?.trouble) {
      // It goes with the words that were changed before, and stands on what these stand on.
      notes.change(wanted.id, positionText(note.start), { ...body, ...waits?.body, start_s: wanted.start, end_s: wanted.end });
      say(_("The note is moved to {from}–{to} as soon as the server answers.", { from: positionText(wanted.start), to: positionText(wanted.end) }));
      return;
    }
    if (answer.status === 200) {
      saved();
      say(_("The note is at {from}–{to} now.", { from: positionText(wanted.start), to: positionText(wanted.end) }));
      return;
    }
    say(_("Not moved: {why}", { why: NoteInterface.sentence(answer) }));
    const before = stage.moments.find((moment) => moment.id === wanted.id);
    if (before && stage.chosen?.id === wanted.id) stage.choose(before);
    if (answer.status === 409) saved();
  };

  for (const { end, handle } of ends) {
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      handle.focus({ preventScroll: true });
      handle.classList.add("is-held");
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = over.getBoundingClientRect();
      move(end, stage.from + ((event.clientX - box.left) / box.width) * (stage.to - stage.from));
    });
    for (const kind of ["pointerup", "pointercancel"]) {
      handle.addEventListener(kind, () => {
        handle.classList.remove("is-held");
        send();
      });
    }
    handle.addEventListener("keydown", (event) => {
      const step = STEPS.get(event.key);
      if (step === undefined || !stage.chosen) return;
      event.preventDefault();
      event.stopPropagation();
      move(end, stage.chosen[end] + step);
      clearTimeout(timer);
      timer = setTimeout(send, KEYS_MS);
    });
    handle.addEventListener("blur", () => {
      if (!handle.classList.contains("is-held")) send();
    });
  }
  stage.on("moments", draw);
  stage.on("view", draw);
  new ResizeObserver(draw).observe(over);
}
