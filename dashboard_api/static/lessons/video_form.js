// Opens a video and lines it up with the lesson in steps of a tenth of a second.

/** @param {HTMLElement} main @param {import("./player.js").Player} player */
export function wireVideo(main, player) {
  const { lesson = "", video = "", offset = "0" } = main.dataset;
  const file = /** @type {HTMLInputElement} */ (main.querySelector("#video-file"));
  const field = /** @type {HTMLInputElement} */ (main.querySelector("#offset"));
  const message = /** @type {HTMLElement} */ (main.querySelector("#line-up-text"));
  let timer = 0;

  const save = async () => {
    if (player.isLocal) {
      localStorage.setItem(`offset:${lesson}`, `${player.offset}`);
      message.textContent = "Line-up saved in this browser; its accuracy is not known";
      return;
    }
    const response = await fetch(`/api/lessons/${encodeURIComponent(lesson)}/video-offset`, {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ offset_s: player.offset }),
    }).catch(() => null);
    message.textContent = response?.ok ? "Line-up saved; its accuracy is not known" : "Line-up not saved. Try again.";
  };
  const take = (/** @type {number} */ value) => {
    if (!Number.isFinite(value)) return;
    player.lineUp(value);
    field.value = player.offset.toFixed(1);
    clearTimeout(timer);
    timer = setTimeout(save, 400);
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
