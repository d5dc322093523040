// The legend, the summary in sentences, and what is missing, in words.

import { HIGHEST_DB, LOWEST_DB, canvasIn, hatch, heat, share } from "./palette.js";
import { drawUnknown } from "./zones.js";
import { lengthText, positionText } from "./text.js";

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
    }, "half to 3 times this zone’s own normal movement"),
    entry(34, (ctx, width, height) => {
      ctx.fillStyle = hatch(ctx);
      ctx.fillRect(0, 0, width, height);
    }, "nothing sensed"),
    entry(34, (ctx, width, height) => drawUnknown(ctx, [{ start_s: 0, end_s: 1 }], { from: 0, to: 1, width, top: 0, height }), "a zone not known yet, or too few seats"),
  );
  const more = document.createElement("span");
  more.textContent = "Bands: how sure the movement is; the usual range of the noise.";
  parts.legend.append(more);

  stage.on("data", () => {
    const data = /** @type {import("./stage.js").Timeline} */ (stage.data);
    parts.summary.replaceChildren(...data.summary.map((sentence) => {
      const part = document.createElement("p");
      part.textContent = sentence;
      return part;
    }));
    // Gaps of a second could be many; they are drawn, and counted here.
    const long = data.gaps.filter((gap) => gap.end_s - gap.start_s >= 2);
    const short = data.gaps.length - long.length;
    parts.gaps.replaceChildren(...long.map((gap) => {
      const item = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.textContent = `${positionText(gap.start_s)}: ${lengthText(gap.end_s - gap.start_s)} missing, ${gap.words}`;
      button.addEventListener("click", () => stage.seek(gap.start_s));
      item.append(button);
      return item;
    }));
    if (short) {
      const rest = document.createElement("li");
      rest.className = "soft";
      const more = long.length ? " more" : "";
      rest.textContent = short === 1 ? `one${more} second missing` : `${short}${more} single seconds missing`;
      parts.gaps.append(rest);
    }
  });
}

/** @param {number} width @param {(ctx: CanvasRenderingContext2D, width: number, height: number) => void} draw @param {string} words */
function entry(width, draw, words) {
  const item = document.createElement("span");
  const swatch = document.createElement("span");
  swatch.style.width = `${width}px`;
  swatch.style.height = "16px";
  item.append(swatch, words);
  canvasIn(swatch, draw);
  return item;
}
