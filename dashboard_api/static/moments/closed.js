// The lesson is not open to this person any more, as when a share ends while the page is open: the page says so,
// shows nothing of the lesson, and keeps what they typed so that they can copy it.

import { action, copyText } from "./waiting.js";
import { _ } from "../shared/words.js";

/**
 * @param {HTMLElement} main @param {string[]} texts what was typed and is not on the server
 * @param {() => void} forget removes it from the browser
 * @param {{ title: string, text: string, link: string, address: string }} [why] where it is not that the lesson was taken away
 */
export function showClosed(main, texts, forget, why) {
  const video = main.querySelector("video");
  video?.pause();
  video?.removeAttribute("src");
  const part = (/** @type {string} */ tag, /** @type {string} */ text) => {
    const made = document.createElement(tag);
    made.textContent = text;
    return made;
  };
  const box = document.createElement("section");
  box.className = "card closed";
  box.setAttribute("role", "alert");
  const heading = part("h2", why?.title ?? _("This lesson is not open to you any more"));
  heading.tabIndex = -1;
  box.append(heading, part("p", why?.text ?? _("Its teacher has ended the share, the day until which it was shared is over, or the lesson was deleted.")));
  if (texts.length) {
    box.append(part("p", _("You had written this and it was not saved. It is still in this browser: copy what you need.")));
    for (const [i, text] of texts.entries()) {
      const holder = document.createElement("div");
      const field = document.createElement("textarea");
      field.readOnly = true;
      field.rows = Math.min(8, text.split("\n").length + 1);
      field.value = text;
      field.setAttribute("aria-label", _("What you wrote, {number} of {n}", { number: i + 1, n: texts.length }));
      const copy = action(_("Copy the text"), () => copyText(text, /** @type {HTMLButtonElement} */ (copy)));
      holder.append(field, copy);
      box.append(holder);
    }
    const gone = action(_("Remove it from this browser"), () => {
      forget();
      for (const holder of box.querySelectorAll("div")) holder.remove();
      gone.replaceWith(part("p", _("It is removed.")));
    });
    box.append(gone);
  }
  const back = /** @type {HTMLAnchorElement} */ (part("a", why?.link ?? _("Back to your lessons")));
  back.href = why?.address ?? "/";
  box.append(back);
  main.className = "";
  main.replaceChildren(box);
  heading.focus();
}
