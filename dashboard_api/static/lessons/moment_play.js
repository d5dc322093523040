// A moment that is opened plays from a little before its start, and stops at its end or starts again.

/** @typedef {import("../timeline/stage.js").Stage} Stage */

/** Playback starts a little earlier, to show how a moment begins. */
export const LEAD_S = 10;

/** @param {{start: number, end: number}} moment */
export const leadOf = (moment) => Math.max(0, moment.start - LEAD_S);

export class MomentPlay {
  #isLooping = false;
  /** What is played, while the cursor stays in it. @type {{from: number, to: number} | null} */
  #span = null;

  /** @param {import("./player.js").Player} player @param {HTMLButtonElement} button @param {Stage} stage */
  constructor(player, button, stage) {
    this.player = player;
    this.button = button;
    this.stage = stage;
  }

  run() {
    const { stage, player } = this;
    stage.on("open", () => {
      this.#take();
      // The camera may have been switched on between the lead and the moment.
      if (this.#span && this.#span.from > stage.cursor) stage.seek(this.#span.from);
      if (player.covers(stage.cursor)) player.play();
    });
    stage.on("seek", () => {
      // Another place was chosen: there is no end to stop at.
      if (this.#span && (stage.cursor < this.#span.from - 0.5 || stage.cursor >= this.#span.to)) this.#span = null;
    });
    stage.on("follow", () => {
      if (this.#span && player.isPlaying && stage.cursor >= this.#span.to) this.#end(this.#span);
    });
    // A moment may reach beyond the last picture.
    player.onEnded(() => {
      if (this.#span) this.#end(this.#span);
    });
    this.button.addEventListener("click", () => {
      this.#isLooping = !this.#isLooping;
      this.button.setAttribute("aria-pressed", `${this.#isLooping}`);
      if (!this.#isLooping || !stage.chosen) return;
      this.#take();
      const span = /** @type {{from: number, to: number}} */ (/** @type {unknown} */ (this.#span));
      if (stage.cursor < span.from || stage.cursor >= span.to) stage.seek(span.from);
    });
  }

  #take() {
    const { chosen } = this.stage;
    this.#span = chosen && { from: this.player.firstCovered(leadOf(chosen), chosen.end), to: chosen.end };
  }

  /** @param {{from: number, to: number}} span */
  #end(span) {
    if (this.#isLooping) {
      this.stage.seek(span.from);
      if (!this.player.isPlaying) this.player.play();
      return;
    }
    this.#span = null;
    this.player.pause();
  }
}
