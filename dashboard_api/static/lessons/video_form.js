// Opens the server's video, or a file of this computer, each with its own line-up.

import { inBrowser, LiningUp, onServer } from "./line_up.js";

/** @param {HTMLElement} main @param {import("./player.js").Player} player */
export function wireVideo(main, player) {
  const { lesson = "", video = "", lineUp = "{}", canLineUp } = main.dataset;
  const get = (/** @type {string} */ name) => /** @type {HTMLElement} */ (document.getElementById(name));
  const lining = new LiningUp(get("line-up"), get("line-up-text"), player);
  const file = /** @type {HTMLInputElement} */ (main.querySelector("#video-file"));
  let listening = /** @type {AbortController | null} */ (null);
  lining.run();

  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    const { keeper, keep, known } = inBrowser(lesson, chosen);
    player.openLocal(chosen);
    lining.show(known, keeper);
    get("line-up").classList.remove("is-read-only");
    listening?.abort();
    if (known.map || known.proposal) return;
    listening = new AbortController();
    const { signal } = listening;
    lining.say("");
    import("../local_video/align.js")
      .then(({ align }) => align(lesson, chosen, (text) => signal.aborted || lining.say(text), signal))
      .then((found) => {
        // What somebody set by hand meanwhile counts.
        if (!found || signal.aborted || lining.map) return;
        keep(found);
        lining.show(found, keeper);
      });
  });
  const open = (/** @type {import("./line_up.js").LineUp} */ known) => {
    player.openServer(`/lessons/${encodeURIComponent(lesson)}/video`);
    lining.show(known, canLineUp ? onServer(lesson) : null);
    get("line-up").classList.toggle("is-read-only", !canLineUp);
  };
  if (video) open({ map: null, proposal: null, ...JSON.parse(lineUp) });
  const known = async () => {
    const answer = await fetch(`/api/lessons/${encodeURIComponent(lesson)}/clock-map`).catch(() => null);
    return answer?.ok ? await answer.json() : null;
  };
  return {
    /** Opens the server's video when it becomes ready, with the map that came with it. */
    open: async () => {
      // Who watches a file of this computer goes on with it, unless it can't be played.
      if (!player.isLocal || !player.isReady) open(await known() ?? { map: null, proposal: null });
    },
    /** Takes over a map that somebody else has set. */
    lineUp: async () => {
      const found = player.isLocal ? null : await known();
      if (found && JSON.stringify(found.map) !== JSON.stringify(lining.map)) lining.show(found, canLineUp ? onServer(lesson) : null);
    },
  };
}
