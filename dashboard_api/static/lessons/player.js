// The video and the cursor move together: `video_t = offset + lesson_t`.

/** @typedef {import("../timeline/stage.js").Stage} Stage */

export class Player {
  /** Where the lesson begins in the video, in seconds. */
  offset = 0;
  /** Whether the video is one from this computer. */
  isLocal = false;
  /** Set while a seek is ours, so that its frame does not move the cursor by rounding. */
  #wanted = /** @type {number | null} */ (null);
  #url = "";

  /**
   * @param {{video: HTMLVideoElement, empty: HTMLElement, emptyWords: HTMLElement, lineUp: HTMLElement,
   *   notice: HTMLElement, button: HTMLButtonElement}} parts
   * @param {Stage} stage
   */
  constructor(parts, stage) {
    this.parts = parts;
    this.stage = stage;
  }

  get isReady() {
    return this.parts.video.readyState >= 1 && !this.parts.video.hidden;
  }

  /** Connects the video with the stage. */
  run() {
    const { video, button } = this.parts;
    video.addEventListener("loadedmetadata", () => this.#loaded());
    video.addEventListener("error", () => this.#failed());
    video.addEventListener("play", () => this.#playing());
    video.addEventListener("pause", () => this.#playing());
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

  /** Shows a video from the server. @param {string} address @param {number} offset */
  openServer(address, offset) {
    this.offset = offset;
    this.isLocal = false;
    this.#show(address);
  }

  /** Shows a file of this computer; it goes nowhere. @param {File} file @param {number} offset */
  openLocal(file, offset) {
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(file);
    this.offset = offset;
    this.isLocal = true;
    this.#show(this.#url);
  }

  /** @param {number} offset */
  lineUp(offset) {
    this.offset = Math.round(offset * 10) / 10;
    // The picture stays, the cursor goes where it belongs now.
    if (this.isReady) this.#follow(this.parts.video.currentTime);
  }

  toggle() {
    const { video } = this.parts;
    if (!this.isReady) return;
    if (video.paused) video.play().catch(() => this.#say("The browser did not start the video; press play in the video itself."));
    else video.pause();
  }

  #show(/** @type {string} */ address) {
    const { video } = this.parts;
    this.#say("");
    video.src = address;
    video.hidden = false;
    video.load();
  }

  #loaded() {
    const { video, empty, lineUp, button } = this.parts;
    if (!video.videoWidth) this.#say("This browser plays the sound of this video but not its picture. It may be in a format of newer phones (HEVC): export it as MP4 with H.264, or try another browser.");
    empty.hidden = true;
    lineUp.hidden = false;
    button.disabled = false;
    this.#seek();
  }

  #failed() {
    const { video, empty, emptyWords, lineUp, button } = this.parts;
    video.hidden = true;
    empty.hidden = false;
    lineUp.hidden = true;
    button.disabled = true;
    emptyWords.textContent = this.isLocal
      ? "This browser can't play that file. Try it as MP4 with H.264, or in another browser."
      : "The lesson's video can't be played here. The timeline works without it, and a copy can be opened from this computer.";
  }

  #playing() {
    const { video, button } = this.parts;
    button.classList.toggle("is-playing", !video.paused);
    button.setAttribute("aria-label", video.paused ? "Play" : "Pause");
  }

  #follow(/** @type {number} */ videoTime) {
    this.stage.follow(videoTime - this.offset);
  }

  #seek() {
    const { video } = this.parts;
    if (!this.isReady) return;
    const wanted = this.stage.cursor + this.offset;
    const end = Number.isFinite(video.duration) ? video.duration : wanted;
    const isCovered = wanted >= 0 && wanted <= end + 0.5;
    this.#say(isCovered ? "" : "The video does not cover this part of the lesson.");
    if (!isCovered) {
      video.pause();
      return;
    }
    this.#wanted = wanted;
    video.currentTime = Math.min(wanted, end);
  }

  #say(/** @type {string} */ words) {
    this.parts.notice.textContent = words;
  }
}
