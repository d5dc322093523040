// The fields of a note in a form: its kind, its tags and its words, and its place in the lesson.

import { parseSeconds, positionText } from "../timeline/text.js";
import { _ } from "../shared/words.js";

/** @typedef {import("./drafts.js").NoteDraft} NoteDraft */

/** Kinds by the keys 1 to 4, and the tags that are chosen in their own words. @param {HTMLFormElement} form */
export function kindsAndTags(form) {
  const kinds = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll('[name="note_kind"]')]);
  const older = /** @type {HTMLElement} */ (form.querySelector(".older-tags"));
  const boxes = () => /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll('[name="tags"]')]);
  const chosen = /** @type {HTMLElement} */ (form.querySelector(".chosen-tags"));

  const show = () => {
    chosen.replaceChildren(...boxes().filter((box) => box.checked).map((box) => {
      const tag = document.createElement("span");
      tag.className = "tag";
      tag.textContent = box.dataset.label ?? "";
      return tag;
    }));
  };
  form.addEventListener("change", show);
  form.addEventListener("keydown", (event) => {
    const kind = /^Digit[1-4]$/.test(event.code) ? kinds[Number(event.code.slice(5)) - 1] : null;
    const isText = /** @type {HTMLElement} */ (event.target).matches('textarea, input:not([type="radio"], [type="checkbox"])');
    if (!kind || event.ctrlKey || event.metaKey || (isText && !event.altKey)) return;
    event.preventDefault();
    kind.checked = true;
    kind.dispatchEvent(new Event("change", { bubbles: true }));
  });

  return {
    /** @returns {{kind: string, tags: {id: string, label: string}[]}} */
    get: () => ({
      kind: kinds.find((one) => one.checked)?.value ?? "observation",
      tags: boxes().filter((box) => box.checked).map((box) => ({ id: box.value, label: box.dataset.label ?? "" })),
    }),
    /** @param {string} kind @param {{id: string, label: string}[]} tags */
    set: (kind, tags) => {
      for (const one of kinds) one.checked = one.value === kind;
      older.replaceChildren();
      const wanted = new Set(tags.map((tag) => tag.id));
      const known = new Set(boxes().map((box) => box.value));
      // Tags of a framework before this one stay, and can be taken off.
      for (const tag of tags.filter((each) => !known.has(each.id))) {
        const label = document.createElement("label");
        label.className = "tag-box";
        const box = document.createElement("input");
        Object.assign(box, { type: "checkbox", name: "tags", value: tag.id });
        box.dataset.label = tag.label;
        label.append(box, tag.label);
        older.append(label);
      }
      for (const box of boxes()) box.checked = wanted.has(box.value);
      for (const open of form.querySelectorAll("details[open]")) open.removeAttribute("open");
      show();
    },
  };
}

/**
 * A time of the lesson in a field with buttons for a second more and less.
 * @param {HTMLInputElement} field @param {() => number} length @param {() => void} changed
 */
export function timeField(field, length, changed) {
  let value = 0;
  const show = () => { field.value = positionText(value); };
  const set = (/** @type {number} */ t) => {
    value = Math.min(Math.max(0, Math.round(t * 10) / 10), length());
    field.setCustomValidity("");
    show();
  };
  /** A time that stands as it is until somebody changes it. */
  const put = (/** @type {number} */ t) => {
    value = t;
    field.setCustomValidity("");
    show();
  };
  field.addEventListener("input", () => {
    const t = parseSeconds(field.value);
    const isFine = t !== null && t <= length();
    field.setCustomValidity(isFine ? "" : _("Enter a time in the lesson, such as 12:30"));
    if (isFine) {
      value = t;
      changed();
    }
  });
  for (const button of field.parentElement?.querySelectorAll("button[data-step]") ?? []) {
    button.addEventListener("click", () => {
      set(value + Number(/** @type {HTMLElement} */ (button).dataset.step));
      changed();
    });
  }
  return { get: () => value, set, put };
}
