// The button that begins or joins a debrief on both sides of a call, and the link that does: `#together`. What
// that needs is loaded then.

/** @typedef {import("../timeline/stage.js").Stage} Stage */

/**
 * @param {HTMLElement} main
 * @param {{stage: Stage, player: import("./player.js").Player, ask: () => void, scored: () => void,
 *   video: {open: () => Promise<void>, lineUp: () => Promise<void>},
 *   signedOut: (why: {title: string, text: string, link: string, address: string}) => void}} parts
 * @returns {{key: () => void}} what the key F does
 */
export function joining(main, parts) {
  const open = document.getElementById("together-open");
  /** @type {{key: () => void} | null} */
  let on = null;
  if (!open) return { key: () => {} };
  const join = async () => {
    if (open.hidden) return;
    open.hidden = true;
    const { debrief } = await import("../together/debrief.js");
    on = debrief(main, {
      ...parts,
      left: () => {
        on = null;
        open.hidden = false;
        open.focus();
      },
    });
  };
  open.addEventListener("click", join);
  const byLink = () => { if (location.hash === "#together") join(); };
  addEventListener("hashchange", byLink);
  byLink();
  return { key: () => on?.key() };
}
