// Moves this page's video, or its playhead alone, to where the shared one is; and says where this one is.

import { correction, learnedLag, positionAt } from "./follow.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */
/** @typedef {import("../lessons/player.js").Player} Player */
/** @typedef {import("./follow.js").Playhead} Playhead */

const EVERY_MS = 100;
/** A playhead that stands may be this far off before it is moved. */
const STILL_S = 0.05;

export class Drive {
  /** Where the shared playhead is. @type {Playhead | null} */
  head = null;
  /** Whether this page goes where it is. */
  isFollowing = false;
  /** Whether others go where this page is. */
  isLeading = false;
  /** Whether the page moves itself: then nobody has pressed anything. */
  isMoving = false;
  /** Whether the browser plays nothing before somebody has clicked. */
  isBlocked = false;
  #timer = 0;
  #isCorrecting = false;
  #lag = 0.1;
  #isLanding = false;
  /** Where it was moved to while it stands. @type {number | null} */
  #sought = null;

  /** @param {Stage} stage @param {Player} player @param {() => number | null} now the server's time @param {(isBlocked: boolean) => void} blocked */
  constructor(stage, player, now, blocked) {
    this.stage = stage;
    this.player = player;
    this.now = now;
    this.blocked = blocked;
  }

  run() {
    this.#timer = setInterval(() => this.look(), EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.follow(false);
  }

  get video() {
    return this.player.parts.video;
  }

  /** @param {boolean} isOn */
  follow(isOn) {
    if (this.isFollowing && !isOn) this.#free();
    this.isFollowing = isOn;
    this.#sought = null;
    this.#say(false);
    if (isOn) this.look();
  }

  /** Where this page is, as who leads reports it: a video that waits for its data does not play. */
  report() {
    const { stage, player, video, head } = this;
    const isShown = player.isReady && player.covers(stage.cursor);
    // Without a picture the playhead itself goes on.
    if (!isShown) return { position_s: stage.cursor, is_playing: Boolean(head?.is_playing), rate: head?.rate ?? 1, at_ms: this.now() };
    const isRunning = player.isPlaying && !video.seeking && video.readyState >= 3;
    const place = isRunning ? player.toLesson(video.currentTime) : stage.cursor;
    return { position_s: Math.max(0, place), is_playing: isRunning, rate: video.playbackRate, at_ms: this.now() };
  }

  /** Whether this page is elsewhere than what it has reported leads to. */
  isElsewhere() {
    const now = this.report();
    const target = this.target();
    return target === null || !this.head || now.is_playing !== this.head.is_playing || now.rate !== this.head.rate
      || Math.abs(now.position_s - target) > STILL_S;
  }

  /** The second of the lesson in which the shared playhead is. */
  target() {
    const now = this.now();
    return this.head && now !== null ? positionAt(this.head, now, this.stage.length) : null;
  }

  look() {
    const { head, player, stage } = this;
    const target = this.target();
    if (!head || target === null || !stage.data) return;
    // Without a picture who leads is moved by the playhead too.
    if (this.isLeading && head.is_playing && !(player.isReady && player.covers(target))) this.#moveWithout(target);
    if (!this.isFollowing) return;
    if (!player.isReady || !player.covers(target)) {
      this.#moveWithout(target);
      return;
    }
    if (head.is_playing) this.#play(target, head.rate);
    else this.#stand(target);
  }

  #moveWithout(/** @type {number} */ target) {
    if (this.player.isPlaying) this.#own(() => this.player.pause());
    if (Math.abs(this.stage.cursor - target) > STILL_S) this.#own(() => this.stage.follow(target));
  }

  #stand(/** @type {number} */ target) {
    if (this.player.isPlaying) this.#own(() => this.player.pause());
    this.#free();
    this.#say(false);
    // Once: a video that ends before the lesson does stays at its end.
    if (this.#sought !== target && !this.video.seeking && Math.abs(this.player.toLesson(this.video.currentTime) - target) > STILL_S) {
      this.#sought = target;
      this.#own(() => this.stage.seek(target));
    } else if (Math.abs(this.stage.cursor - target) > STILL_S) this.#own(() => this.stage.follow(target));
  }

  #play(/** @type {number} */ target, /** @type {number} */ rate) {
    const { video, player } = this;
    this.#sought = null;
    if (video.paused) {
      if (this.isBlocked) return;
      this.#land(target, rate);
      this.#own(() => player.play());
      return;
    }
    this.#say(false);
    if (video.seeking || video.readyState < 3) return;
    const behind = target - player.toLesson(video.currentTime);
    if (this.#isLanding) {
      this.#isLanding = false;
      this.#lag = learnedLag(this.#lag, behind);
    }
    const next = correction(behind, rate, this.#isCorrecting);
    this.#isCorrecting = next.isCorrecting;
    if (next.seek) this.#land(target, rate);
    else if (video.playbackRate !== next.rate) video.playbackRate = next.rate;
  }

  /** Seeks to where the playhead will be once the browser has done so. @param {number} target @param {number} rate */
  #land(target, rate) {
    this.#isLanding = true;
    this.#isCorrecting = false;
    this.video.playbackRate = rate;
    this.#own(() => this.stage.seek(target + this.#lag * rate));
  }

  /** @param {boolean} isBlocked */
  #say(isBlocked) {
    if (this.isBlocked === isBlocked) return;
    this.isBlocked = isBlocked;
    this.blocked(isBlocked);
  }

  /** The browser did not start the video. */
  refused() {
    if (this.isFollowing && this.head?.is_playing) this.#say(true);
  }

  /** Somebody has clicked, which the browser waited for: to be called while it knows. */
  unblock() {
    if (!this.isBlocked) return;
    this.#say(false);
    this.look();
  }

  /** The speed is this person's own again. */
  #free() {
    this.#isCorrecting = false;
    if (this.player.isReady && this.video.playbackRate !== this.video.defaultPlaybackRate) this.video.playbackRate = this.video.defaultPlaybackRate;
  }

  #own(/** @type {() => void} */ act) {
    this.isMoving = true;
    try {
      act();
    } finally {
      this.isMoving = false;
    }
  }
}
