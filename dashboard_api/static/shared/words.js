// What a page says, in the reader's language. A text is English in the code; the catalogue of another
// language runs before the modules, as `globalThis.roomtoneWords`, with which of a message's forms a number
// takes, as `globalThis.roomtonePlural`.

const CONTEXT_END = "\u0004";

/** @typedef {Record<string, string | number>} Values */

/** @type {Record<string, string | string[] | undefined>} */
const words = /** @type {any} */ (globalThis).roomtoneWords ?? {};
/** @type {(n: number) => number | boolean} */
const pluralOf = /** @type {any} */ (globalThis).roomtonePlural ?? ((n) => n !== 1);

/** Of the page: for dates and numbers. A worker has no page, and makes no text. */
export const LANGUAGE = globalThis.document?.documentElement.lang || "en";

/** The translation of a message; of one that has several forms, that for `n` things. @param {string} key @param {number} [n] */
function found(key, n = 1) {
  const forms = words[key];
  return Array.isArray(forms) ? forms[Number(pluralOf(n))] : forms;
}

/** @param {string} text @param {Values} values */
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));

/** The message in the reader's language, `{name}` in it replaced by the value of that name. @param {string} message @param {Values} [values] */
export function _(message, values = {}) {
  return filled(found(message) ?? message, values);
}

/** The message for `n` things, `{n}` in it. @param {string} one @param {string} many @param {number} n @param {Values} [values] */
export function ngettext(one, many, n, values = {}) {
  return filled(found(one, n) ?? (n === 1 ? one : many), { n, ...values });
}

/** A message that has several translations, and which of them is meant. @param {string} context @param {string} message @param {Values} [values] */
export function pgettext(context, message, values = {}) {
  return filled(found(context + CONTEXT_END + message) ?? message, values);
}

/** A number with so many digits after the decimal sign, without groups. @param {number} value @param {number} [digits] */
export function numberText(value, digits = 0) {
  // Rounded first: toLocaleString takes 0.35 for what it looks like, and it is a little less.
  const rounded = Number(value.toFixed(digits));
  return rounded.toLocaleString(LANGUAGE, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false });
}
