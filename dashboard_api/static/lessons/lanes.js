// Around the lanes: time axis, activities, playhead, readout, and seeking with a click.

import { clockText, positionText } from "../timeline/text.js";
import { linesAt, textAt } from "../timeline/values.js";
import { sizeOf } from "../timeline/size.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800];

/** @param {HTMLElement} holder @param {Stage} stage */
export function timeAxis(holder, stage) {
  const draw = () => {
    const span = stage.to - stage.from;
    const maxLabels = Math.max(2, Math.floor(size.width / 74));
    const step = STEPS_S.find((each) => span / each <= maxLabels) ?? 3600;
    const labels = [];
    for (let t = Math.ceil(stage.from / step) * step; t <= stage.to; t += step) {
      const label = document.createElement("span");
      label.textContent = positionText(t);
      label.style.left = `${stage.x(t) * 100}%`;
      const px = stage.x(t) * size.width;
      if (px < 18) label.className = "at-edge";
      else if (px > size.width - 20) label.className = "at-end";
      labels.push(label);
    }
    holder.replaceChildren(...labels);
  };
  const size = sizeOf(holder, draw);
  stage.on("view", draw);
}

/** @param {HTMLElement} holder @param {HTMLElement} label @param {Stage} stage */
export function activities(holder, label, stage) {
  const draw = () => {
    const spans = stage.data?.activities ?? [];
    holder.hidden = label.hidden = !spans.length;
    holder.replaceChildren(...spans.filter((span) => span.end_s > stage.from && span.start_s < stage.to).map((span) => {
      const part = document.createElement("div");
      part.className = "activity";
      const [a, b] = [Math.max(0, stage.x(span.start_s)), Math.min(1, stage.x(span.end_s))];
      part.style.left = `${a * 100}%`;
      part.style.width = `calc(${(b - a) * 100}% - 2px)`;
      part.textContent = span.words;
      return part;
    }));
  };
  stage.on("data", draw);
  stage.on("view", draw);
}

/** @param {HTMLElement} lanes @param {HTMLElement} playhead @param {Stage} stage */
export function playhead(lanes, playhead, stage) {
  const over = /** @type {HTMLElement} */ (playhead.parentElement);
  const draw = () => {
    const x = stage.x(stage.cursor);
    playhead.classList.toggle("is-outside", x < 0 || x > 1);
    playhead.style.transform = `translateX(${x * size.width}px)`;
    playhead.setAttribute("aria-valuemax", `${Math.round(stage.length)}`);
    playhead.setAttribute("aria-valuenow", `${Math.round(stage.cursor)}`);
  };
  const size = sizeOf(over, draw);
  stage.on("cursor", draw);
  stage.on("view", draw);

  playhead.addEventListener("keydown", (event) => {
    const to = {
      Home: 0, End: stage.length, PageUp: stage.cursor + 60, PageDown: stage.cursor - 60,
      ArrowUp: stage.cursor + 5, ArrowDown: stage.cursor - 5,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    stage.seek(to);
  });

  lanes.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const plot = target.closest(".plot");
    if (!plot || !stage.data || plot.matches(".overview, .axis") || target.closest("button")) return;
    const box = plot.getBoundingClientRect();
    stage.seek(stage.from + ((event.clientX - box.left) / box.width) * (stage.to - stage.from));
    if (!target.closest(".cell")) playhead.focus({ preventScroll: true });
  });
}

/** @param {{position: HTMLElement, length: HTMLElement, message: HTMLElement, playhead: HTMLElement}} parts @param {Stage} stage */
export function readout({ position, length, message, playhead }, stage) {
  let shown = -1;
  const show = () => {
    position.textContent = positionText(stage.cursor);
    const second = Math.floor(stage.cursor);
    if (second === shown) return;
    shown = second;
    message.textContent = `${stage.data ? clockText(stage.data.clock_s + stage.cursor) : ""} · ${textAt(stage, stage.cursor)}`;
    playhead.setAttribute("aria-valuetext", [positionText(stage.cursor), ...linesAt(stage, stage.cursor)].join("; "));
  };
  stage.on("cursor", show);
  stage.on("detail", () => { shown = -1; show(); });
  stage.on("data", () => {
    shown = -1;
    length.textContent = positionText(stage.length);
  });
}
