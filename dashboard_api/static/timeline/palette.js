// The colours of the stylesheet, for canvases; read again when the page turns light or dark.

/** @typedef {ReturnType<typeof read>} Palette */

function read() {
  const style = getComputedStyle(document.documentElement);
  const of = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    heat: Array.from({ length: 9 }, (_, i) => of(`heat-${i}`)),
    ink: of("ink"), soft: of("ink-soft"), card: of("card"), grid: of("grid"), gap: of("gap"),
    hatch: of("hatch"), baseline: of("baseline"), movement: of("movement"),
    movementBand: of("movement-band"), noise: of("noise"), noiseBand: of("noise-band"),
    noiseRange: of("noise-range"), font: of("font"),
  };
}

let current = read();
/** @type {Set<() => void>} */
const listeners = new Set();

// Paper is light, also for a reader whose screen is dark.
for (const query of ["(prefers-color-scheme: dark)", "print"]) {
  matchMedia(query).addEventListener("change", () => {
    current = read();
    patterns.clear();
    for (const listener of listeners) listener();
  });
}

export const palette = () => current;

/** @param {() => void} redraw */
export function onPaletteChange(redraw) {
  listeners.add(redraw);
}

export const LOWEST_DB = -6;
export const HIGHEST_DB = 9;

/** The position of a level on the scale, 0 to 1. @param {number} db */
export function share(db) {
  return Math.min(1, Math.max(0, (db - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB)));
}

/** The heat colour of a level. @param {number} db */
export function heat(db) {
  return current.heat[Math.min(8, Math.floor(share(db) * 9))];
}

/** @type {Map<string, CanvasPattern | null>} */
const patterns = new Map();

/** Slanted lines for "nothing was sensed". @param {CanvasRenderingContext2D} ctx */
export function hatch(ctx) {
  const ratio = devicePixelRatio;
  const key = `${ratio}`;
  if (!patterns.has(key)) {
    const size = Math.round(9 * ratio);
    const tile = document.createElement("canvas");
    tile.width = tile.height = size;
    const t = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
    t.fillStyle = current.gap;
    t.fillRect(0, 0, size, size);
    t.strokeStyle = current.hatch;
    t.globalAlpha = 0.55;
    t.lineWidth = 1.4 * ratio;
    t.beginPath();
    for (const shift of [-size, 0, size]) {
      t.moveTo(shift, size);
      t.lineTo(shift + size, 0);
    }
    t.stroke();
    patterns.set(key, ctx.createPattern(tile, "repeat"));
  }
  return /** @type {CanvasPattern} */ (patterns.get(key));
}

/**
 * A canvas that fills `holder` at the screen's resolution; it is redrawn when either changes.
 * @param {HTMLElement} holder
 * @param {(ctx: CanvasRenderingContext2D, width: number, height: number) => void} draw in CSS pixels
 */
export function canvasIn(holder, draw) {
  const canvas = document.createElement("canvas");
  // It takes no space until it is drawn; by default a canvas has 300 × 150.
  canvas.width = canvas.height = 0;
  canvas.setAttribute("aria-hidden", "true");
  holder.prepend(canvas);
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  let queued = false;
  const redraw = () => {
    queued = false;
    const { clientWidth: width, clientHeight: height } = holder;
    if (!width || !height) return;
    const ratio = devicePixelRatio;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    draw(ctx, width, height);
  };
  const queue = () => {
    if (!queued) requestAnimationFrame(redraw);
    queued = true;
  };
  new ResizeObserver(queue).observe(holder);
  // At once: on the way to paper no further frame is drawn.
  onPaletteChange(redraw);
  return { redraw, queue };
}
