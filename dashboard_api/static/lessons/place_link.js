// Links to a place: `#t=18:25` (also `1:02:03` and seconds) and `#moment-ID`.

import { positionText } from "../timeline/text.js";
import { leadOf } from "./moment_play.js";
import { _ } from "../shared/words.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */

/** The second that a link names; null for anything else. @param {string} hash */
export function secondOf(hash) {
  const match = /^#t=(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d+)?)s?$/.exec(hash);
  if (!match) return null;
  const [hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return match[2] !== undefined && seconds >= 60 ? null : hours * 3600 + minutes * 60 + seconds;
}

/** The link to the open moment while the cursor is in it, else to the second. @param {Stage} stage */
export function hashOf(stage) {
  const { chosen, cursor } = stage;
  if (chosen && cursor >= leadOf(chosen) && cursor <= chosen.end) return `#moment-${chosen.id}`;
  return `#t=${positionText(cursor)}`;
}

/** The browser scrolls the page to the moment in its list, where all is on one screen already. */
function stay() {
  if (matchMedia("(min-width: 700px)").matches) scrollTo(0, 0);
}

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} said
 * @param {Stage} stage
 * @param {(id: string) => boolean} openMoment
 */
export function placeLink(button, said, stage, openMoment) {
  const go = () => {
    const hash = decodeURIComponent(location.hash);
    const second = secondOf(hash);
    if (second !== null) stage.seek(second);
    else if (hash.startsWith("#moment-")) {
      openMoment(hash.slice("#moment-".length));
      stay();
    }
  };
  addEventListener("hashchange", go);
  addEventListener("load", () => { if (location.hash.startsWith("#moment-")) stay(); });
  // While a lesson runs its data come again.
  stage.addEventListener("data", go, { once: true });
  button.addEventListener("click", async () => {
    const hash = hashOf(stage);
    const address = `${location.origin}${location.pathname}${hash}`;
    try {
      await navigator.clipboard.writeText(address);
      said.textContent = hash.startsWith("#t") ? _("Copied: the link to {time}.", { time: hash.slice(3) }) : _("Copied: the link to this moment.");
    } catch {
      // Browsers keep the clipboard from pages without HTTPS.
      history.replaceState(null, "", hash);
      said.textContent = _("The link is in the browser’s address bar now.");
    }
  });
}
