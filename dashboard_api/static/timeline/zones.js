// Zones over time in cells of ten seconds. Colour and height show the same value. The arrow keys
// move from cell to cell.

import { _, ngettext } from "../shared/words.js";
import { canvasIn, hatch, heat, palette, share } from "./palette.js";
import { factorText, gapText, movementText } from "./text.js";
import { sizeOf } from "./size.js";

/** @typedef {import("./stage.js").Stage} Stage */

const BETWEEN_PX = 2;

/**
 * Draws one zone's cells as bars.
 * @param {CanvasRenderingContext2D} ctx
 * @param {(number|null)[]} cells
 * @param {{step: number, from: number, to: number, width: number, top: number, height: number}} area
 */
export function drawCells(ctx, cells, { step, from, to, width, top, height }) {
  const perSecond = width / (to - from);
  const first = Math.max(0, Math.floor(from / step));
  const last = Math.min(cells.length, Math.ceil(to / step));
  for (let i = first; i < last; i += 1) {
    const x0 = Math.max(0, (i * step - from) * perSecond);
    const x1 = Math.min(width, ((i + 1) * step - from) * perSecond);
    const value = cells[i];
    if (value == null) continue;
    const bar = Math.max(3, Math.round(height * (0.18 + 0.82 * share(value))));
    ctx.fillStyle = heat(value);
    ctx.fillRect(x0, top + height - bar, Math.max(1, x1 - x0 - (x1 - x0 > 5 ? 1 : 0)), bar);
  }
}

/**
 * Draws hatching where nothing was sensed.
 * @param {CanvasRenderingContext2D} ctx
 * @param {{start_s: number, end_s: number}[]} spans
 * @param {{from: number, to: number, width: number, top: number, height: number}} area
 */
export function drawGaps(ctx, spans, { from, to, width, top, height }) {
  ctx.fillStyle = hatch(ctx);
  for (const span of spans) {
    const x0 = Math.max(0, ((span.start_s - from) / (to - from)) * width);
    const x1 = Math.min(width, ((span.end_s - from) / (to - from)) * width);
    if (x1 > x0) ctx.fillRect(x0, top, Math.max(2, x1 - x0), height);
  }
}

/**
 * Draws a dotted line where a zone can't be shown: its normal is not known yet, or too few seats have values.
 * @param {CanvasRenderingContext2D} ctx
 * @param {{start_s: number, end_s: number}[]} spans
 * @param {{from: number, to: number, width: number, top: number, height: number}} area
 */
export function drawUnknown(ctx, spans, { from, to, width, top, height }) {
  ctx.strokeStyle = palette().hatch;
  ctx.lineWidth = 2;
  ctx.setLineDash([2, 5]);
  ctx.beginPath();
  for (const span of spans) {
    const x0 = Math.max(0, ((span.start_s - from) / (to - from)) * width);
    const x1 = Math.min(width, ((span.end_s - from) / (to - from)) * width);
    if (x1 <= x0) continue;
    ctx.moveTo(x0, top + height / 2);
    ctx.lineTo(x1, top + height / 2);
  }
  ctx.stroke();
  ctx.setLineDash([]);
}

/** Cells without a value, joined to spans. @param {(number|null)[]} cells @param {number} step */
export function emptySpans(cells, step) {
  const spans = [];
  for (let i = 0; i < cells.length; i += 1) {
    if (cells[i] != null) continue;
    const start = i;
    while (i + 1 < cells.length && cells[i + 1] == null) i += 1;
    spans.push({ start_s: start * step, end_s: (i + 1) * step });
  }
  return spans;
}

/** @param {HTMLElement} holder @param {HTMLElement} names @param {HTMLElement} region @param {Stage} stage */
export function zoneLanes(holder, names, region, stage) {
  /** The rows share the height that the style gives the lane. */
  const rowPx = () => size.height / Math.max(1, stage.data?.zones.length ?? 1);
  const drawing = canvasIn(holder, (ctx, width) => {
    const { data } = stage;
    if (!data) return;
    data.zones.forEach((zone, row) => {
      const top = Math.round(row * rowPx());
      const area = { from: stage.from, to: stage.to, width, top, height: Math.round((row + 1) * rowPx()) - top - BETWEEN_PX };
      ctx.fillStyle = palette().gap;
      ctx.globalAlpha = 0.45;
      ctx.fillRect(0, area.top, width, area.height);
      ctx.globalAlpha = 1;
      drawUnknown(ctx, emptySpans(zone.cells, data.zone_step_s), area);
      drawCells(ctx, zone.cells, { ...area, step: data.zone_step_s });
      // Drawn on top of the cells: a gap may end in the middle of a cell.
      drawGaps(ctx, data.gaps, area);
    });
  });
  const cell = document.createElement("div");
  cell.className = "cell";
  cell.setAttribute("role", "gridcell");
  cell.tabIndex = -1;
  const row = document.createElement("div");
  row.setAttribute("role", "row");
  row.append(cell);
  holder.append(row);
  let [at, lane] = [0, 0];

  const unknown = (/** @type {number} */ t) => {
    const gap = stage.gapAt(t);
    return gap ? gapText(gap) : _("not known: too few seats, or too early to know what is normal");
  };

  const show = (/** @type {boolean} */ isAnnounced) => {
    const { data } = stage;
    const zone = data?.zones[lane];
    if (!data || !zone) return;
    const step = data.zone_step_s;
    const value = zone.cells[at];
    const left = stage.x(at * step) * size.width;
    const width = (step / (stage.to - stage.from)) * size.width;
    // Never smaller than a finger needs.
    const [wide, high] = [Math.max(24, width + 1), Math.max(24, rowPx())];
    Object.assign(cell.style, {
      left: `${left + (width - wide) / 2}px`, width: `${wide}px`,
      top: `${(lane + 0.5) * rowPx() - high / 2 - 1}px`, height: `${high}px`,
    });
    row.setAttribute("aria-rowindex", `${lane + 1}`);
    cell.setAttribute("aria-colindex", `${at + 1}`);
    const [name, time] = [zone.name, stage.timeText(at * step)];
    const text = value == null ? _("{zone}, {time}: {text}", { zone: name, time, text: unknown(at * step) })
      : _("{zone}, {time}: {movement}, {factor} times its own normal", { zone: name, time, movement: movementText(value), factor: factorText(value) });
    cell.setAttribute("aria-label", text);
    if (isAnnounced) region.textContent = text;
  };

  const size = sizeOf(holder, () => show(false));

  const go = (/** @type {number} */ toAt, /** @type {number} */ toLane) => {
    const { data } = stage;
    if (!data?.zones.length) return;
    lane = Math.min(data.zones.length - 1, Math.max(0, toLane));
    at = Math.min(data.zones[lane].cells.length - 1, Math.max(0, toAt));
    stage.seek(at * data.zone_step_s);
    show(true);
  };

  cell.addEventListener("keydown", (event) => {
    const { data } = stage;
    if (!data || event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.round(60 / data.zone_step_s));
    /** @type {Record<string, [number, number]>} */
    const steps = {
      ArrowLeft: [at - 1, lane], ArrowRight: [at + 1, lane], ArrowUp: [at, lane - 1],
      ArrowDown: [at, lane + 1], Home: [0, lane], End: [Infinity, lane],
      PageUp: [at - page, lane], PageDown: [at + page, lane],
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    go(...step);
  });
  cell.addEventListener("focus", () => {
    if (stage.data) at = Math.min(Math.floor(stage.cursor / stage.data.zone_step_s), (stage.data.zones[lane]?.cells.length ?? 1) - 1);
    show(true);
  });

  stage.on("data", () => {
    const zones = stage.data?.zones ?? [];
    const lanes = /** @type {HTMLElement} */ (holder.parentElement);
    lanes.style.setProperty("--zones", `${Math.max(1, zones.length)}`);
    lanes.style.setProperty("--zones-fr", `${Math.max(1, zones.length)}fr`);
    holder.setAttribute("aria-rowcount", `${zones.length}`);
    holder.setAttribute("aria-colcount", `${zones[0]?.cells.length ?? 0}`);
    cell.tabIndex = zones.length ? 0 : -1;
    names.replaceChildren(...zones.map((zone) => {
      const name = document.createElement("span");
      name.textContent = zone.name;
      name.title = ngettext("{zone}, {n} seat", "{zone}, {n} seats", zone.seats, { zone: zone.name });
      return name;
    }));
    if (!zones.length) names.textContent = _("No zone to show");
    drawing.queue();
    show(false);
  });
  stage.on("view", () => {
    drawing.queue();
    show(false);
  });
}
