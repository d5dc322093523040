// The agenda of the talk: which part it is in, for how long, and what the page opens for it.

import { _ } from "../shared/words.js";
import { positionText } from "../timeline/text.js";

const FIELDS = "textarea, input, select";

/**
 * How a part's time stands: what has passed and, beyond its minutes, by how many it is over.
 * @param {number} passedMs @param {number} minutes
 */
export function timeOf(passedMs, minutes) {
  const passed = Math.max(0, Math.floor(passedMs / 1000));
  return { passed, over: Math.max(0, Math.floor(passed / 60) - minutes) };
}

export class Agenda {
  /** @type {{step: number, since_ms: number} | null} */
  #place = null;

  /**
   * @param {HTMLElement} main
   * @param {{turn: (step: number) => void, now: () => number | null, said: (text: string) => void}} parts
   *   `now` is the server's time
   * @param {AbortSignal} signal the debrief is over
   */
  constructor(main, parts, signal) {
    this.main = main;
    this.parts = parts;
    this.holder = this.#find("agenda");
    this.steps = /** @type {HTMLElement[]} */ ([...this.holder.querySelectorAll("[data-step]")]);
    this.#find("agenda-start").addEventListener("click", () => parts.turn(0), { signal });
    this.#find("agenda-next").addEventListener("click", () => parts.turn((this.#place?.step ?? -1) + 1), { signal });
    for (const [number, step] of this.steps.entries()) {
      step.querySelector("button")?.addEventListener("click", () => {
        parts.turn(number);
        /** @type {any} */ (this.#find("agenda-list")).hidePopover();
      }, { signal });
    }
  }

  /** What a page says after a restart of the server. */
  known() {
    const now = this.parts.now();
    if (!this.#place || now === null) return {};
    return { step: this.#place.step, step_age_ms: Math.min(86400000, Math.max(0, now - this.#place.since_ms)) };
  }

  /** @param {{step: number, since_ms: number}} place */
  heard(place) {
    const isNew = this.#place?.step !== place.step;
    const isFirst = this.#place === null;
    this.#place = place;
    this.draw();
    const step = this.steps[place.step];
    if (!isNew || !step) return;
    const hadFocus = document.activeElement === this.#find("agenda-start");
    if (hadFocus || document.activeElement === document.body) this.#find("agenda-now").focus({ preventScroll: true });
    this.parts.said(`${step.dataset.name}: ${step.querySelector("p")?.textContent ?? ""}`);
    // Who joins later is not taken away from where they are, and neither is who types.
    const isTyping = document.activeElement?.matches(FIELDS) ?? false;
    if (!isTyping && (!isFirst || place.step > 0)) this.#open(step.dataset.opens ?? "");
  }

  draw() {
    const place = this.#place;
    this.#find("agenda-start").hidden = Boolean(place);
    this.#find("agenda-now").hidden = !place;
    const next = place ? this.steps[place.step + 1] : null;
    this.#find("agenda-next").hidden = !next;
    if (!place) return;
    const { dataset } = this.steps[place.step];
    const { passed, over } = timeOf((this.parts.now() ?? place.since_ms) - place.since_ms, Number(dataset.minutes));
    const time = over ? _("{n} min over", { n: over })
      : _("{passed} of {whole}", { passed: positionText(passed), whole: positionText(Number(dataset.minutes) * 60) });
    this.holder.classList.toggle("is-over", over > 0);
    this.#put("agenda-name", dataset.name ?? "");
    this.#put("agenda-time", time);
    if (next) this.#put("agenda-next", _("Next: {name}", { name: next.dataset.name ?? "" }));
    for (const [number, step] of this.steps.entries()) {
      if (number === place.step) step.setAttribute("aria-current", "step");
      else step.removeAttribute("aria-current");
    }
  }

  #put(/** @type {string} */ id, /** @type {string} */ text) {
    const found = this.#find(id);
    if (found.textContent !== text) found.textContent = text;
  }

  #open(/** @type {string} */ what) {
    if (what.startsWith("tab-")) document.getElementById(what)?.click();
    // The teacher's own page has the guess, until there is one.
    else if (what === "guess" && this.main.dataset.guess === "may" && !this.main.querySelector("#guess-result")?.childElementCount) {
      this.main.querySelector("#guess-open")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    }
  }

  #find(/** @type {string} */ id) {
    return /** @type {HTMLElement} */ (this.main.querySelector(`#${id}`));
  }
}
