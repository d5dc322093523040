// The exact values where the pointer rests. Escape removes them, and the pointer may go onto them.

import { clockText, positionText } from "../timeline/text.js";
import { linesAt } from "../timeline/values.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */

const REST_MS = 120;
/** The pointer may move this far, for instance onto the values, without taking them away. */
const NEAR_PX = 18;

/** @param {HTMLElement} lanes @param {Stage} stage */
export function hoverValues(lanes, stage) {
  const tip = document.createElement("div");
  tip.className = "values";
  tip.hidden = true;
  const hair = document.createElement("i");
  hair.className = "hair";
  hair.hidden = true;
  lanes.append(hair, tip);
  let timer = 0;
  let shownX = 0;
  /** @type {Element | null} */
  let shownLane = null;

  const hide = () => {
    clearTimeout(timer);
    tip.hidden = hair.hidden = true;
  };

  const show = (/** @type {HTMLElement} */ plot, /** @type {number} */ clientX, /** @type {number} */ clientY) => {
    const [box, all] = [plot.getBoundingClientRect(), lanes.getBoundingClientRect()];
    const t = stage.from + ((clientX - box.left) / box.width) * (stage.to - stage.from);
    const zones = stage.data?.zones.length ?? 0;
    const zone = plot.id === "zones" ? Math.min(zones - 1, Math.floor(((clientY - box.top) / box.height) * zones)) : undefined;
    const head = document.createElement("b");
    head.textContent = `${positionText(t)} · ${clockText((stage.data?.clock_s ?? 0) + t)}`;
    tip.replaceChildren(head, ...linesAt(stage, t, zone).map((text) => {
      const line = document.createElement("span");
      line.textContent = text;
      return line;
    }));
    tip.hidden = hair.hidden = false;
    [shownX, shownLane] = [clientX, plot];
    const x = clientX - all.left;
    const left = Math.min(Math.max(0, x - tip.offsetWidth / 2), all.width - tip.offsetWidth);
    // Touching the pointer's place, so that it can go straight up onto the values.
    Object.assign(tip.style, { left: `${left}px`, top: `${clientY - all.top - tip.offsetHeight - 2}px` });
    hair.style.left = `${x}px`;
  };

  lanes.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch" || !stage.data) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (target.closest(".values")) return;
    const plot = /** @type {HTMLElement | null} */ (target.closest(".ribbon, .noise, .zones, .plan-lane, .activities"));
    if (!tip.hidden && plot === shownLane && Math.abs(event.clientX - shownX) <= NEAR_PX) return;
    hide();
    const { clientX, clientY, buttons } = event;
    if (plot && !buttons) timer = setTimeout(() => show(plot, clientX, clientY), REST_MS);
  });
  lanes.addEventListener("pointerleave", hide);
  stage.on("view", hide);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
}
