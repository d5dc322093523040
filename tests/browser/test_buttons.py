"""Buttons stay readable under the pointer, in both themes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

MIN_CONTRAST = 4.5

PAGES = (
    ("/", "main"),
    ("/lessons/sample", "body[data-drawn]"),
    ("/rooms/room-204/live", "body[data-updates]"),
    ("/model?lesson=sample", "main"),
    ("/lessons/none", "main"),
)

CONTRAST = """(button) => {
  const parsed = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  // What lies behind it: the nearest background that is not transparent, mixed where it is partly so.
  let behind = [255, 255, 255];
  const layers = [];
  const styles = [getComputedStyle(button)];
  const before = getComputedStyle(button, "::before");  // the plate of a mark's number
  if (before.position === "absolute") styles.push(before);
  for (let part = button.parentElement; part; part = part.parentElement) styles.push(getComputedStyle(part));
  for (const style of styles) {
    const [r, g, b, a = 1] = parsed(style.backgroundColor);
    layers.push([r, g, b, a]);
    if (a === 1) break;
  }
  for (const [r, g, b, a] of layers.reverse()) {
    behind = [r, g, b].map((c, i) => c * a + behind[i] * (1 - a));
  }
  const [one, other] = [light(parsed(getComputedStyle(button).color)), light(behind)];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}"""


@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_every_button_can_be_read_under_the_pointer(browser, school, scheme) -> None:
    context = browser.new_context(
        viewport={"width": 1366, "height": 768},
        base_url=school.address,
        color_scheme=scheme,
        storage_state=school.storage,
    )
    page: Page = context.new_page()
    unreadable: dict[str, float] = {}
    seen = 0
    for address, ready in PAGES:
        page.goto(address)
        page.locator(ready).first.wait_for()
        # Held, since what is hovered may add or remove another one.
        for button in page.locator("button:visible:enabled, .button:visible").element_handles():
            name = button.inner_text().strip()
            if not name or not button.is_visible():
                continue
            button.hover(force=True)
            seen += 1
            contrast = button.evaluate(CONTRAST)
            if contrast < MIN_CONTRAST:
                unreadable[f"{address}: {name}"] = round(contrast, 2)
    context.close()
    assert seen > 10
    assert unreadable == {}
