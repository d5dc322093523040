// Connects the list of moments, which the server renders, with the timeline and the playhead.

import { leadOf } from "../lessons/moment_play.js";
import { parseSeconds, positionText } from "../timeline/text.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */
/** @typedef {import("../timeline/stage.js").Moment} Moment */

/** The sentence in a response that says what went wrong. @param {string} text */
function detailOf(text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return "the server reported an error.";
  }
}

/** @param {HTMLElement} panel @param {Stage} stage @param {() => void} reveal shows the list, if another tab is open */
export function momentPanel(panel, stage, reveal) {
  const form = /** @type {HTMLFormElement} */ (panel.querySelector("#new-moment"));
  const field = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (panel.querySelector(id));
  const list = () => /** @type {HTMLElement} */ (panel.querySelector("#moment-list"));

  const notice = field("#moments-notice");
  /** A notice that the list also shows is for screen readers only. @param {string} text */
  const say = (text, isShown = true) => {
    notice.classList.toggle("unseen", !isShown);
    notice.textContent = text;
  };

  const read = () => {
    /** @type {Moment[]} */
    const moments = [...list().querySelectorAll("li[data-id]")].filter((item) => {
      // More suggestions are on the timeline only while they are open in the list.
      const further = item.closest("details");
      return !further || further.open;
    }).map((item) => {
      const { id = "", kind = "", noteKind = "", start, end, title = "" } = /** @type {HTMLElement} */ (item).dataset;
      return { id, kind, noteKind, start: Number(start), end: Number(end), title };
    });
    stage.setMoments(moments.sort((one, other) => one.start - other.start));
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
    const { moments, chosen, cursor } = stage;
    // While the playhead is in the open moment, or in its lead, it counts as at the moment's place.
    const isIn = chosen && cursor >= leadOf(chosen) - 1 && cursor <= chosen.end + 1;
    const at = isIn ? moments.findIndex((moment) => moment.id === chosen.id) : -1;
    const next = at >= 0 ? moments[at + step]
      : step > 0 ? moments.find((moment) => moment.start > cursor)
      : [...moments].reverse().find((moment) => moment.start < cursor);
    if (next) open(next);
    else say(step > 0 ? "There is no later moment." : "There is no earlier moment.");
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

  const compose = () => {
    reveal();
    form.hidden = false;
    const start = Math.max(0, Math.floor(stage.cursor));
    field("#moment-position").value = positionText(start);
    field("#moment-start").value = `${start}`;
    field("#moment-note").focus();
  };
  const close = () => {
    form.hidden = true;
    form.reset();
    field("#mark").focus();
  };

  panel.addEventListener("click", (event) => {
    const jump = /** @type {HTMLElement} */ (event.target).closest(".jump");
    const id = /** @type {HTMLElement | null} */ (jump?.closest("li[data-id]") ?? null)?.dataset.id;
    const moment = stage.moments.find((each) => each.id === id);
    if (moment) open(moment);
  });
  field("#mark").addEventListener("click", compose);
  field("#moment-cancel").addEventListener("click", close);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  field("#moment-position").addEventListener("input", (event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const at = parseSeconds(input.value);
    const isFine = at !== null && at <= stage.length;
    input.setCustomValidity(isFine ? "" : "Enter a time in the lesson, such as 12:30");
    if (at !== null) field("#moment-start").value = `${at}`;
  });
  document.body.addEventListener("htmx:afterRequest", (event) => {
    const { elt, successful } = /** @type {CustomEvent} */ (event).detail;
    if (elt === form && successful) close();
  });
  for (const kind of ["htmx:responseError", "htmx:sendError"]) {
    document.body.addEventListener(kind, (event) => {
      const { xhr } = /** @type {CustomEvent} */ (event).detail;
      say(xhr?.status ? `Not saved: ${detailOf(xhr.responseText)}` : "Not saved: the server does not answer.");
    });
  }
  // The toggle event of <details> does not bubble.
  panel.addEventListener("toggle", (event) => {
    if (/** @type {HTMLElement} */ (event.target).closest(".further")) read();
  }, true);
  document.body.addEventListener("htmx:afterSettle", () => {
    read();
    say(list().dataset.notice ?? "", false);
    // The element that had the focus may be gone.
    if (document.activeElement === document.body) list().focus({ preventScroll: true });
    const { chosen } = list().dataset;
    const moment = stage.moments.find((each) => each.id === chosen);
    if (moment && moment.id !== stage.chosen?.id) stage.choose(moment);
  });
  stage.on("moments", show);
  read();
  return { open, openById, go, compose };
}
