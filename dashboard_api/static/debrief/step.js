// The tab with the next step: answers that say why something was not saved are shown too, and the
// tab says when a step is open.

/** @param {HTMLElement} view the tab's panel @param {HTMLElement | null} tab */
export function nextStep(view, tab) {
  view.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    // What somebody else changed meanwhile comes back beside one's own text, to choose.
    if (detail.xhr.status !== 409 && detail.xhr.status !== 422) return;
    // The notice above the tabs says what any other answer is about.
    if (!detail.xhr.getResponseHeader("Content-Type")?.startsWith("text/html")) return;
    detail.shouldSwap = true;
    detail.isError = false;
  });
  view.addEventListener("htmx:afterSettle", () => {
    const step = view.querySelector("#next-step");
    const isOpen = step instanceof HTMLElement && "open" in step.dataset;
    tab?.classList.toggle("has-step", isOpen);
    if (isOpen) tab?.setAttribute("aria-description", "one is open");
    else tab?.removeAttribute("aria-description");
    const conflict = /** @type {HTMLElement | null} */ (view.querySelector(".conflict, .trouble"));
    conflict?.scrollIntoView({ block: "nearest" });
  });
  const more = document.createElement("button");
  more.type = "button";
  more.className = "quiet small more-below more-of-step";
  more.textContent = "More below";
  const content = () => /** @type {HTMLElement} */ (view.querySelector("#next-step"));
  more.addEventListener("click", () => content().scrollBy({ top: content().clientHeight * 0.8 }));
  view.append(more);
  const show = () => {
    const { scrollHeight, clientHeight, scrollTop } = content();
    more.hidden = scrollHeight - clientHeight - scrollTop < 40;
  };
  // Scrolling does not bubble, and the content is replaced after each change.
  view.addEventListener("scroll", show, true);
  view.addEventListener("toggle", show, true);
  view.addEventListener("htmx:afterSettle", show);
  new ResizeObserver(show).observe(view);
  // Who fills a field means the choice that it belongs to.
  view.addEventListener("input", (event) => {
    const field = /** @type {HTMLElement} */ (event.target);
    const radio = field.closest("fieldset p")?.querySelector('input[type="radio"]');
    if (radio instanceof HTMLInputElement && radio !== field) radio.checked = true;
  });
}
