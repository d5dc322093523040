// From, to and zoom: the same as the brush, for readers who type or press buttons.

import { parseSeconds, positionText } from "../timeline/text.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */

/** @param {{from: HTMLInputElement, to: HTMLInputElement, out: HTMLButtonElement, in: HTMLButtonElement, all: HTMLButtonElement}} parts @param {Stage} stage */
export function viewFields(parts, stage) {
  const show = () => {
    parts.from.value = positionText(stage.from);
    parts.to.value = positionText(Math.round(stage.to));
    parts.all.disabled = parts.out.disabled = stage.isWhole;
  };
  const take = () => {
    const [from, to] = [parseSeconds(parts.from.value), parseSeconds(parts.to.value)];
    if (from !== null && to !== null && from < to) stage.setView(from, to);
    else show();
  };
  parts.from.addEventListener("change", take);
  parts.to.addEventListener("change", take);
  parts.out.addEventListener("click", () => stage.zoom(2));
  parts.in.addEventListener("click", () => stage.zoom(0.5));
  parts.all.addEventListener("click", () => stage.setView(0, stage.length));
  stage.on("view", show);
}
