// Opening a video, and lining it up with the lesson in steps of a tenth of a second.

/** @param {HTMLElement} main @param {import("./player.js").Player} player */
export function wireVideo(main, player) {
  const { lesson = "", video = "", offset = "0" } = main.dataset;
  const file = /** @type {HTMLInputElement} */ (main.querySelector("#video-file"));
  const field = /** @type {HTMLInputElement} */ (main.querySelector("#offset"));
  const words = /** @type {HTMLElement} */ (main.querySelector("#line-up-text"));
  let timer = 0;

  const keep = async () => {
    if (player.isLocal) {
      localStorage.setItem(`offset:${lesson}`, `${player.offset}`);
      words.textContent = "± not known; kept here";
      return;
    }
    const answer = await fetch(`/api/lessons/${encodeURIComponent(lesson)}/video-offset`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ offset_s: player.offset }),
    }).catch(() => null);
    words.textContent = answer?.ok ? "± not known; saved" : "This could not be saved; try again.";
  };
  const take = (/** @type {number} */ value) => {
    if (!Number.isFinite(value)) return;
    player.lineUp(value);
    field.value = player.offset.toFixed(1);
    clearTimeout(timer);
    timer = setTimeout(keep, 400);
  };

  field.addEventListener("change", () => take(field.valueAsNumber));
  for (const button of main.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => take(player.offset + Number(/** @type {HTMLElement} */ (button).dataset.step)));
  }
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    if (!chosen) return;
    const known = Number(localStorage.getItem(`offset:${lesson}`) ?? 0);
    player.openLocal(chosen, Number.isFinite(known) ? known : 0);
    field.value = player.offset.toFixed(1);
  });
  field.value = Number(offset).toFixed(1);
  if (video) player.openServer(video, Number(offset));
}
