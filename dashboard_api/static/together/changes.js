// What somebody else has changed is asked for at once, without disturbing who writes.

const FIELDS = "textarea, select, input:not([type=hidden])";

/** What of an answer is the step itself: what was saved just before is said once. @param {string} html */
function stepIn(html) {
  const made = document.createElement("template");
  made.innerHTML = html;
  made.content.querySelector(".saved")?.replaceChildren();
  return made.innerHTML.trim();
}

/** The tab with the next step, brought up to date while nobody types in it. @param {HTMLElement} view @param {string} address */
function stepRefresh(view, address) {
  let isWaiting = false;
  let known = "";
  const isBusy = () => Boolean(view.querySelector(".conflict, .trouble, .htmx-request"))
    || (view.contains(document.activeElement) && Boolean(document.activeElement?.matches(FIELDS)));
  view.addEventListener("htmx:beforeSwap", (event) => {
    known = stepIn(/** @type {CustomEvent} */ (event).detail.xhr.responseText);
  });
  const now = async () => {
    isWaiting = isBusy();
    if (isWaiting) return;
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, cache: "no-store" }).catch(() => null);
    if (!answer?.ok) return;
    const html = stepIn(await answer.text());
    // One's own change, which stands there already.
    if (html === known) return;
    isWaiting = isBusy();
    if (!isWaiting) await /** @type {any} */ (window).htmx.ajax("GET", address, { target: "#next-step", swap: "outerHTML" });
  };
  view.addEventListener("focusout", () => setTimeout(() => { if (isWaiting) now(); }));
  return now;
}

/**
 * @param {HTMLElement} main
 * @param {{stage: import("../timeline/stage.js").Stage, player: import("../lessons/player.js").Player, ask: () => void,
 *   scored: () => void, video: {open: () => Promise<void>, lineUp: () => Promise<void>}}} parts
 * @returns {(changed: string[]) => void} what to do about the parts of the lesson that have changed
 */
export function changes(main, { stage, player, ask, scored, video }) {
  const page = `/lessons/${encodeURIComponent(main.dataset.lesson ?? "")}`;
  const view = /** @type {HTMLElement | null} */ (main.querySelector("#step-view"));
  const step = view ? stepRefresh(view, `${page}/step`) : () => {};
  let hasBands = main.dataset.guess === "kept";

  const guess = async () => {
    if (!main.querySelector("#guess-result")) {
      // There was none to show when the page was made.
      const place = document.createElement("div");
      place.id = "guess-result";
      main.querySelector(".timeline figure")?.before(place);
    }
    await /** @type {any} */ (window).htmx.ajax("GET", `${page}/guess`, { target: "#guess-result", swap: "outerHTML" });
    if (hasBands) return;
    hasBands = true;
    const { guessBands } = await import("../debrief/guess.js");
    guessBands(/** @type {HTMLElement} */ (main.querySelector("#over")), stage);
  };
  const film = async () => {
    const answer = await fetch(`${page}/video`, { method: "HEAD" }).catch(() => null);
    if (answer?.ok && !player.isReady) await video.open();
    else if (answer && !answer.ok) player.close();
  };
  /** What of the lesson is shared, or whose it is, is another: nothing of before may stay. */
  const again = () => {
    location.hash = "#together";
    location.reload();
  };
  /** Suggestions come with the notes. */
  const estimates = () => {
    ask();
    scored();
  };
  /** @type {Record<string, () => void>} */
  const acts = { notes: ask, scores: estimates, step, guess, line_up: video.lineUp, video: film, lesson: again };
  return (changed) => {
    for (const part of changed) acts[part]?.();
  };
}
