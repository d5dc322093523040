// The tab with the next step: answers that say why something was not saved are shown too, and the
// tab says when a step is open. What is typed is kept in the browser until it is saved.

import { Drafts } from "../moments/drafts.js";

const WORDS = ["what", "when_words", "shows_words"];

/** @typedef {HTMLInputElement | HTMLTextAreaElement | null} Field */

/** Keeps the words of the forms in a tab's panel, and puts them back. @param {HTMLElement} view */
function keepWords(view) {
  const { lesson = "", person = "" } = view.closest("main")?.dataset ?? {};
  const drafts = new Drafts(lesson, person);
  const field = (/** @type {HTMLFormElement} */ form, /** @type {string} */ name) => /** @type {Field} */ (form.elements.namedItem(name));
  const keyOf = (/** @type {HTMLFormElement} */ form) => `step:${field(form, "step")?.value || "new"}`;
  const forms = () => /** @type {NodeListOf<HTMLFormElement>} */ (view.querySelectorAll(".step-form"));

  view.addEventListener("input", (event) => {
    const form = /** @type {HTMLFormElement | null} */ (/** @type {HTMLElement} */ (event.target).closest(".step-form"));
    if (!form) return;
    const words = Object.fromEntries(WORDS.map((name) => [name, field(form, name)?.value ?? ""]));
    const note = Object.values(words).filter((text) => text.trim()).join("\n");
    // The revision on which they were begun: whoever saves them later sees what was changed since.
    const revision = drafts.get(keyOf(form))?.revision ?? field(form, "revision")?.value;
    drafts.put(keyOf(form), note ? { note, words, revision } : null);
  });
  view.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = /** @type {CustomEvent} */ (event).detail;
    const form = requestConfig?.elt;
    if (xhr.status < 300 && form instanceof HTMLFormElement && form.matches(".step-form")) drafts.put(keyOf(form), null);
  });
  // "Leave it as it is now" drops one's own words.
  view.addEventListener("click", (event) => {
    if (!/** @type {HTMLElement} */ (event.target).closest(".conflict a")) return;
    for (const form of forms()) drafts.put(keyOf(form), null);
  });
  const restore = () => {
    for (const form of forms()) {
      const draft = drafts.get(keyOf(form));
      if (!draft || WORDS.every((name) => (field(form, name)?.value ?? "") === draft.words[name])) continue;
      for (const name of WORDS) {
        const one = field(form, name);
        if (one) one.value = draft.words[name];
      }
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
  keepWords(view);
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
    if (isOpen) tab?.setAttribute("aria-description", "one is open");
    else tab?.removeAttribute("aria-description");
    const conflict = /** @type {HTMLElement | null} */ (view.querySelector(".conflict, .trouble"));
    conflict?.scrollIntoView({ block: "nearest" });
  });
  const more = document.createElement("button");
  more.type = "button";
  more.className = "quiet small more-below more-of-step";
  more.textContent = "More below";
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
  // Who fills a field means the choice that it belongs to.
  view.addEventListener("input", (event) => {
    const field = /** @type {HTMLElement} */ (event.target);
    const radio = field.closest("fieldset p")?.querySelector('input[type="radio"]');
    if (radio instanceof HTMLInputElement && radio !== field) radio.checked = true;
  });
}
