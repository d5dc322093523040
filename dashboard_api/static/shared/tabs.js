// Tabs: the arrow keys, Home and End move between them and show their panels at once.

/**
 * @param {HTMLElement} holder what holds the tablist and its panels; without a tablist nothing happens
 * @returns {{show: (id: string) => void}}
 */
export function tabs(holder) {
  const all = /** @type {HTMLElement[]} */ ([...holder.querySelectorAll('[role="tab"]')]);
  const show = (/** @type {string} */ id) => {
    for (const tab of all) {
      const isShown = tab.id === id;
      tab.setAttribute("aria-selected", `${isShown}`);
      tab.tabIndex = isShown ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      panel?.classList.toggle("is-shown", isShown);
    }
  };
  for (const tab of all) {
    tab.addEventListener("click", () => show(tab.id));
    tab.addEventListener("keydown", (event) => {
      const at = all.indexOf(tab);
      const next = {
        ArrowLeft: (at + all.length - 1) % all.length, ArrowRight: (at + 1) % all.length,
        Home: 0, End: all.length - 1,
      }[event.key];
      if (next === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      all[next].focus();
      show(all[next].id);
    });
  }
  return { show };
}
