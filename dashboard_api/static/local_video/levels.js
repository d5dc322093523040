// How loud a video's sound is, ten times a second. Samples are forgotten with their tenth of a second.

const FLOOR_DB = -100;
const JUMP_S = 0.08;
/** What lies below is the room's hum and hands on the camera: about what A-weighting leaves out. */
const LOW_HZ = 500;

export class Levels {
  #levels = /** @type {number[]} */ ([]);
  #expected = NaN;
  #energy = 0;
  #count = 0;
  #left = 0;
  #steps = 0;
  #skips = false;
  #state = new Float64Array(4);

  /** Samples of one channel that begin at a time of the video. @param {number} at @param {Float32Array} samples @param {number} rate */
  add(at, samples, rate) {
    if (!(Math.abs(at - this.#expected) <= JUMP_S)) this.#begin(at, rate);
    this.#expected = at + samples.length / rate;
    const keep = Math.exp((-2 * Math.PI * LOW_HZ) / rate);
    const state = this.#state;
    for (let i = 0; i < samples.length; i++) {
      // Two first-order high passes.
      const one = keep * (state[1] + samples[i] - state[0]);
      state[0] = samples[i];
      const two = keep * (state[3] + one - state[2]);
      state[1] = state[2] = one;
      state[3] = two;
      this.#energy += two * two;
      this.#count++;
      if (--this.#left <= 0) this.#end(rate);
    }
  }

  /** By tenth of a second; NaN where there is no sound. */
  get all() {
    return Float32Array.from(this.#levels);
  }

  #begin(/** @type {number} */ at, /** @type {number} */ rate) {
    const step = Math.max(Math.ceil(at * 10 - 1e-6), 0);
    while (this.#levels.length < step) this.#levels.push(NaN);
    this.#energy = this.#count = 0;
    // What comes before the next tenth is left out by its count.
    this.#left = Math.round((step / 10 - at) * rate) || Math.round(rate / 10);
    this.#skips = Math.round((step / 10 - at) * rate) > 0;
    this.#steps = 0;
    this.#state.fill(0);
  }


  #end(/** @type {number} */ rate) {
    if (!this.#skips) {
      const power = this.#energy / this.#count;
      this.#levels.push(power > 0 ? Math.max(10 * Math.log10(power), FLOOR_DB) : NaN);
    }
    this.#skips = false;
    this.#energy = this.#count = 0;
    // Where a tenth has no whole number of samples, the next ones make up for it.
    this.#left = Math.round(((this.#steps + 1) * rate) / 10) - Math.round((this.#steps * rate) / 10);
    this.#steps++;
  }
}
