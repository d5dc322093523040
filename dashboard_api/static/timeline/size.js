// The size of an element without asking the layout for it: that would lay the page out again in each frame.

/**
 * @param {HTMLElement} holder
 * @param {() => void} changed is called with each new size
 * @returns {{width: number, height: number}} in pixels, always the present one
 */
export function sizeOf(holder, changed) {
  const size = { width: holder.clientWidth, height: holder.clientHeight };
  new ResizeObserver(() => {
    size.width = holder.clientWidth;
    size.height = holder.clientHeight;
    changed();
  }).observe(holder);
  return size;
}
