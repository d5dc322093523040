// The lesson's video on the server: uploaded, checked, converted, replaced and deleted by its teacher.

import { Transfer } from "./transfer.js";
import { sizeWords, stateWords, timeLeft } from "./words.js";
import { _ } from "../shared/words.js";

/** @typedef {import("./words.js").VideoState} VideoState */

const ASK_EACH_MS = 2_000;
const PREPARED = ["checking", "converting"];

/**
 * @param {HTMLElement} section
 * @param {string} lesson
 * @param {{ready: () => void, gone: () => void, said: (text: string) => void}} on
 */
export function lessonVideo(section, lesson, on) {
  const id = (/** @type {string} */ name) => /** @type {any} */ (section.querySelector(`#lv-${name}`));
  if (!id("said")) return;
  const base = `/api/lessons/${encodeURIComponent(lesson)}/video`;
  const [add, pause, goOn, cancel, remove] = ["add", "pause", "continue", "cancel", "delete"].map(id);
  const file = /** @type {HTMLInputElement} */ (id("file"));
  let state = /** @type {VideoState} */ (JSON.parse(section.dataset.state ?? "{}"));
  let transfer = /** @type {Transfer | null} */ (null);
  let timer = 0;

  const say = (/** @type {string} */ said, more = "") => {
    // A status is read aloud when it changes; a share that moves is not one.
    if (id("said").textContent !== said) id("said").textContent = said;
    id("more").textContent = more;
    on.said(said);
  };
  const offer = (/** @type {HTMLElement[]} */ shown) => {
    const had = document.activeElement;
    for (const button of [add, pause, goOn, cancel, remove]) button.hidden = !shown.includes(button);
    if (had instanceof HTMLElement && had.hidden && section.contains(had)) shown[0]?.focus();
  };
  const progress = (/** @type {number | null} */ share) => {
    id("line").hidden = share === null;
    id("progress").value = share ?? 0;
    id("share").textContent = share === null ? "" : `${Math.floor(share * 100)} %`;
  };

  const show = () => {
    const { said, more } = stateWords(state);
    section.dataset.shown = state.state;
    say(said, more);
    progress({ converting: state.progress ?? 0, uploading: state.upload?.share ?? 0 }[state.state] ?? null);
    add.textContent = { uploading: _("Choose the file again"), refused: _("Choose another file") }[state.state]
      ?? (state.is_ready ? _("Replace the video") : _("Upload the lesson’s video"));
    add.classList.toggle("main", state.state !== "ready");
    if (PREPARED.includes(state.state)) offer([remove]);
    else offer([add, ...(state.state === "uploading" ? [cancel] : []), ...(state.state === "ready" ? [remove] : [])]);
  };

  const ask = async () => {
    clearTimeout(timer);
    const was = state;
    const answer = await fetch(base).catch(() => null);
    if (transfer) return;
    if (answer?.ok) {
      state = await answer.json();
      show();
      if (state.state === "ready" && was.state !== "ready") on.ready();
    }
    if (PREPARED.includes(state.state) || state.upload?.is_moving) timer = window.setTimeout(ask, ASK_EACH_MS);
  };

  const start = async (/** @type {File} */ chosen) => {
    const fingerprint = await fingerprintOf(chosen);
    const { upload } = state;
    const isSame = upload !== null && upload.size === chosen.size && fingerprint !== "" && upload.fingerprint === fingerprint;
    if (chosen.size > Number(section.dataset.max)) {
      const sizes = { size: sizeWords(chosen.size), max: sizeWords(Number(section.dataset.max)) };
      say(_("The file has {size}; this server takes {max}.", sizes), _("Export it with a smaller picture, such as 720p, and try again."));
      return;
    }
    // What is continued was confirmed when it began.
    if (!isSame && !(await answerOf(id("consent")))) return;
    clearTimeout(timer);
    transfer = new Transfer({
      file: chosen, endpoint: `${base}/uploads`, address: isSame ? upload.address : null,
      consent: section.dataset.consent ?? "", fingerprint,
    }, {
      moved: (share, left) => {
        section.dataset.shown = "uploading-here";
        say(_("The video is being uploaded."), [_("of {size}", { size: sizeWords(chosen.size) }), timeLeft(left)].filter(Boolean).join(", "));
        progress(share);
        offer([pause, cancel]);
      },
      waiting: () => {
        section.dataset.shown = "waiting";
        say(_("There is no connection to the server. The upload continues by itself."), _("Leave this page open. Nothing that is uploaded is lost."));
        offer([pause, cancel]);
      },
      done: () => {
        transfer = null;
        progress(null);
        ask();
      },
      failed: (sentence, status) => {
        section.dataset.shown = "failed";
        if (status === 507 && id("line").hidden === false) {
          say(sentence);
          offer([goOn, cancel]);
          return;
        }
        transfer = null;
        progress(null);
        say(sentence);
        add.textContent = _("Choose the file again");
        offer([add]);
        if (status !== 401) fetch(base).then((answer) => answer.json()).then((found) => { state = found; }).catch(() => null);
      },
    });
    section.dataset.shown = "uploading-here";
    say(_("The upload begins."));
    progress(0);
    offer([pause, cancel]);
    transfer.start().catch(() => {
      transfer = null;
      progress(null);
      say(_("The program for uploads could not be loaded. Load the page again."));
    });
  };

  add.addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (chosen) start(chosen);
    file.value = "";
  });
  pause.addEventListener("click", async () => {
    await transfer?.pause();
    section.dataset.shown = "paused";
    say(_("The upload is paused."), _("Nothing that is uploaded is lost."));
    offer([goOn, cancel]);
  });
  goOn.addEventListener("click", () => {
    transfer?.continue();
    say(_("The video is being uploaded."));
    offer([pause, cancel]);
  });
  cancel.addEventListener("click", async () => {
    const ended = transfer;
    transfer = null;
    if (ended) await ended.cancel();
    else if (state.upload) await fetch(state.upload.address, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => null);
    await ask();
  });
  remove.addEventListener("click", async () => {
    if (!(await answerOf(id("sure")))) return;
    const answer = await fetch(base, { method: "DELETE" }).catch(() => null);
    if (!answer?.ok) {
      say(_("The video is not deleted. Try again."));
      return;
    }
    on.gone();
    await ask();
    add.focus();
  });
  addEventListener("beforeunload", (event) => {
    if (transfer) event.preventDefault();
  });
  show();
  if (PREPARED.includes(state.state) || state.upload?.is_moving) ask();
}

/** Whether a person says yes in a dialog. @param {HTMLDialogElement} dialog @returns {Promise<boolean>} */
function answerOf(dialog) {
  return new Promise((resolve) => {
    dialog.returnValue = "";
    for (const button of dialog.querySelectorAll("button")) button.onclick = () => dialog.close(button.value);
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
    dialog.showModal();
  });
}

/** A file's name, length and date as a hash, by which the server knows it again. @param {File} file */
async function fingerprintOf(file) {
  if (!crypto.subtle) return ""; // without HTTPS
  const text = new TextEncoder().encode(`${file.name}|${file.size}|${file.lastModified}`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
