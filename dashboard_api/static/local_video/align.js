// Lines up a file of this computer by its sound, in a worker. Loaded when somebody opens a file.

import { _ } from "../shared/words.js";

/** @typedef {import("../lessons/clock_map.js").MapJson} MapJson */

/** Whether this browser can decode a file's sound piece by piece. */
export const canListen = "AudioDecoder" in globalThis && "Worker" in globalThis;

/**
 * @param {string} lesson @param {File} file @param {(text: string) => void} say
 * @param {AbortSignal} signal ends it, as when another file is opened
 * @returns {Promise<{map: MapJson | null, proposal: MapJson | null} | null>}
 */
export async function align(lesson, file, say, signal) {
  if (!canListen) {
    say(_("This browser can't listen to a video by itself. Line it up by two moments."));
    return null;
  }
  say(_("Looking for the lesson in the video's sound …"));
  const answer = await fetch(`/api/lessons/${encodeURIComponent(lesson)}/timeline?level_s=1`, { signal }).catch(() => null);
  if (!answer?.ok) {
    if (!signal.aborted) say(_("The room's noise did not arrive. Line it up by two moments."));
    return null;
  }
  const { noise } = await answer.json();
  const found = await listen(file, noise.mean, say, signal);
  if (!found) return null;
  if (!found.parts.length) {
    say({
      "no sound": _("This video has no sound. Line it up by two moments."),
      "not decoded": _("This browser can't decode this video's sound. Line it up by two moments."),
    }[found.verdict] ?? _("The sound did not show where the lesson is. Line it up by two moments."));
    return null;
  }
  const isOne = found.parts.length === 1;
  const segments = found.parts.map(({ offset_s, plus_minus_s, from, to }) => ({
    start_s: isOne ? null : from - offset_s, end_s: isOne ? null : to - offset_s, offset_s, rate: 1, plus_minus_s,
  }));
  /** @type {MapJson} */
  const map = { method: "levels", plus_minus_s: Math.max(...segments.map((each) => each.plus_minus_s)), segments };
  say(found.verdict === "accepted" ? _("Lined up by the sound.") : "");
  return found.verdict === "accepted" ? { map, proposal: null } : { map: null, proposal: map };
}

/** @param {File} file @param {(number | null)[]} room @param {(text: string) => void} say @param {AbortSignal} signal
 * @returns {Promise<{verdict: string, parts: import("./parts.js").Part[]} | null>} */
function listen(file, room, say, signal) {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    const end = (/** @type {any} */ found) => {
      worker.terminate();
      resolve(found);
    };
    const failed = () => {
      say(_("The video's sound can't be read. Line it up by two moments."));
      end(null);
    };
    signal.addEventListener("abort", () => end(null));
    worker.addEventListener("error", failed);
    worker.addEventListener("message", ({ data }) => {
      if (data.found) end(data.found);
      else if ("failed" in data) failed();
      else say(_("Looking for the lesson in the video's sound: {share} %", { share: Math.round(data.progress * 100) }));
    });
    worker.postMessage({ file, room });
  });
}
