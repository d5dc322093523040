// Says how many moments of the list are below its edge, and scrolls there.

import { ngettext } from "../shared/words.js";

/** @param {HTMLElement} view what holds the list @param {HTMLButtonElement} button @param {import("../timeline/stage.js").Stage} stage */
export function moreBelow(view, button, stage) {
  const list = () => /** @type {HTMLElement} */ (view.querySelector("#moment-list"));
  let isQueued = false;
  const show = () => {
    isQueued = false;
    const end = list().getBoundingClientRect().bottom;
    const isCut = list().scrollHeight > list().clientHeight + 1;
    const below = isCut ? [...list().querySelectorAll("li[data-id]")].filter((item) => {
      const box = item.getBoundingClientRect();
      return item.checkVisibility() && box.bottom > end + 2;
    }).length : 0;
    // At the end it keeps its place: what somebody is about to press must not move away.
    button.hidden = !isCut;
    button.classList.toggle("is-at-end", !below);
    button.textContent = ngettext("{n} more below", "{n} more below", below);
  };
  const queue = () => {
    if (!isQueued) requestAnimationFrame(show);
    isQueued = true;
  };
  button.addEventListener("click", () => list().scrollBy({ top: list().clientHeight * 0.8 }));
  // Scrolling does not bubble, and the list is replaced after each change.
  view.addEventListener("scroll", queue, true);
  stage.on("moments", queue);
  new ResizeObserver(queue).observe(view);
}
