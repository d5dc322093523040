// The video and the cursor move together. Times of the video and of the lesson meet in `toVideo` and `toLesson`.

import { ClockMap } from "./clock_map.js";
import { _ } from "../shared/words.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */

export class Player {
  /** Which second of the video is which of the lesson. */
  map = ClockMap.of(null);
  /** Whether the video is a file of this computer. */
  isLocal = false;
  /** The target of our own seek; its first frame must not move the cursor. */
  #wanted = /** @type {number | null} */ (null);
  #url = "";

  /**
   * @param {{video: HTMLVideoElement, empty: HTMLElement, emptyText: HTMLElement, lineUp: HTMLElement,
   *   lineUpText: HTMLElement, notice: HTMLElement, button: HTMLButtonElement,
   *   controls: (HTMLButtonElement | HTMLInputElement | HTMLSelectElement)[]}} parts
   *   `controls` are usable while there is a video
   * @param {Stage} stage
   */
  constructor(parts, stage) {
    this.parts = parts;
    this.stage = stage;
  }

  /** The video's time at a time of the lesson; NaN while the camera was off. @param {number} t */
  toVideo(t) {
    return this.map.toVideo(t);
  }

  /** The lesson's time at a time of the video. @param {number} t */
  toLesson(t) {
    return this.map.toLesson(t);
  }

  get isReady() {
    return this.parts.video.readyState >= 1 && !this.parts.video.hidden;
  }

  get isPlaying() {
    return this.isReady && !this.parts.video.paused;
  }

  /** Connects the video with the stage. */
  run() {
    const { video, button } = this.parts;
    video.addEventListener("loadedmetadata", () => this.#loaded());
    video.addEventListener("error", () => this.#failed());
    video.addEventListener("play", () => this.#playing());
    video.addEventListener("pause", () => this.#playing());
    video.addEventListener("click", () => this.toggle());
    video.addEventListener("seeked", () => {
      if (video.paused && this.#wanted === null) this.#follow(video.currentTime);
      this.#wanted = null;
    });
    button.addEventListener("click", () => this.toggle());
    this.stage.on("seek", () => this.#seek());
    if ("requestVideoFrameCallback" in video) {
      const onFrame = (/** @type {number} */ _now, /** @type {{mediaTime: number}} */ frame) => {
        if (!video.paused && !video.seeking) this.#follow(frame.mediaTime);
        video.requestVideoFrameCallback(onFrame);
      };
      video.requestVideoFrameCallback(onFrame);
    } else {
      const onFrame = () => {
        if (!video.paused && !video.seeking) this.#follow(video.currentTime);
        requestAnimationFrame(onFrame);
      };
      requestAnimationFrame(onFrame);
    }
  }

  /** Shows a video from the server. @param {string} address */
  openServer(address) {
    this.isLocal = false;
    this.#show(address);
  }

  /** Shows a file of this computer; it is not uploaded. @param {File} file */
  openLocal(file) {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(file);
    this.isLocal = true;
    this.#show(this.#url);
  }

  /** Takes the server's video away, which was deleted. */
  close() {
    if (this.isLocal) return;
    this.parts.video.removeAttribute("src");
    this.parts.video.load();
    this.#offer(false);
  }

  /** @param {ClockMap} map */
  mapTo(map) {
    this.map = map;
    // The picture stays; the cursor moves to its new time.
    if (this.isReady) this.#follow(this.parts.video.currentTime);
  }

  /** Whether the video shows a time of the lesson. @param {number} t */
  covers(t) {
    return this.isReady && this.#covers(this.toVideo(t));
  }

  /** The first second that the video shows of a part of the lesson; its start if there is none. @param {number} from @param {number} to */
  firstCovered(from, to) {
    for (let t = from; this.isReady && t < to; t += 1) if (this.covers(t)) return t;
    return from;
  }

  /** @param {() => void} listener the video came to its end */
  onEnded(listener) {
    this.parts.video.addEventListener("ended", listener);
  }

  toggle() {
    this.stage.dispatchEvent(new Event("toggle"));
    if (this.isPlaying) this.pause();
    else this.play();
  }

  pause() {
    this.parts.video.pause();
  }

  /** Plays from the cursor, or from where the video begins if that is later. */
  play() {
    const { video } = this.parts;
    if (!this.isReady) return;
    if (this.toVideo(this.stage.cursor) < 0) this.stage.seek(this.toLesson(0));
    if (!this.#covers(this.toVideo(this.stage.cursor))) return;
    video.play().catch((/** @type {DOMException} */ error) => {
      // A pause or another seek came first.
      if (error.name === "AbortError") return;
      this.#say(_("The browser did not start the video. Press Play again."));
      this.stage.dispatchEvent(new Event("refused"));
    });
  }

  #show(/** @type {string} */ address) {
    const { video } = this.parts;
    this.#say("");
    video.src = address;
    video.hidden = false;
    video.load();
  }

  /** What is usable, and what is shown, with and without a video. @param {boolean} isThere */
  #offer(isThere) {
    const { video, empty, lineUp, lineUpText, button, controls } = this.parts;
    video.hidden = !isThere;
    empty.hidden = isThere;
    lineUp.hidden = lineUpText.hidden = !isThere;
    for (const control of [button, ...controls]) control.disabled = !isThere;
  }

  #loaded() {
    const { video } = this.parts;
    // The frame takes the picture's shape, so that nothing of it stays black.
    if (video.videoWidth) document.documentElement.style.setProperty("--ratio", `${video.videoWidth / video.videoHeight}`);
    this.#offer(true);
    this.#seek();
    // A camera that was switched on late is no news before anybody has gone anywhere.
    if (!this.stage.cursor) this.#say("");
    if (!video.videoWidth) this.#say(_("This browser plays the sound of this video but not the picture. It may be in the format of newer phones (HEVC). Export it as MP4 with H.264, or try another browser."));
  }

  #failed() {
    this.#offer(false);
    this.parts.emptyText.textContent = this.isLocal
      ? _("This browser can't play that file. Export it as MP4 with H.264, or try another browser.")
      : _("This browser can't play the lesson's video. The timeline works without it, or you can open a copy from this computer.");
  }

  #playing() {
    const { video, button } = this.parts;
    button.classList.toggle("is-playing", !video.paused);
    button.setAttribute("aria-label", video.paused ? _("Play") : _("Pause"));
  }

  #follow(/** @type {number} */ videoTime) {
    this.stage.follow(this.toLesson(videoTime));
  }

  #covers(/** @type {number} */ videoTime) {
    const { duration } = this.parts.video;
    return videoTime >= 0 && !(videoTime > duration + 0.5);
  }

  #seek() {
    const { video } = this.parts;
    if (!this.isReady) return;
    const wanted = this.toVideo(this.stage.cursor);
    const isCovered = this.#covers(wanted);
    this.#say(isCovered ? "" : _("The video does not cover this part of the lesson."));
    if (!isCovered) {
      video.pause();
      return;
    }
    this.#wanted = wanted;
    video.currentTime = Number.isFinite(video.duration) ? Math.min(wanted, video.duration) : wanted;
  }

  #say(/** @type {string} */ text) {
    this.parts.notice.textContent = text;
  }
}
