// What a page says, in the reader's language. A text is English in the code; the catalogue of another
// language runs before the modules, as `globalThis.roomtoneWords`.

const CONTEXT_END = "\u0004";

/** @typedef {Record<string, string | number>} Values */

/** @type {Record<string, string | string[] | undefined>} */
const words = /** @type {any} */ (globalThis).roomtoneWords ?? {};

/** Of the page: for dates and numbers. A worker has no page, and makes no text. */
export const LANGUAGE = globalThis.document?.documentElement.lang || "en";

/** @param {string} text @param {Values} values */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));

/** The message in the reader's language, `{name}` in it replaced by the value of that name. @param {string} message @param {Values} [values] */
export function _(message, values = {}) {
  return filled(/** @type {string} */ (words[message] ?? message), values);
}

/** The message for `n` things, `{n}` in it. @param {string} one @param {string} many @param {number} n @param {Values} [values] */
export function ngettext(one, many, n, values = {}) {
  const forms = words[one] ?? [one, many];
  return filled(forms[n === 1 ? 0 : 1], { n, ...values });
}

/** A message that has several translations, and which of them is meant. @param {string} context @param {string} message @param {Values} [values] */
export function pgettext(context, message, values = {}) {
  return filled(/** @type {string} */ (words[context + CONTEXT_END + message] ?? message), values);
}

/** A number with so many digits after the decimal sign. @param {number} value @param {number} [digits] */
export function numberText(value, digits = 0) {
  return value.toLocaleString(LANGUAGE, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });
}
