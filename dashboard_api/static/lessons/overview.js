// The whole lesson in one strip, with a brush that selects the part to show below.

import { canvasIn } from "../timeline/palette.js";
import { drawCells, drawGaps } from "../timeline/zones.js";
import { SHORTEST_VIEW_S } from "../timeline/stage.js";
import { positionText } from "../timeline/text.js";
import { sizeOf } from "../timeline/size.js";
import { _ } from "../shared/words.js";

/** @typedef {import("../timeline/stage.js").Stage} Stage */

const HANDLE_PX = 24;

/** @param {HTMLElement} holder @param {Stage} stage */
export function overview(holder, stage) {
  const drawing = canvasIn(holder, (ctx, width, height) => {
    const { data } = stage;
    if (!data) return;
    const area = { from: 0, to: stage.length, width, top: 0, height };
    // Of a part that is shared, the values begin at its start.
    const before = new Array(Math.round(data.from_s / data.movement.step_s)).fill(null);
    drawCells(ctx, [...before, ...data.movement.mean], { ...area, step: data.movement.step_s });
    drawGaps(ctx, data.gaps, area);
  });
  const [left, right, brush] = ["shade", "shade", "brush"].map((name) => {
    const part = document.createElement("div");
    part.className = name;
    holder.append(part);
    return part;
  });
  const handles = /** @type {const} */ (["from", "to"]).map((end) => {
    const handle = document.createElement("button");
    handle.type = "button";
    handle.className = `handle ${end}`;
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-label", end === "from" ? _("Start of the part shown") : _("End of the part shown"));
    handle.setAttribute("aria-valuemin", "0");
    holder.append(handle);
    handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -10, ArrowDown: -10, ArrowRight: 10, ArrowUp: 10, PageDown: -60, PageUp: 60, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      if (end === "from") stage.setView(Math.min(stage.to - SHORTEST_VIEW_S, Math.max(0, stage.from + step)), stage.to);
      else stage.setView(stage.from, Math.max(stage.from + SHORTEST_VIEW_S, Math.min(stage.length, stage.to + step)));
    });
    return handle;
  });

  const show = () => {
    const [a, b] = [stage.from / stage.length, stage.to / stage.length];
    left.style.left = "0";
    left.style.width = `${a * 100}%`;
    right.style.left = `${b * 100}%`;
    right.style.right = "0";
    brush.style.left = `${a * 100}%`;
    brush.style.width = `${(b - a) * 100}%`;
    brush.classList.toggle("is-whole", stage.isWhole);
    // Both stay in the strip, and neither covers the other.
    const end = size.width - HANDLE_PX / 2;
    const first = Math.min(Math.max(HANDLE_PX / 2, a * size.width), end - HANDLE_PX);
    handles[0].style.left = `${first}px`;
    handles[1].style.left = `${Math.max(first + HANDLE_PX, Math.min(end, b * size.width))}px`;
    handles.forEach((handle, i) => {
      const value = i ? stage.to : stage.from;
      handle.setAttribute("aria-valuemax", `${stage.length}`);
      handle.setAttribute("aria-valuenow", `${Math.round(value)}`);
      handle.setAttribute("aria-valuetext", positionText(value));
    });
  };

  const size = sizeOf(holder, show);

  /** What is dragged, and where the drag started. @type {{part: string, at: number, from: number, to: number, moved: boolean} | null} */
  let drag = null;
  const second = (/** @type {PointerEvent} */ event) => {
    const box = holder.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * stage.length;
  };
  holder.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !stage.data) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const part = target.classList.contains("from") ? "from" : target.classList.contains("to") ? "to"
      : target === brush && !stage.isWhole ? "both" : "new";
    drag = { part, at: second(event), from: stage.from, to: stage.to, moved: false };
    holder.setPointerCapture(event.pointerId);
  });
  holder.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const at = second(event);
    const by = at - drag.at;
    if (Math.abs(by) < stage.length * 0.004 && !drag.moved) return;
    drag.moved = true;
    if (drag.part === "both") stage.setView(drag.from + by, drag.to + by);
    else if (drag.part === "from") stage.setView(Math.min(at, drag.to - SHORTEST_VIEW_S), drag.to);
    else if (drag.part === "to") stage.setView(drag.from, Math.max(at, drag.from + SHORTEST_VIEW_S));
    else stage.setView(Math.min(drag.at, at), Math.max(drag.at, at));
  });
  holder.addEventListener("pointerup", (event) => {
    if (drag && !drag.moved && drag.part !== "from" && drag.part !== "to") stage.seek(second(event));
    drag = null;
  });
  holder.addEventListener("pointercancel", () => { drag = null; });
  stage.on("data", drawing.queue);
  stage.on("view", show);
}
