// The keyboard shortcuts. They work wherever the focus is, but not in a field.

/** @typedef {import("../timeline/stage.js").Stage} Stage */

const STORED = "keys-off";
const FIELDS = 'textarea, select, [contenteditable]:not([contenteditable="false"]), input:not([type="range"], [type="button"], [type="submit"], [type="file"])';
/** What moves by arrow keys itself. */
const MOVED_BY_ARROWS = '.handle, .cell, .span-end, [role="tab"], [type="range"]';

/**
 * @param {HTMLDialogElement} help
 * @param {HTMLInputElement} isOn switches the keys that are letters, digits and signs
 * @param {Stage} stage
 * @param {{toggle: () => void, isReady: () => boolean}} player
 * @param {{go: (step: number) => void, compose: () => void}} moments
 * @param {{key: () => void}} guess
 * @param {{key: () => void}} together
 */
export function keys(help, isOn, stage, player, moments, guess, together) {
  const by = (/** @type {number} */ s) => () => stage.seek(stage.cursor + s);
  /** @type {Record<string, () => void>} */
  const map = {
    k: player.toggle, j: by(-10), l: by(10), ",": by(-0.1), ".": by(0.1),
    "[": () => moments.go(-1), "]": () => moments.go(1), n: moments.compose, g: guess.key, f: together.key,
    z: () => {
      const { chosen } = stage;
      if (chosen) stage.setView(chosen.start - (chosen.end - chosen.start) - 10, chosen.end + (chosen.end - chosen.start) + 10);
    },
    0: () => stage.setView(0, stage.length),
    "+": () => stage.zoom(0.5), "-": () => stage.zoom(2),
    "?": () => help.showModal(),
  };
  isOn.checked = localStorage.getItem(STORED) === null;
  isOn.addEventListener("change", () => {
    if (isOn.checked) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, "1");
  });

  /** Keys of the lanes, which are hidden while somebody guesses. */
  const OF_LANES = new Set(["z", "0", "+", "-"]);

  /** Whether a key is the page's and not the field's or the dialog's. @param {KeyboardEvent} event */
  const isOurs = (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    return !(event.ctrlKey || event.altKey || event.metaKey || target.closest(`${FIELDS}, dialog, [popover]`));
  };
  document.addEventListener("keydown", (event) => {
    if (!isOurs(event)) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const arrow = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (arrow && target.closest(MOVED_BY_ARROWS)) return;
    const action = arrow ? by(arrow * (event.shiftKey ? 1 : 5))
      : event.key === " " ? player.toggle
      : isOn.checked ? map[event.key.toLowerCase()] : undefined;
    // Without a video the space bar presses buttons, as everywhere.
    if (!action || (event.key === " " && !player.isReady()) || (stage.isGuessing && OF_LANES.has(event.key.toLowerCase()))) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key !== " " || !event.repeat) action();
  }, true);
  // Some browsers press a button when the space bar goes up.
  document.addEventListener("keyup", (event) => {
    if (event.key === " " && isOurs(event) && player.isReady()) event.preventDefault();
  }, true);
}
