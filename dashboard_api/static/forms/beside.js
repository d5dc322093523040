// The lesson's video beside its form: one fills it while watching. A time in what was said moves this
// video; without one it moves the lesson in its own window.

import { ClockMap, howSure } from "../lessons/clock_map.js";
import { inBrowser } from "../lessons/line_up.js";
import { Player } from "../lessons/player.js";
import { secondOf } from "../lessons/place_link.js";
import { Stage } from "../timeline/stage.js";
import { positionText } from "../timeline/text.js";

/** @typedef {import("../lessons/clock_map.js").MapJson} MapJson */

const STEP_S = 10;
const id = (/** @type {string} */ name) => /** @type {any} */ (document.getElementById(name));

const root = id("beside");
const length = Number(root.dataset.length);
const place = /** @type {HTMLInputElement} */ (id("place"));
const stage = new Stage();
const player = new Player({
  video: id("video"), empty: id("no-video"), emptyText: id("no-video-text"), lineUp: id("line-up-text"),
  lineUpText: id("line-up-text"), notice: id("player-notice"), button: id("play"),
  controls: ["place", "back", "on", "speed"].map(id),
}, stage);

/** @param {MapJson | null} map */
function lineUp(map) {
  player.mapTo(ClockMap.of(map));
  id("line-up-text").textContent = howSure(map);
}

function show() {
  const text = positionText(stage.cursor);
  id("position").textContent = text;
  place.value = `${Math.floor(stage.cursor)}`;
  place.setAttribute("aria-valuetext", text);
}

stage.on("cursor", show);
stage.setData({
  lesson: root.dataset.lesson, from_s: 0, length_s: length, clock_s: 0, is_running: false, level_s: 1,
  movement: { step_s: 1, least: [], mean: [], most: [], low: [], high: [] },
  noise: { step_s: 1, least: [], mean: [], most: [], quiet: [], loud: [] },
  zone_step_s: 1, zones: [], gaps: [], activities: [], summary: [],
});
id("length").textContent = positionText(length);
place.addEventListener("input", () => stage.seek(Number(place.value)));
id("back").addEventListener("click", () => stage.seek(stage.cursor - STEP_S));
id("on").addEventListener("click", () => stage.seek(stage.cursor + STEP_S));
id("speed").addEventListener("change", () => {
  // The default also holds for the next video.
  id("video").defaultPlaybackRate = id("video").playbackRate = Number(id("speed").value);
});
id("video-file").addEventListener("change", () => {
  const chosen = id("video-file").files?.[0];
  if (!chosen) return;
  const { map, proposal } = inBrowser(root.dataset.lesson, chosen).known;
  player.openLocal(chosen);
  lineUp(map ?? proposal);
});
id("sheet").addEventListener("click", (/** @type {MouseEvent} */ event) => {
  const link = /** @type {HTMLElement} */ (event.target).closest("a[target=lesson]");
  const second = link instanceof HTMLAnchorElement ? secondOf(link.hash) : null;
  if (second === null || !player.isReady) return;
  event.preventDefault();
  stage.seek(second);
});

player.run();
root.hidden = false;
if (root.dataset.video) {
  const { map, proposal } = JSON.parse(root.dataset.lineUp);
  player.openServer(root.dataset.video);
  lineUp(map ?? proposal);
}
