// Lines up the video with the lesson: a number, two moments, and the answer to what the sound suggests.

import { byHand, byPoints, ClockMap, howSure, suggestion } from "./clock_map.js";
import { positionText } from "../timeline/text.js";
import { _, numberText } from "../shared/words.js";

/** @typedef {import("./clock_map.js").MapJson} MapJson */
/** @typedef {{map: MapJson | null, proposal: MapJson | null}} LineUp */
/** Where a map is kept: on the server, or in this browser.
 * @typedef {{set: (wanted: {points?: import("./clock_map.js").Point[], offset_s?: number}) => Promise<LineUp>,
 *   decide: (proposal: MapJson, isRight: boolean) => Promise<LineUp>}} Keeper */

export class LiningUp {
  #lineUp = /** @type {LineUp} */ ({ map: null, proposal: null });
  #keeper = /** @type {Keeper | null} */ (null);
  #timer = 0;

  /** @param {HTMLElement} root `#line-up` @param {HTMLElement} sure `#line-up-text`
   * @param {import("./player.js").Player} player */
  constructor(root, sure, player) {
    this.root = root;
    this.sure = sure;
    this.player = player;
  }

  run() {
    const { root, player } = this;
    const field = this.#number("#offset");
    field.addEventListener("change", () => this.#move(field.valueAsNumber));
    for (const button of root.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => this.#move(player.map.offset + Number(/** @type {HTMLElement} */ (button).dataset.step)));
    }
    for (const button of root.querySelectorAll("[data-take]")) {
      button.addEventListener("click", () => {
        const { take = "", into = "" } = /** @type {HTMLElement} */ (button).dataset;
        const at = take === "video" ? player.parts.video.currentTime : player.stage.cursor;
        this.#number(`#${into}`).value = at.toFixed(1);
      });
    }
    this.#get("#by-points").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#set({ points: this.#points() });
    });
    this.#get("#proposal-yes").addEventListener("click", () => this.#decide(true));
    this.#get("#proposal-no").addEventListener("click", () => this.#decide(false));
  }

  /** The video is another: its map, and where changes are kept. @param {LineUp} lineUp @param {Keeper | null} keeper */
  show(lineUp, keeper) {
    this.#keeper = keeper;
    this.#take(lineUp);
  }

  /** What counts now. */
  get map() {
    return this.#lineUp.map;
  }

  /** @param {string} text */
  say(text) {
    this.#get("#line-up-said").textContent = text;
  }

  #take(/** @type {LineUp} */ lineUp) {
    const { map, proposal } = this.#lineUp = lineUp;
    // A suggestion is tried out until somebody answers it, unless a map counts already.
    this.player.mapTo(ClockMap.of(map ?? proposal));
    this.#number("#offset").value = this.player.map.offset.toFixed(1);
    this.sure.textContent = map || !proposal ? howSure(map)
      : proposal.method === "metadata" ? _("Roughly lined up, and not checked yet: see “Video”") : _("Not checked yet: see “Video”");
    const asks = this.#get("#line-up-proposal");
    asks.hidden = !proposal || !this.#keeper;
    if (proposal) {
      this.#get("#proposal-text").textContent = suggestion(proposal, this.#at(proposal.segments[0].offset_s));
    }
    const parts = /** @type {HTMLElement} */ (this.#get("#line-up-parts"));
    const shown = (map ?? proposal)?.segments ?? [];
    parts.hidden = shown.length < 2;
    parts.replaceChildren(...(parts.hidden ? [] : shown.map((each, number) => {
      const item = document.createElement("li");
      const values = { part: number + 1, from: positionText(Math.max(0, each.start_s ?? 0)), s: numberText(each.plus_minus_s, 1) };
      item.textContent = number + 1 < shown.length && each.end_s !== null
        ? _("Part {part}, from {from} to {to} of the lesson: ± {s} s", { ...values, to: positionText(each.end_s) })
        : _("Part {part}, from {from} of the lesson: ± {s} s", values);
      return item;
    })));
  }

  #at(/** @type {number} */ second) {
    return `${second < 0 ? "−" : ""}${positionText(Math.abs(second))}`;
  }

  #move(/** @type {number} */ offset) {
    if (!Number.isFinite(offset)) return;
    const rounded = Math.round(offset * 10) / 10;
    // Heard and seen at once, kept when nobody presses for a moment.
    this.player.mapTo(new ClockMap(byHand(this.#lineUp.map ?? this.#lineUp.proposal, rounded).segments));
    this.#number("#offset").value = rounded.toFixed(1);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#set({ offset_s: rounded }), 400);
  }

  #points() {
    return [1, 2].map((number) => ({
      video_s: this.#number(`#point-${number}-video`).valueAsNumber, lesson_s: this.#number(`#point-${number}-lesson`).valueAsNumber,
    })).filter((point) => Number.isFinite(point.video_s) && Number.isFinite(point.lesson_s));
  }

  async #set(/** @type {{points?: import("./clock_map.js").Point[], offset_s?: number}} */ wanted) {
    if (wanted.points && !wanted.points.length) {
      this.say(_("Give one moment or two: its time in the video, and its time in the lesson."));
      return;
    }
    if (wanted.points) {
      const made = byPoints(wanted.points);
      if (typeof made === "string") {
        this.say(made);
        return;
      }
    }
    await this.#keep((keeper) => keeper.set(wanted));
  }

  async #decide(/** @type {boolean} */ isRight) {
    const { proposal } = this.#lineUp;
    if (proposal) await this.#keep((keeper) => keeper.decide(proposal, isRight));
  }

  async #keep(/** @type {(keeper: Keeper) => Promise<LineUp>} */ act) {
    const keeper = this.#keeper;
    if (!keeper) return;
    try {
      const lineUp = await act(keeper);
      if (keeper !== this.#keeper) return;
      this.#take(lineUp);
      this.say(_("Saved."));
    } catch {
      this.say(_("Not saved. Try again."));
    }
  }

  #get(/** @type {string} */ selector) {
    return /** @type {HTMLElement} */ (this.root.querySelector(selector));
  }

  #number(/** @type {string} */ selector) {
    return /** @type {HTMLInputElement} */ (this.root.querySelector(selector));
  }
}

/** Keeps the map of the server's video. @param {string} lesson @returns {Keeper} */
export function onServer(lesson) {
  const address = `/api/lessons/${encodeURIComponent(lesson)}/clock-map`;
  const send = async (/** @type {string} */ to, /** @type {string} */ method, /** @type {object} */ body) => {
    const answer = await fetch(to, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return /** @type {Promise<LineUp>} */ (answer.json());
  };
  return {
    set: (wanted) => send(address, "PUT", wanted),
    decide: (proposal, isRight) => send(`${address}/${proposal.version}`, "POST", { is_right: isRight }),
  };
}

/** Keeps the map of a file of this computer, in this browser. @param {string} lesson @param {File} file */
export function inBrowser(lesson, file) {
  const key = `clock-map:${lesson}:${file.size}:${file.name}`;
  let now = /** @type {LineUp} */ ({ map: null, proposal: null });
  try {
    now = { map: null, proposal: null, ...JSON.parse(localStorage.getItem(key) ?? "{}") };
  } catch {
    localStorage.removeItem(key);
  }
  const keep = (/** @type {LineUp} */ lineUp) => {
    now = lineUp;
    localStorage.setItem(key, JSON.stringify(lineUp));
    return Promise.resolve(lineUp);
  };
  /** @type {Keeper} */
  const keeper = {
    set: ({ points, offset_s: offset = 0 }) => {
      const made = points ? byPoints(points) : byHand(now.map ?? now.proposal, offset);
      return typeof made === "string" ? Promise.reject(new Error(made)) : keep({ map: made, proposal: null });
    },
    decide: (proposal, isRight) => keep({ map: isRight ? proposal : now.map, proposal: null }),
  };
  return { keeper, keep, known: now };
}
