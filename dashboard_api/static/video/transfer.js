// One upload by tus-js-client, which is loaded when it is needed. It continues by itself after a lost
// connection, a closed lid or a restart of the server.

import { _ } from "../shared/words.js";

const PART_BYTES = 16 * 1024 * 1024;
const STALLED_MS = 40_000;
const LOOK_EACH_MS = 5_000;
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000];
const VENDOR = new URL("../vendor/tus.min.js", import.meta.url).href;

/** Whether trying again by itself is of no use. */
function isFinal(/** @type {any} */ error) {
  const status = statusOf(error);
  // A part that does not fit: an earlier one came late. Asking where the server is makes it good.
  if (status === 409 && error.originalRequest?.getMethod() === "PATCH") return false;
  return status >= 400 && status < 500 && ![408, 423, 429].includes(status);
}

export class Transfer {
  #upload = /** @type {any} */ (null);
  #timer = 0;
  #movedAt = 0;
  #isPaused = false;
  #samples = /** @type {[number, number][]} */ ([]);

  /**
   * @param {{file: File, endpoint: string, address: string | null, consent: string, fingerprint: string}} what
   *   `address` of an upload that continues
   * @param {{moved: (share: number, secondsLeft: number) => void, waiting: () => void,
   *   done: () => void, failed: (sentence: string, status: number) => void}} on
   */
  constructor(what, on) {
    this.what = what;
    this.on = on;
  }

  async start() {
    await import(VENDOR);
    const { tus } = /** @type {any} */ (globalThis);
    const { file, endpoint, address, consent, fingerprint } = this.what;
    this.#upload = new tus.Upload(file, {
      endpoint,
      uploadUrl: address,
      chunkSize: PART_BYTES,
      retryDelays: RETRY_MS,
      storeFingerprintForResuming: false,
      metadata: { consent, fingerprint },
      onProgress: (/** @type {number} */ sent) => this.#moved(sent),
      onSuccess: () => this.#ended(() => this.on.done()),
      onShouldRetry: (/** @type {any} */ error) => {
        if (isFinal(error) || statusOf(error) === 507) return false;
        this.on.waiting();
        return true;
      },
      onError: (/** @type {any} */ error) => this.#failed(error),
    });
    this.#movedAt = Date.now();
    this.#timer = window.setInterval(() => this.#look(), LOOK_EACH_MS);
    addEventListener("online", this.#again);
    addEventListener("offline", this.#cut);
    this.#upload.start();
  }

  pause() {
    this.#isPaused = true;
    return this.#upload?.abort();
  }

  continue() {
    this.#isPaused = false;
    this.#samples = [];
    this.#movedAt = Date.now();
    this.#upload?.start();
  }

  /** Ends the upload here and on the server. */
  async cancel() {
    this.#ended(() => {});
    await this.#upload?.abort();
    const { url } = this.#upload ?? {};
    if (url) await fetch(url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => null);
  }

  #moved(/** @type {number} */ sent) {
    const now = Date.now();
    this.#movedAt = now;
    this.#samples.push([now, sent]);
    while (this.#samples.length > 2 && now - this.#samples[0][0] > 15_000) this.#samples.shift();
    const [[began, first]] = this.#samples;
    const rate = (sent - first) / Math.max(1, now - began) * 1000;
    const { size } = this.what.file;
    this.on.moved(sent / size, rate > 0 && now - began > 2_000 ? (size - sent) / rate : Infinity);
  }

  /** A connection can die without a word: after a closed lid, for one. */
  #look() {
    if (this.#isPaused || Date.now() - this.#movedAt < STALLED_MS) return;
    this.on.waiting();
    this.#again();
  }

  #cut = () => {
    if (this.#isPaused) return;
    this.on.waiting();
    this.#upload.abort();
  };

  #again = async () => {
    if (this.#isPaused) return;
    this.#movedAt = Date.now();
    await this.#upload.abort();
    this.#upload.start();
  };

  #failed(/** @type {any} */ error) {
    const status = statusOf(error);
    if (!isFinal(error) && status !== 507) {
      this.on.waiting();
      setTimeout(() => this.#again(), RETRY_MS[RETRY_MS.length - 1]);
      return;
    }
    if (status === 507) this.#isPaused = true;
    else this.#ended(() => {});
    this.on.failed(sentenceOf(error, status), status);
  }

  #ended(/** @type {() => void} */ then) {
    clearInterval(this.#timer);
    this.#isPaused = true;
    removeEventListener("online", this.#again);
    removeEventListener("offline", this.#cut);
    then();
  }
}

const statusOf = (/** @type {any} */ error) => error.originalResponse?.getStatus() ?? 0;

function sentenceOf(/** @type {any} */ error, /** @type {number} */ status) {
  if (status === 401) return _("You are signed out. Sign in again, and choose the same file: the upload continues where it stopped.");
  try {
    return `${JSON.parse(error.originalResponse.getBody()).detail}`;
  } catch {
    return _("The upload did not work. Try again.");
  }
}
