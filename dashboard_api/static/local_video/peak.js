// The best offset of a video, and how sure it is: the same numbers as school/video/alignment/traces.py and peak.py.

const AROUND_S = 15;
const CLIP_SD = 4;
export const STEPS = 10;
const MIN_STEPS = 6;
const APART_S = 5;
const FIT_STEPS = 5;
const FLOOR_S = 0.2;
const MIN_OVERLAP_S = 300;

/** @typedef {{value: Float64Array, known: Float64Array}} Trace */
/** @typedef {{offset_s: number, plus_minus_s: number, correlation: number, peak_ratio: number, overlap_s: number}} Peak */

/** One level a second with its 30 s mean off, clipped, of unit spread. @param {ArrayLike<number | null>} level @returns {Trace} */
export function prepared(level) {
  const n = level.length;
  const value = new Float64Array(n), known = new Float64Array(n);
  const sums = new Float64Array(n + 1), counts = new Float64Array(n + 1);
  for (let i = 0; i < n; i++) {
    const at = level[i];
    known[i] = at !== null && Number.isFinite(at) ? 1 : 0;
    value[i] = known[i] ? /** @type {number} */ (at) : 0;
    sums[i + 1] = sums[i] + value[i];
    counts[i + 1] = counts[i] + known[i];
  }
  for (let i = 0; i < n; i++) {
    const low = Math.max(i - AROUND_S, 0), high = Math.min(i + AROUND_S + 1, n);
    value[i] = known[i] ? value[i] - (sums[high] - sums[low]) / (counts[high] - counts[low]) : 0;
  }
  const spread = () => Math.sqrt(value.reduce((sum, v) => sum + v * v, 0) / Math.max(counts[n], 1));
  const first = spread();
  if (!first) return { value: new Float64Array(n), known: new Float64Array(n) };
  for (let i = 0; i < n; i++) value[i] = Math.min(Math.max(value[i] / first, -CLIP_SD), CLIP_SD);
  const second = spread();
  for (let i = 0; i < n; i++) value[i] /= second;
  return { value, known };
}

/** Tenths of a second to seconds, averaged as energy; the first begins `phase` tenths in. @param {Float32Array} level @param {number} phase */
export function secondsOf(level, phase) {
  const seconds = Math.max(0, Math.floor((level.length - phase) / STEPS));
  const found = new Float64Array(seconds).fill(NaN);
  for (let i = 0; i < seconds; i++) {
    let energy = 0, count = 0;
    for (let k = 0; k < STEPS; k++) {
      const at = level[phase + i * STEPS + k];
      if (!Number.isFinite(at)) continue;
      energy += 10 ** (at / 10);
      count++;
    }
    if (count >= MIN_STEPS && energy > 0) found[i] = 10 * Math.log10(energy / count);
  }
  return found;
}

/** In place: a Fourier transform whose size is a power of two. @param {Float64Array} re @param {Float64Array} im */
function transform(re, im) {
  const n = re.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
  }
  for (let size = 2; size <= n; size <<= 1) {
    const half = size >> 1;
    for (let k = 0; k < half; k++) {
      const c = Math.cos((-2 * Math.PI * k) / size), s = Math.sin((-2 * Math.PI * k) / size);
      for (let i = k; i < n; i += size) {
        const j = i + half;
        const x = re[j] * c - im[j] * s, y = re[j] * s + im[j] * c;
        re[j] = re[i] - x;
        im[j] = im[i] - y;
        re[i] += x;
        im[i] += y;
      }
    }
  }
}

/** @typedef {{re: Float64Array, im: Float64Array}} Spectrum */

/** @param {Float64Array} values @param {number} size @returns {Spectrum} */
function spectrum(values, size) {
  const re = new Float64Array(size), im = new Float64Array(size);
  re.set(values);
  transform(re, im);
  return { re, im };
}

/** Sums of products by lag from -(n - 1) to m - 1. @param {Spectrum} a @param {Spectrum} b @param {number} n @param {number} m */
function correlate(a, b, n, m) {
  const size = a.re.length;
  const re = new Float64Array(size), im = new Float64Array(size);
  // The conjugate of conj(a) * b, transformed forwards, is the inverse transform.
  for (let i = 0; i < size; i++) {
    re[i] = a.re[i] * b.re[i] + a.im[i] * b.im[i];
    im[i] = -(a.re[i] * b.im[i] - a.im[i] * b.re[i]);
  }
  transform(re, im);
  const found = new Float64Array(n + m - 1);
  for (let i = 0; i < found.length; i++) found[i] = re[(i - (n - 1) + size) % size] / size;
  return found;
}

const squared = (/** @type {Float64Array} */ values) => values.map((v) => v * v);

/** The best offset of all. @param {Trace} lesson @param {Trace[]} phases @returns {Peak | null} */
export function bestPeak(lesson, phases) {
  const count = (/** @type {Trace} */ trace) => trace.known.reduce((sum, v) => sum + v, 0);
  const shorter = Math.min(count(lesson), count(phases[0]));
  if (shorter < 30) return null;
  const n = lesson.value.length, longest = phases[0].value.length;
  const lags = n + Math.min(...phases.map((each) => each.value.length)) - 1;
  const size = 2 ** Math.ceil(Math.log2(n + longest));
  const x = spectrum(lesson.value, size), knownX = spectrum(lesson.known, size), squareX = spectrum(squared(lesson.value), size);
  const r = new Float64Array(lags * STEPS), overlaps = new Float64Array(lags * STEPS);
  for (const [phase, video] of phases.entries()) {
    const m = video.value.length;
    const knownY = spectrum(video.known, size);
    const overlap = correlate(knownX, knownY, n, m);
    const product = correlate(x, spectrum(video.value, size), n, m);
    const left = correlate(squareX, knownY, n, m), right = correlate(knownX, spectrum(squared(video.value), size), n, m);
    const enough = Math.max(Math.min(MIN_OVERLAP_S, shorter / 2), 2);
    for (let lag = 0; lag < lags; lag++) {
      const power = left[lag] * right[lag];
      overlaps[lag * STEPS + phase] = Math.round(overlap[lag]);
      if (Math.round(overlap[lag]) >= enough && power > 1e-6) {
        r[lag * STEPS + phase] = Math.min(Math.max(product[lag] / Math.sqrt(power), -1), 1);
      }
    }
  }
  let best = 0;
  const score = r.map((each, at) => each * Math.sqrt(overlaps[at]));
  for (let i = 1; i < score.length; i++) if (score[i] > score[best]) best = i;
  if (r[best] <= 0) return null;
  let second = 1e-9;
  for (let i = 0; i < score.length; i++) if (Math.abs(i - best) >= APART_S * STEPS) second = Math.max(second, score[i]);
  const { shift, curve } = top(r, best);
  const correlation = Math.min(r[best], 0.999);
  const variance = (1 - correlation ** 2) / (Math.max(overlaps[best], 1) * correlation * curve);
  return {
    offset_s: best / STEPS - (n - 1) + shift, plus_minus_s: Math.hypot(FLOOR_S, 2 * Math.sqrt(variance)), correlation,
    peak_ratio: Math.min(score[best] / second, 99), overlap_s: overlaps[best],
  };
}

/** A parabola through the top: where it is from the best step, and its curve. @param {Float64Array} r @param {number} best */
function top(r, best) {
  const low = Math.max(best - FIT_STEPS, 0), high = Math.min(best + FIT_STEPS + 1, r.length);
  // Least squares by the normal equations of 1, t and t².
  const sums = [0, 0, 0, 0, 0], right = [0, 0, 0];
  for (let i = low; i < high; i++) {
    const t = (i - best) / STEPS;
    for (let k = 0; k < 5; k++) sums[k] += t ** k;
    for (let k = 0; k < 3; k++) right[k] += r[i] * t ** k;
  }
  const [s0, s1, s2, s3, s4] = sums, [y0, y1, y2] = right;
  const whole = s0 * (s2 * s4 - s3 * s3) - s1 * (s1 * s4 - s2 * s3) + s2 * (s1 * s3 - s2 * s2);
  const slope = (s0 * (y1 * s4 - s3 * y2) - y0 * (s1 * s4 - s2 * s3) + s2 * (s1 * y2 - y1 * s2)) / whole;
  const square = (s0 * (s2 * y2 - y1 * s3) - s1 * (s1 * y2 - y1 * s2) + y0 * (s1 * s3 - s2 * s2)) / whole;
  if (square >= -1e-3) return { shift: 0, curve: 1e-3 };
  return { shift: Math.min(Math.max(-slope / (2 * square), -0.2), 0.2), curve: -2 * square };
}
