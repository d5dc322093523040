// The list of moments, as the server renders it, brought up to date without disturbing who writes in it.

const TYPED = "textarea, select, input:not([type=hidden], [type=button], [type=submit])";

/** What of the list a line of its HTML is. @param {Element} line */
const keyOf = (line) => /** @type {HTMLElement} */ (line).dataset.id ?? line.className;

/** @param {Element} element */
const hasFocus = (element) => element.contains(document.activeElement) && Boolean(document.activeElement?.matches(TYPED));

/** Brings what somebody typed, and what they opened, into a new version. @param {Element} old @param {Element} fresh */
function carry(old, fresh) {
  for (const open of old.querySelectorAll("details[open]")) {
    const same = fresh.querySelector(open.className ? `details.${open.className.split(" ").join(".")}` : "details:not([class])");
    same?.setAttribute("open", "");
  }
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (old.querySelectorAll(TYPED))) {
    const isTyped = field.matches("select") ? ![...field.querySelectorAll("option")].every((one) => one.selected === one.defaultSelected) : field.value !== field.defaultValue;
    const same = /** @type {HTMLInputElement | null} */ (fresh.querySelector(`[name="${field.name}"]`));
    if (isTyped && same) same.value = field.value;
  }
}

/** Replaces all of a line but the field in which somebody writes; false where its parts are others. @param {Element} old @param {Element} fresh @returns {boolean} */
function around(old, fresh) {
  const [before, after] = [[...old.children], [...fresh.children]];
  if (before.length !== after.length) return false;
  const at = before.findIndex((child) => child.contains(document.activeElement));
  if (at < 0) return true;
  if (!before[at].matches(TYPED) && !around(before[at], after[at])) return false;
  before.forEach((child, i) => {
    if (i !== at && !child.isEqualNode(after[i])) {
      carry(child, after[i]);
      child.replaceWith(after[i]);
    }
  });
  return true;
}

export class MomentList extends EventTarget {
  /** The server's HTML of each line, as it is shown. @type {Map<string, string>} */
  #known = new Map();
  /** A version that could not be shown in full yet. */
  #later = "";

  /** @param {HTMLElement} holder */
  constructor(holder) {
    super();
    this.holder = holder;
    for (const line of this.element.children) this.#known.set(keyOf(line), line.outerHTML);
    // Changes by forms go the same way: another note may be open to be written.
    document.body.addEventListener("htmx:beforeSwap", (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      if (detail.target?.id !== "moment-list" || detail.xhr.status !== 200) return;
      detail.shouldSwap = false;
      this.apply(detail.xhr.responseText, { isDone: true });
    });
    holder.addEventListener("focusout", () => setTimeout(() => this.#again()));
  }

  get element() {
    return /** @type {HTMLElement} */ (this.holder.querySelector("#moment-list"));
  }

  /**
   * Shows a new version of the list.
   * @param {string} html
   * @param {{ isDone?: boolean }} [how] whether the person has just done something: then nothing that they typed
   *   in the line that they did it in is kept
   */
  apply(html, { isDone = false } = {}) {
    const made = document.createElement("template");
    made.innerHTML = html.trim();
    const fresh = /** @type {HTMLElement} */ (made.content.firstElementChild);
    const list = this.element;
    const focused = document.activeElement?.id;
    const done = isDone ? document.activeElement?.closest("li[data-id]") : null;
    const old = new Map([...list.children].map((line) => [keyOf(line), line]));
    /** @type {string[]} */
    const added = [];
    this.#later = "";
    const lines = [...fresh.children].map((line) => {
      const key = keyOf(line);
      const text = line.outerHTML;
      const before = old.get(key);
      if (before && this.#known.get(key) === text) return before;
      if (before && hasFocus(before) && before !== done) {
        if (around(before, line)) {
          this.#known.set(key, text);
          this.#changed(before, text);
        } else this.#later = html;
        return before;
      }
      this.#known.set(key, text);
      // Open as it was, so that what had the focus in it can have it again.
      line.classList.toggle("is-chosen", Boolean(before?.classList.contains("is-chosen")));
      if (!before) added.push(key);
      else if (before !== done) carry(before, line);
      /** @type {any} */ (window).htmx?.process(line);
      return line;
    });
    for (const line of [...list.children]) if (!lines.includes(line)) line.remove();
    let at = list.firstElementChild;
    for (const line of lines) {
      if (line === at) at = at.nextElementSibling;
      else list.insertBefore(line, at);
    }
    for (const name of ["data-chosen", "data-notice"]) {
      const value = fresh.getAttribute(name);
      if (value === null) list.removeAttribute(name);
      else list.setAttribute(name, value);
    }
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
    this.dispatchEvent(new CustomEvent("applied", { detail: { added, isDone } }));
  }

  /** The attributes of a line that was only changed around a field. @param {Element} line @param {string} text */
  #changed(line, text) {
    const made = document.createElement("template");
    made.innerHTML = text;
    for (const { name, value } of /** @type {Element} */ (made.content.firstElementChild).attributes) {
      if (name.startsWith("data-")) line.setAttribute(name, value);
    }
    /** @type {any} */ (window).htmx?.process(line);
  }

  #again() {
    if (this.#later) this.apply(this.#later);
  }
}
