// Shows what waits for the server, and what the server can't take, so that nobody takes it for saved.

import { linkText } from "./note_outbox.js";
import { positionText } from "../timeline/text.js";
import { _ } from "../shared/words.js";

/** @typedef {import("./note_outbox.js").Sending} Sending */

/** An item that goes out at once is not shown: it would only flash. */
const AT_ONCE_MS = 600;

/** @param {string} tag @param {string} text @param {string} [kind] */
function part(tag, text, kind = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = kind;
  return made;
}

/** @param {string} text @param {() => void} act */
export function action(text, act) {
  const button = /** @type {HTMLButtonElement} */ (part("button", text, "quiet small"));
  button.type = "button";
  button.addEventListener("click", act);
  return button;
}

/** Copies a text; where the browser does not allow it, selects it. @param {string} text @param {HTMLButtonElement} button */
export async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = _("Copied");
  } catch {
    const field = button.parentElement?.querySelector("textarea");
    field?.select();
    document.execCommand("copy");
    button.textContent = field ? _("Copied, or selected to copy") : _("Select the text to copy it");
  }
}

/** @param {Sending} item */
export const wordsOf = (item) => String(item.body.note ?? item.body.text ?? "");

/** What it is, and that it is not on the server. @param {Sending} item */
function headOf({ what, place, trouble: why }) {
  if (why) {
    return {
      note: _("Note at {place}: not saved. {why}", { place, why }), change: _("Change of your note at {place}: not saved. {why}", { place, why }),
      reply: _("Reply to {place}: not saved. {why}", { place, why }),
    }[what];
  }
  return {
    note: _("Note at {place}: waits to be sent", { place }), change: _("Change of your note at {place}: waits to be sent", { place }),
    reply: _("Reply to {place}: waits to be sent", { place }),
  }[what];
}

/** Its words, or what else it says. @param {Sending} item */
function shownOf(item) {
  const { what, body } = item;
  if (what === "change" && body.note === undefined) return `${positionText(body.start_s)}–${positionText(body.end_s)}`;
  return wordsOf(item) || _("without words");
}

/**
 * @param {HTMLElement} holder @param {HTMLElement} link @param {import("../shared/outbox.js").Outbox<Sending>} outbox
 * @param {(moment: string) => void} [open] opens a change that the server did not take beside the note as it is now
 */
export function showWaiting(holder, link, outbox, open) {
  let drawn = "";
  let timer = 0;
  const draw = () => {
    clearTimeout(timer);
    const { items, state } = outbox;
    const state_text = linkText(outbox);
    if (link.dataset.text !== state_text) { // a screen reader need not hear it again
      link.dataset.text = state_text;
      link.textContent = state_text;
      link.hidden = !state_text;
      if (state === "out") {
        const again = /** @type {HTMLAnchorElement} */ (part("a", _("Sign in again")));
        again.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
        link.append(again);
      }
    }
    const seen = JSON.stringify([items, state]);
    if (seen === drawn) return;
    drawn = seen;
    holder.hidden = !items.length;
    holder.replaceChildren(...items.map((item) => {
      const line = document.createElement("li");
      line.className = item.trouble ? "is-trouble" : "";
      line.append(part("p", headOf(item), "soft"));
      line.append(part("p", shownOf(item), "note"));
      if (item.trouble && item.what === "change" && open) line.append(action(_("Open your change"), () => open(item.moment ?? "")));
      if (item.trouble) {
        const copy = action(_("Copy the text"), () => copyText(wordsOf(item), /** @type {HTMLButtonElement} */ (copy)));
        line.append(copy, action(_("Remove it"), () => outbox.remove(item.id)));
      }
      return line;
    }));
  };
  return () => {
    if (outbox.state === "sending" && outbox.waiting.length === outbox.items.length) {
      clearTimeout(timer);
      timer = setTimeout(draw, AT_ONCE_MS);
    } else draw();
  };
}
