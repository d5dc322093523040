// A lesson's plan, on the lesson page and on a page of its own.

import { positionText } from "../timeline/text.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */

/** Puts a standard that is pressed into the plan, at the end of the cursor's line. @param {HTMLElement} root */
export function takeStandards(root) {
  root.addEventListener("htmx:afterSettle", () => {
    for (const button of root.querySelectorAll(".take-standard")) /** @type {HTMLElement} */ (button).hidden = false;
  });
  root.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest(".take-standard");
    const text = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("plan-text"));
    if (!(button instanceof HTMLElement) || !text) return;
    const after = text.value.indexOf("\n", text.selectionStart);
    const end = after < 0 ? text.value.length : after;
    const before = text.value.slice(0, end);
    const added = `${before && !/\s$/.test(before) ? " " : ""}#${button.dataset.code}`;
    text.setRangeText(added, end, end, "end");
    text.focus();
  });
}

/**
 * The part on the lesson page: "at the playhead" sends the time of the playhead, and what was said is
 * drawn at once.
 * @param {HTMLElement | null} card
 * @param {Stage} stage
 * @param {{again: () => Promise<void>}} loader
 */
export function planPart(card, stage, loader) {
  if (!card) return;
  takeStandards(card);
  card.addEventListener("htmx:afterSettle", (event) => {
    for (const button of card.querySelectorAll(".at-playhead")) /** @type {HTMLElement} */ (button).hidden = false;
    const { requestConfig } = /** @type {any} */ (event).detail;
    if (requestConfig?.verb === "post") loader.again();
  });
  card.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("button.at-playhead");
    const at = /** @type {HTMLInputElement | null | undefined} */ (button?.closest("form")?.querySelector("input[name=at]"));
    if (at) at.value = positionText(stage.cursor);
  }, true);
}
