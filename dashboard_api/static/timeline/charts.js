// The room's ribbon and the noise trace, drawn by uPlot.

import uPlot from "../vendor/uPlot.min.js";
import { _, pgettext } from "../shared/words.js";
import { hatch, onPaletteChange, palette } from "./palette.js";

/** @typedef {import("./stage.js").Stage} Stage */

const PAD_PX = 3;
/** By dB; a label has little space. @returns {[number, string][]} */
const movementLabels = () => [
  [-12, "¼"], [-6, pgettext("as much movement", "half")], [0, pgettext("as much movement", "normal")],
  [6, pgettext("as much movement", "twice")], [12, pgettext("as much movement", "4 times")], [18, pgettext("as much movement", "8 times")],
];

/** @param {(number|null)[]} values */
const known = (values) => /** @type {number[]} */ (values.filter((value) => value != null));

/** @param {number} from @param {number} step @param {number} n */
const middles = (from, step, n) => Array.from({ length: n }, (_, i) => from + (i + 0.5) * step);

/** The room's movement with its band of uncertainty; the dashed line is its own normal. @param {HTMLElement} holder @param {Stage} stage */
export function ribbonChart(holder, stage) {
  return chart(holder, stage, {
    values: (data) => {
      const { movement: m } = data;
      return [middles(data.from_s, m.step_s, m.mean.length), m.low, m.high, m.mean];
    },
    series: () => [
      {},
      { stroke: "transparent", points: { show: false } },
      { stroke: "transparent", points: { show: false } },
      { stroke: palette().movement, width: 2, points: { show: false } },
    ],
    bands: () => [{ series: [2, 1], fill: palette().movementBand }],
    range: (data) => {
      const all = known([...data.movement.low, ...data.movement.high]);
      return [Math.min(-7, Math.min(...all, 0) - 1), Math.max(8, Math.max(...all, 0) + 1)];
    },
    ticks: (low, high) => movementLabels().filter(([db]) => db > low && db < high && (db % 12 === 0 || high - low < 26)),
    dashed: 0,
    showsGapText: true,
    none: "",
  });
}

/** LAeq with the L90–L10 band, and the quietest and loudest second behind it. @param {HTMLElement} holder @param {Stage} stage */
export function noiseChart(holder, stage) {
  return chart(holder, stage, {
    values: (data) => {
      const { noise: n } = data;
      return [middles(data.from_s, n.step_s, n.mean.length), n.least, n.most, n.quiet, n.loud, n.mean];
    },
    series: () => [
      {},
      ...Array.from({ length: 4 }, () => ({ stroke: "transparent", points: { show: false } })),
      { stroke: palette().noise, width: 2, points: { show: false } },
    ],
    bands: () => [
      { series: [2, 1], fill: palette().noiseRange },
      { series: [4, 3], fill: palette().noiseBand },
    ],
    range: (data) => {
      const all = known([...data.noise.least, ...data.noise.most]);
      if (!all.length) return [0, 0];
      return [Math.floor((Math.min(...all) - 2) / 5) * 5, Math.ceil((Math.max(...all) + 2) / 5) * 5];
    },
    ticks: (low, high) => {
      if (low === high) return [];
      // Labels of 14 px need space.
      const step = [10, 20, 30, 50].find((each) => (each / (high - low)) * holder.clientHeight >= 18) ?? 50;
      const first = Math.ceil((low + 3) / step) * step;
      return Array.from({ length: Math.max(0, Math.floor((high - 3 - first) / step) + 1) }, (_, i) => [first + i * step, `${first + i * step}`]);
    },
    dashed: null,
    showsGapText: false,
    none: _("No sound level was measured."),
  });
}

/**
 * @param {HTMLElement} holder
 * @param {Stage} stage
 * @param {{values: (data: import("./stage.js").Timeline) => any[], series: () => any[],
 *   bands: () => any[], range: (data: import("./stage.js").Timeline) => [number, number],
 *   ticks: (low: number, high: number) => [number, string][], dashed: number | null,
 *   showsGapText: boolean, none: string}} kind
 */
function chart(holder, stage, kind) {
  /** @type {any} */
  let plot = null;
  /** @type {[number, number]} */
  let range = [0, 1];
  const ticks = document.createElement("div");
  ticks.className = "ticks";
  ticks.setAttribute("aria-hidden", "true");
  holder.append(ticks);
  const none = document.createElement("p");
  none.className = "lane-note small soft";
  none.textContent = kind.none;
  none.hidden = true;
  holder.append(none);

  const backdrop = (/** @type {any} */ u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.fillStyle = hatch(ctx);
    for (const gap of stage.data?.gaps ?? []) {
      const x0 = Math.max(bbox.left, u.valToPos(gap.start_s, "x", true));
      const x1 = Math.min(bbox.left + bbox.width, u.valToPos(gap.end_s, "x", true));
      if (x1 > x0) ctx.fillRect(x0, bbox.top, Math.max(2, x1 - x0), bbox.height);
    }
    for (const [value] of kind.ticks(...range)) {
      const y = Math.round(u.valToPos(value, "y", true)) + 0.5;
      const isNormal = value === kind.dashed;
      ctx.strokeStyle = isNormal ? palette().baseline : palette().grid;
      ctx.lineWidth = (isNormal ? 2 : 1) * devicePixelRatio;
      ctx.setLineDash(isNormal ? [7 * devicePixelRatio, 6 * devicePixelRatio] : []);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.restore();
  };

  const drawGapText = (/** @type {any} */ u) => {
    if (!kind.showsGapText) return;
    const { ctx, bbox } = u;
    ctx.save();
    ctx.font = `${14 * devicePixelRatio}px ${palette().font}`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "center";
    for (const gap of stage.data?.gaps ?? []) {
      const x0 = Math.max(bbox.left, u.valToPos(gap.start_s, "x", true));
      const x1 = Math.min(bbox.left + bbox.width, u.valToPos(gap.end_s, "x", true));
      const width = ctx.measureText(gap.words).width;
      if (x1 - x0 < width + 10 * devicePixelRatio) continue;
      const [x, y, pad] = [(x0 + x1) / 2, bbox.top + bbox.height / 2, 5 * devicePixelRatio];
      ctx.fillStyle = palette().card;
      ctx.fillRect(x - width / 2 - pad, y - 2.4 * pad, width + 2 * pad, 4.8 * pad);
      ctx.fillStyle = palette().ink;
      ctx.fillText(gap.words, x, y);
    }
    ctx.restore();
  };

  const build = () => {
    if (!stage.data || !stage.detail || !holder.clientWidth) return;
    plot?.destroy();
    range = kind.range(stage.data);
    plot = new uPlot({
      width: holder.clientWidth,
      height: holder.clientHeight,
      padding: [PAD_PX, 0, PAD_PX, 0],
      cursor: { show: false },
      legend: { show: false },
      scales: {
        x: { time: false, range: () => [stage.from, stage.to] },
        y: { range: () => (range[0] < range[1] ? range : [0, 1]) },
      },
      axes: [{ show: false }, { show: false }],
      series: kind.series(),
      bands: kind.bands(),
      hooks: { drawClear: [backdrop], draw: [drawGapText] },
    }, kind.values(stage.detail), holder);
    plot.root.setAttribute("aria-hidden", "true");
    labels();
  };

  const labels = () => {
    none.hidden = range[0] < range[1];
    ticks.replaceChildren(...kind.ticks(...range).map(([value, text]) => {
      const label = document.createElement("span");
      label.textContent = text;
      label.style.top = `${PAD_PX + (1 - (value - range[0]) / (range[1] - range[0])) * (holder.clientHeight - 2 * PAD_PX)}px`;
      return label;
    }));
  };

  const update = () => {
    if (!plot || !stage.data) {
      build();
      return;
    }
    range = kind.range(stage.data);
    plot.setData(kind.values(/** @type {any} */ (stage.detail)), true);
    labels();
  };

  stage.on("data", update);
  stage.on("detail", () => plot?.setData(kind.values(/** @type {any} */ (stage.detail)), true));
  stage.on("view", () => plot?.setScale("x", { min: stage.from, max: stage.to }));
  onPaletteChange(build);
  new ResizeObserver(() => {
    if (!plot) build();
    else if (plot.width !== holder.clientWidth || plot.height !== holder.clientHeight) {
      plot.setSize({ width: holder.clientWidth, height: holder.clientHeight });
      labels();
    }
  }).observe(holder);
}
