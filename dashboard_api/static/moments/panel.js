// Connects the list of moments, which the server renders, with the timeline and the playhead.

import { leadOf } from "../lessons/moment_play.js";
import { _ } from "../shared/words.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */
/** @typedef {import("../timeline/stage.js").Moment} Moment */

/** The sentence in a response that says what went wrong. @param {string} text */
function detailOf(text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return _("the server reported an error.");
  }
}

/**
 * @param {HTMLElement} panel @param {Stage} stage @param {import("./list.js").MomentList} moments
 * @param {() => void} reveal shows the list, if another tab is open
 */
export function momentPanel(panel, stage, moments, reveal) {
  const list = () => moments.element;

  const notice = /** @type {HTMLElement} */ (panel.querySelector("#moments-notice"));
  /** A notice that the list also shows is for screen readers only. @param {string} text */
  const say = (text, isShown = true) => {
    notice.classList.toggle("unseen", !isShown);
    notice.textContent = text;
  };

  const read = () => {
    /** @type {Moment[]} */
    const found = [...list().querySelectorAll("li[data-id]")].filter((item) => {
      // More suggestions are on the timeline only while they are open in the list.
      const further = item.closest("details");
      return (!further || further.open) && !(stage.isGuessing && item.matches(".suggested, .routine"));
    }).map((item) => {
      const { id = "", kind = "", noteKind = "", start, end, title = "" } = /** @type {HTMLElement} */ (item).dataset;
      return { id, kind, noteKind, start: Number(start), end: Number(end), title };
    });
    stage.setMoments(found.sort((one, other) => one.start - other.start));
  };

  const show = () => {
    /** @type {Element | null} */
    let newly = null;
    for (const item of list().querySelectorAll("li[data-id]")) {
      const isChosen = /** @type {HTMLElement} */ (item).dataset.id === stage.chosen?.id;
      const wasChosen = item.classList.contains("is-chosen");
      item.classList.toggle("is-chosen", isChosen);
      if (isChosen && !wasChosen) newly = item;
      item.querySelector(".jump")?.setAttribute("aria-expanded", `${isChosen}`);
    }
    // Scroll only the list; the page stays where it is.
    if (newly) {
      const [box, view] = [newly.getBoundingClientRect(), list().getBoundingClientRect()];
      if (box.top < view.top) list().scrollTop += box.top - view.top;
      else if (box.bottom > view.bottom) list().scrollTop += Math.min(box.bottom - view.bottom, box.top - view.top);
    }
  };

  /** @param {Moment} moment */
  const open = (moment) => {
    reveal();
    stage.open(moment, leadOf(moment));
  };

  /** Opens the next or previous moment, counted from the playhead. @param {number} step */
  const go = (step) => {
    const { chosen, cursor } = stage;
    // While the playhead is in the open moment, or in its lead, it counts as at the moment's place.
    const isIn = chosen && cursor >= leadOf(chosen) - 1 && cursor <= chosen.end + 1;
    const at = isIn ? stage.moments.findIndex((moment) => moment.id === chosen.id) : -1;
    const next = at >= 0 ? stage.moments[at + step]
      : step > 0 ? stage.moments.find((moment) => moment.start > cursor)
      : [...stage.moments].reverse().find((moment) => moment.start < cursor);
    if (next) open(next);
    else say(step > 0 ? _("There is no later moment.") : _("There is no earlier moment."));
  };

  /** Opens the moment with this id, also if it is folded away. @param {string} id @returns whether there is one */
  const openById = (id) => {
    const item = list().querySelector(`li[data-id="${CSS.escape(id)}"]`);
    const further = item?.closest("details");
    if (further) {
      further.open = true;
      read();
    }
    const moment = stage.moments.find((each) => each.id === id);
    if (moment) open(moment);
    return Boolean(moment);
  };

  panel.addEventListener("click", (event) => {
    const jump = /** @type {HTMLElement} */ (event.target).closest(".jump");
    const id = /** @type {HTMLElement | null} */ (jump?.closest("li[data-id]") ?? null)?.dataset.id;
    const moment = stage.moments.find((each) => each.id === id);
    if (moment) open(moment);
  });
  const isRead = (/** @type {Event} */ event) => /** @type {CustomEvent} */ (event).detail.requestConfig.verb === "get";
  // What is tried again is not "not saved" any more; what is only read says nothing about it.
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (!isRead(event)) say("");
  });
  for (const kind of ["htmx:responseError", "htmx:sendError"]) {
    document.body.addEventListener(kind, (event) => {
      const { xhr } = /** @type {CustomEvent} */ (event).detail;
      const why = xhr?.status ? detailOf(xhr.responseText) : _("the server does not answer.");
      say(isRead(event) ? _("Not loaded: {why}", { why }) : _("Not saved: {why}", { why }));
    });
  }
  // The toggle event of <details> does not bubble.
  panel.addEventListener("toggle", (event) => {
    if (/** @type {HTMLElement} */ (event.target).closest(".further")) read();
  }, true);
  moments.addEventListener("applied", (event) => {
    const { isDone } = /** @type {CustomEvent} */ (event).detail;
    read();
    if (!isDone) return;
    say(list().dataset.notice ?? "", false);
    // The element that had the focus may be gone.
    if (document.activeElement === document.body) list().focus({ preventScroll: true });
    const { chosen } = list().dataset;
    const moment = stage.moments.find((each) => each.id === chosen);
    if (moment && moment.id !== stage.chosen?.id) stage.choose(moment);
  });
  stage.on("moments", show);
  read();
  return { open, openById, go, say };
}
