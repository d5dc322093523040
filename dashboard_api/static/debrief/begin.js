// Begins a guess, and draws one that there is: what that needs is loaded then.

/** @typedef {import("../timeline/stage.js").Stage} Stage */

/**
 * @param {HTMLElement} main
 * @param {HTMLElement | null} open the button that begins a guess; nobody else's lesson has one
 * @param {Stage} stage
 * @param {{show: () => Promise<void>}} loader
 * @returns {{key: () => void}} what the key G does
 */
export function guessFirst(main, open, stage, loader) {
  const { lesson = "", length = "0", guess = "" } = main.dataset;
  const list = () => /** @type {any} */ (window).htmx.ajax("GET", `/lessons/${encodeURIComponent(lesson)}/moments`, { target: "#moment-list", swap: "outerHTML" });
  /** @type {{start: () => void} | null} */
  let mode = null;
  let hasBands = false;

  const bands = async () => {
    if (hasBands) return;
    hasBands = true;
    const { guessBands } = await import("../debrief/guess.js");
    guessBands(/** @type {HTMLElement} */ (document.getElementById("over")), stage);
  };
  const start = async () => {
    const { guessMode } = await import("../debrief/guess.js");
    mode ??= guessMode(main, stage, Number(length), async () => {
      await loader.show();
      await list();
      await bands();
    });
    mode.start();
  };

  document.body.addEventListener("htmx:configRequest", (event) => {
    if (main.classList.contains("is-guessing")) /** @type {CustomEvent} */ (event).detail.headers["Roomtone-Guessing"] = "1";
  });
  open?.addEventListener("click", async () => {
    await start();
    document.getElementById("guess-add")?.focus();
  });
  if (guess === "start") start();
  else if (guess === "kept") bands();
  return {
    key: () => document.getElementById(stage.isGuessing ? "guess-compare" : "guess-open")?.click(),
  };
}
