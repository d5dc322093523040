// The tab with the next step: answers that say why something was not saved are shown too, and the
// tab says when a step is open. What is typed is kept in the browser until it is saved.

import { Drafts } from "../moments/drafts.js";
import { _ } from "../shared/words.js";

const WORDS = ["what", "when_words", "shows_words"];
/** Fields that belong together: what one changed of them is put back as a whole, and nothing else. */
const GROUPS = [["what"], ["part", "when_words"], ["shows", "settles_minutes", "shows_zone", "zone_minutes", "shows_words"], ["moment"]];

/** @typedef {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement | RadioNodeList | null} Field */

/** What is typed and chosen, by the fields' names. @param {HTMLFormElement} form @returns {Record<string, string>} */
function valuesOf(form) {
  const values = new FormData(form);
  return Object.fromEntries(GROUPS.flat().map((name) => [name, String(values.get(name) ?? "")]));
}

/** @param {HTMLFormElement} form @param {string} name @param {string} value */
function fill(form, name, value) {
  const field = /** @type {Field} */ (form.elements.namedItem(name));
  if (!field) return;
  // A zone or a moment that is not there any more can't be chosen.
  if (field instanceof HTMLSelectElement && ![...field.options].some((option) => option.value === value)) return;
  field.value = value;
}

/** Keeps what is in the forms of a tab's panel, and puts it back. @param {HTMLElement} view */
function keepForms(view) {
  const { lesson = "", person = "" } = view.closest("main")?.dataset ?? {};
  const drafts = new Drafts(lesson, person);
  const field = (/** @type {HTMLFormElement} */ form, /** @type {string} */ name) => /** @type {HTMLInputElement | null} */ (form.elements.namedItem(name));
  const keyOf = (/** @type {HTMLFormElement} */ form) => `step:${field(form, "step")?.value || "new"}`;
  const forms = () => /** @type {NodeListOf<HTMLFormElement>} */ (view.querySelectorAll(".step-form"));
  /** What the server has of each form; none for one that came back with what it did not take. @type {WeakMap<HTMLFormElement, Record<string, string>>} */
  const saved = new WeakMap();

  /** Keeps what was changed in a form. @param {Event} event */
  const keep = (event) => {
    const form = /** @type {HTMLFormElement | null} */ (/** @type {HTMLElement} */ (event.target).closest(".step-form"));
    if (!form) return;
    const [values, before] = [valuesOf(form), saved.get(form)];
    const changed = GROUPS.filter((names) => names.some((name) => values[name] !== before?.[name])).flat();
    const words = Object.fromEntries(changed.map((name) => [name, values[name]]));
    const note = WORDS.map((name) => words[name] ?? "").filter((text) => text.trim()).join("\n");
    // The revision on which they were begun: whoever saves them later sees what was changed since.
    const revision = drafts.get(keyOf(form))?.revision ?? field(form, "revision")?.value;
    drafts.put(keyOf(form), changed.length ? { note, words, revision } : null);
  };
  view.addEventListener("input", keep);
  view.addEventListener("change", keep);
  view.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = /** @type {CustomEvent} */ (event).detail;
    const form = requestConfig?.elt;
    if (xhr.status < 300 && form instanceof HTMLFormElement && form.matches(".step-form")) drafts.put(keyOf(form), null);
  });
  // "Leave it as it is now" drops what one typed.
  view.addEventListener("click", (event) => {
    if (!/** @type {HTMLElement} */ (event.target).closest(".conflict a")) return;
    for (const form of forms()) drafts.put(keyOf(form), null);
  });
  const restore = () => {
    for (const form of forms()) {
      const values = valuesOf(form);
      const draft = drafts.get(keyOf(form));
      const words = /** @type {[string, string][]} */ (Object.entries(draft?.words ?? {}));
      const isHere = words.every(([name, value]) => values[name] === value);
      if (!saved.has(form) && !(draft && isHere)) saved.set(form, values);
      if (isHere) continue;
      for (const [name, value] of words) fill(form, name, value);
      const revision = field(form, "revision");
      if (revision && draft.revision) revision.value = draft.revision;
      form.closest("details")?.setAttribute("open", "");
    }
  };
  view.addEventListener("htmx:afterSettle", restore);
  restore();
}

/** @param {HTMLElement} view the tab's panel @param {HTMLElement | null} tab */
export function nextStep(view, tab) {
  // Who fills a field means the choice that it belongs to: before the form is kept.
  view.addEventListener("input", (event) => {
    const field = /** @type {HTMLElement} */ (event.target);
    const radio = field.closest("fieldset p")?.querySelector('input[type="radio"]');
    if (radio instanceof HTMLInputElement && radio !== field) radio.checked = true;
  });
  keepForms(view);
  view.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    // What somebody else changed meanwhile comes back beside one's own text, to choose.
    if (detail.xhr.status !== 409 && detail.xhr.status !== 422) return;
    // The notice above the tabs says what any other answer is about.
    if (!detail.xhr.getResponseHeader("Content-Type")?.startsWith("text/html")) return;
    detail.shouldSwap = true;
    detail.isError = false;
  });
  view.addEventListener("htmx:afterSettle", () => {
    const step = view.querySelector("#next-step");
    const isOpen = step instanceof HTMLElement && "open" in step.dataset;
    tab?.classList.toggle("has-step", isOpen);
    if (isOpen) tab?.setAttribute("aria-description", _("one is open"));
    else tab?.removeAttribute("aria-description");
    const conflict = /** @type {HTMLElement | null} */ (view.querySelector(".conflict, .trouble"));
    conflict?.scrollIntoView({ block: "nearest" });
  });
  // What was opened and read is brought to the top of the tab.
  view.addEventListener("htmx:afterSettle", (event) => {
    const read = /** @type {HTMLElement} */ (event.target);
    const fold = /** @type {HTMLElement | null} */ (read.matches(".measure") ? read.closest("details") : null);
    const tab = view.querySelector("#next-step");
    if (fold && tab) tab.scrollBy({ top: fold.getBoundingClientRect().top - tab.getBoundingClientRect().top });
  });
  const more = document.createElement("button");
  more.type = "button";
  more.className = "quiet small more-below more-of-step";
  more.textContent = _("More below");
  const content = () => view.querySelector("#next-step");
  more.addEventListener("click", () => content()?.scrollBy({ top: view.clientHeight * 0.8 }));
  view.append(more);
  const show = () => {
    const { scrollHeight = 0, clientHeight = 0, scrollTop = 0 } = content() ?? {};
    // At the end it keeps its place: what somebody is about to press must not move away.
    more.hidden = scrollHeight <= clientHeight;
    more.classList.toggle("is-at-end", scrollHeight - clientHeight - scrollTop < 40);
  };
  // Scrolling does not bubble, and the content is replaced after each change.
  view.addEventListener("scroll", show, true);
  view.addEventListener("toggle", show, true);
  view.addEventListener("htmx:afterSettle", show);
  new ResizeObserver(show).observe(view);
}
