// Speed, sound and full screen.

import { _ } from "../shared/words.js";

/**
 * @param {{video: HTMLVideoElement, player: HTMLElement, speed: HTMLSelectElement, mute: HTMLButtonElement,
 *   volume: HTMLInputElement, fullScreen: HTMLButtonElement}} parts
 */
export function controls(parts) {
  const { video, player, speed, mute, volume, fullScreen } = parts;

  speed.addEventListener("change", () => {
    // The default also holds for the next video.
    video.defaultPlaybackRate = video.playbackRate = Number(speed.value);
  });

  mute.addEventListener("click", () => { video.muted = !video.muted; });
  volume.addEventListener("input", () => {
    video.volume = Number(volume.value) / 100;
    video.muted = false;
  });
  video.addEventListener("volumechange", () => {
    mute.setAttribute("aria-pressed", `${video.muted}`);
    volume.value = `${Math.round(video.volume * 100)}`;
  });

  fullScreen.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (player.requestFullscreen) player.requestFullscreen();
    // An iPhone shows only the picture itself on the whole screen.
    else /** @type {any} */ (video).webkitEnterFullscreen?.();
  });
  // A form that opens is beside the picture, where nobody would see it.
  document.addEventListener("focusin", (event) => {
    const { fullscreenElement: shown } = document;
    if (shown && !shown.contains(/** @type {Node} */ (event.target))) document.exitFullscreen();
  });
  document.addEventListener("fullscreenchange", () => {
    fullScreen.setAttribute("aria-label", document.fullscreenElement ? _("Leave full screen") : _("Full screen"));
  });
}
