// The moments as marks above the lanes. Marks that are too close become one cluster with a count. A
// routine is a band with its name, below the marks.

import { sizeOf } from "../timeline/size.js";
import { positionText } from "../timeline/text.js";
import { _, ngettext } from "../shared/words.js";
import { kindText } from "./note.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */
/** @typedef {import("../timeline/stage.js").Moment} Moment */

const MIN_DISTANCE_PX = 26;
const MIN_NAMED_PX = 72;

/** Whose a moment is. @param {string} kind */
function whose(kind) {
  return {
    suggested: _("suggested"), strength: _("suggested, a calm stretch"), own: _("marked by the teacher"), "own by-coach": _("marked by a coach"),
  }[kind] ?? kind;
}

/**
 * Groups the moments whose marks would overlap.
 * @param {Moment[]} moments in order of time
 * @param {(t: number) => number} x in pixels
 */
export function clusters(moments, x) {
  /** @type {Moment[][]} */
  const groups = [];
  let last = -Infinity;
  for (const moment of moments) {
    const at = x(moment.start);
    if (at - last < MIN_DISTANCE_PX) groups[groups.length - 1].push(moment);
    else groups.push([moment]);
    last = at;
  }
  return groups;
}

/** The sign of a note's kind, on its mark. @param {string} kind */
function sign(kind) {
  const glyph = document.createElement("i");
  glyph.className = `glyph ${kind}`;
  glyph.setAttribute("aria-hidden", "true");
  return glyph;
}

/** @param {Moment} routine @param {number} left in pixels @param {number} width in pixels @param {number} whole in pixels */
function band(routine, left, width, whole) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.moment = routine.id;
  button.className = "routine-band";
  // Shares of the lane stay right where it gets another width, as on paper.
  button.style.left = `${(left / whole) * 100}%`;
  button.style.width = `${(width / whole) * 100}%`;
  if (width >= MIN_NAMED_PX) button.textContent = routine.title;
  button.setAttribute("aria-label", _("{time}, a routine: {title}", { time: positionText(routine.start), title: routine.title }));
  return button;
}

/** @param {HTMLElement} holder @param {HTMLElement} chosen @param {Stage} stage @param {(moment: Moment) => void} open */
export function marks(holder, chosen, stage, open) {
  const size = sizeOf(holder, () => draw());
  const draw = () => {
    const { width } = size;
    const x = (/** @type {number} */ t) => stage.x(t) * width;
    const seen = stage.moments.filter((moment) => moment.kind !== "routine" && moment.start >= stage.from && moment.start <= stage.to);
    const routines = stage.moments.filter((moment) => moment.kind === "routine" && moment.end > stage.from && moment.start < stage.to);
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.moment;
    const bands = routines.map((routine) => {
      const [left, right] = [Math.max(0, x(routine.start)), Math.min(width, x(routine.end))];
      const button = band(routine, Math.min(left, width - MIN_DISTANCE_PX), Math.max(MIN_DISTANCE_PX, right - left), width);
      if (routine.id === stage.chosen?.id) button.classList.add("is-chosen");
      button.addEventListener("click", () => open(routine));
      return button;
    });
    holder.replaceChildren(...bands, ...clusters(seen, x).map((group) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.moment = group[0].id;
      const left = group.reduce((sum, moment) => sum + x(moment.start), 0) / group.length;
      button.style.left = `${(Math.min(width - 13, Math.max(13, left)) / width) * 100}%`;
      const isChosen = group.some((moment) => moment.id === stage.chosen?.id);
      button.className = `mark ${group.length > 1 ? "cluster" : group[0].kind}${isChosen ? " is-chosen" : ""}`;
      if (group.length > 1) {
        button.textContent = `${group.length}`;
        const values = { time: positionText(group[0].start), titles: group.map((moment) => moment.title).join("; ") };
        button.setAttribute("aria-label", ngettext("{n} moment from {time}: {titles}", "{n} moments from {time}: {titles}", group.length, values));
      } else {
        const { start, kind, noteKind, title } = group[0];
        const values = { time: positionText(start), kind: whose(kind), title };
        button.setAttribute("aria-label", noteKind ? _("{time}, {note}, {kind}: {title}", { ...values, note: kindText(noteKind) }) : _("{time}, {kind}: {title}", values));
        if (noteKind) button.append(sign(noteKind));
      }
      button.addEventListener("click", () => pick(group));
      return button;
    }));
    if (focused) /** @type {HTMLElement | null} */ (holder.querySelector(`[data-moment="${CSS.escape(focused)}"]`))?.focus({ preventScroll: true });
    chosen.hidden = !stage.chosen || stage.chosen.end < stage.from || stage.chosen.start > stage.to;
    if (stage.chosen && !chosen.hidden) {
      const [a, b] = [Math.max(0, stage.x(stage.chosen.start)), Math.min(1, stage.x(stage.chosen.end))];
      chosen.style.left = `${a * 100}%`;
      chosen.style.width = `${(b - a) * 100}%`;
    }
  };

  const pick = (/** @type {Moment[]} */ group) => {
    const first = group[0].start;
    const last = group[group.length - 1].start;
    const margin = Math.max(20, (last - first) * 0.3);
    const canSeparate = group.length > 1 && last - first > 0 && stage.to - stage.from > (last - first + 2 * margin) * 1.2;
    if (canSeparate) {
      stage.setView(first - margin, last + margin);
      return;
    }
    // Zooming can't separate these marks: each click opens the next one.
    const at = group.findIndex((moment) => moment.id === stage.chosen?.id);
    open(group[(at + 1) % group.length]);
  };

  stage.on("view", draw);
  stage.on("moments", draw);
}
