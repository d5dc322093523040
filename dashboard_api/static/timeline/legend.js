// The legend, the summary, and the list of gaps.

import { _, ngettext } from "../shared/words.js";
import { HIGHEST_DB, LOWEST_DB, canvasIn, hatch, heat, share } from "./palette.js";
import { drawUnknown } from "./zones.js";
import { missingText } from "./text.js";

/** @typedef {import("./stage.js").Stage} Stage */

/** @param {{legend: HTMLElement, summary: HTMLElement, gaps: HTMLElement}} parts @param {Stage} stage */
export function legend(parts, stage) {
  parts.legend.replaceChildren(
    entry(116, (ctx, width, height) => {
      const n = 9;
      for (let i = 0; i < n; i += 1) {
        const db = LOWEST_DB + ((i + 0.5) / n) * (HIGHEST_DB - LOWEST_DB);
        const bar = Math.max(3, height * (0.18 + 0.82 * share(db)));
        ctx.fillStyle = heat(db);
        ctx.fillRect((i * width) / n, height - bar, width / n - 1, bar);
      }
    }, _("half to 3 times this zone’s own normal movement")),
    entry(34, (ctx, width, height) => {
      ctx.fillStyle = hatch(ctx);
      ctx.fillRect(0, 0, width, height);
    }, _("nothing sensed")),
    entry(34, (ctx, width, height) => drawUnknown(ctx, [{ start_s: 0, end_s: 1 }], { from: 0, to: 1, width, top: 0, height }), _("not known yet, or too few seats")),
  );
  const more = document.createElement("span");
  more.textContent = _("Light bands: how uncertain the movement is, and the usual range of the noise.");
  parts.legend.append(more);

  stage.on("data", () => {
    const data = /** @type {import("./stage.js").Timeline} */ (stage.data);
    parts.summary.replaceChildren(...data.summary.map((sentence) => {
      const part = document.createElement("p");
      part.textContent = sentence;
      return part;
    }));
    // There may be many gaps of one second: the charts show them, the list only counts them.
    const long = data.gaps.filter((gap) => gap.end_s - gap.start_s >= 2);
    const short = data.gaps.length - long.length;
    parts.gaps.replaceChildren(...long.map((gap) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.textContent = _("{time}: {text}", { time: stage.timeText(gap.start_s), text: missingText(gap) });
      button.addEventListener("click", () => stage.seek(gap.start_s));
      item.append(button);
      return item;
    }));
    if (short) {
      const rest = document.createElement("li");
      rest.className = "soft";
      rest.textContent = long.length ? ngettext("one more second missing", "{n} more single seconds missing", short)
        : ngettext("one second missing", "{n} single seconds missing", short);
      parts.gaps.append(rest);
    }
  });
}

/** @param {number} width @param {(ctx: CanvasRenderingContext2D, width: number, height: number) => void} draw @param {string} text */
function entry(width, draw, text) {
  const item = document.createElement("span");
  const swatch = document.createElement("span");
  swatch.style.width = `${width}px`;
  swatch.style.height = "16px";
  item.append(swatch, text);
  canvasIn(swatch, draw);
  return item;
}
