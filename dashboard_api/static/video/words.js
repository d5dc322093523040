// The words of an upload: how long it still takes, and what became of the video.

import { _, ngettext, numberText } from "../shared/words.js";

/** @typedef {{state: string, is_ready: boolean, kept_until: string | null, progress: number | null,
 *   refusal: string, upload: {address: string, size: number, fingerprint: string, share: number, is_moving: boolean} | null}} VideoState */

/** @param {number} bytes */
export function sizeWords(bytes) {
  return bytes >= 1e9 ? _("{size} GB", { size: numberText(bytes / 1e9, 1) }) : _("{size} MB", { size: Math.max(1, Math.round(bytes / 1e6)) });
}

/** @param {number} seconds */
export function timeLeft(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return _("less than a minute left");
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return ngettext("about {n} minute left", "about {n} minutes left", minutes);
  const hours = Math.round(minutes / 30) / 2;
  return ngettext("about {n} hour left", "about {n} hours left", hours, { n: numberText(hours, hours % 1 ? 1 : 0) });
}

/** What the page says of the server's state, while this page uploads nothing. @param {VideoState} state */
export function stateWords(state) {
  const kept = state.kept_until ? _("It is deleted by itself on {day}.", { day: state.kept_until }) : "";
  const more = (/** @type {string[]} */ ...sentences) => [...sentences, state.is_ready && _("The video from before plays until then.")].filter(Boolean).join(" ");
  return {
    none: { said: _("There is no video of this lesson on the server."), more: _("MP4, MOV or WebM; it is kept encrypted, and you alone decide who sees it.") },
    uploading: state.upload?.is_moving
      ? { said: _("The video is being uploaded in another window."), more: "" }
      : { said: _("An upload is not finished."), more: _("Choose the same file again, and it continues where it stopped.") },
    checking: { said: _("The video is uploaded and is being checked."), more: more(_("You can close this page.")) },
    converting: {
      said: _("The video is being converted, so that every browser plays it."),
      more: more(_("This can take as long as the lesson."), _("You can close this page.")),
    },
    ready: { said: _("The lesson’s video is on the server, encrypted."), more: kept },
    refused: { said: state.refusal, more: "" },
  }[state.state] ?? { said: "", more: "" };
}
