// The keyboard shortcuts. They work while the player, the moments or the timeline has the focus.

/** @typedef {import("../timeline/stage.js").Stage} Stage */

/**
 * @param {HTMLElement} main
 * @param {HTMLDialogElement} help
 * @param {Stage} stage
 * @param {{toggle: () => void}} player
 * @param {{go: (step: number) => void, compose: () => void}} moments
 */
export function keys(main, help, stage, player, moments) {
  const by = (/** @type {number} */ s) => () => stage.seek(stage.cursor + s);
  /** @type {Record<string, () => void>} */
  const map = {
    " ": player.toggle, k: player.toggle, j: by(-10), l: by(10), ",": by(-0.1), ".": by(0.1),
    "[": () => moments.go(-1), "]": () => moments.go(1), n: moments.compose,
    z: () => {
      const { chosen } = stage;
      if (chosen) stage.setView(chosen.start - (chosen.end - chosen.start) - 10, chosen.end + (chosen.end - chosen.start) + 10);
    },
    0: () => stage.setView(0, stage.length),
    "?": () => help.showModal(),
  };
  main.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.altKey || event.metaKey || help.open) return;
    if (target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    if (!target.closest(".player, .moments, .timeline")) return;
    if (event.key === " " && target.closest("button, summary, a, label")) return;
    const arrow = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    // The brush, the zones and the tabs handle arrow keys themselves.
    if (arrow && target.closest('.handle, .cell, [role="tab"]')) return;
    const action = arrow ? by(arrow * (event.shiftKey ? 1 : 5)) : map[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  }, true);
}
