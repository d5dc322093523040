"""A lesson on paper: what was said of it and what was seen, and nothing to press."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.lesson_page import open_with_film
from tests.browser.parts import parts

BUTTONS = """() => [...document.querySelectorAll('button, input, select, textarea, video, summary')]
  .filter((part) => part.checkVisibility() && !part.matches('.jump, .mark, .routine-band, .gaps button'))
  .map((part) => part.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_paper_has_every_moment_and_the_timeline_and_no_button(page, school, film, scheme):
    page.emulate_media(color_scheme=scheme)
    open_with_film(page, school, film)
    page.emulate_media(media="print", color_scheme=scheme)
    assert page.evaluate(BUTTONS) == []
    expect(page.locator("#player")).to_be_hidden()
    for moment in parts(page.locator("li.moment")):
        expect(moment.locator(".what")).to_be_visible()
    # Also what is folded or not chosen on the screen.
    for text in ("The second table had none left.", "A lively stretch: Window"):
        expect(page.get_by_text(text, exact=True)).to_be_visible()
    for claim in parts(page.locator(".claim")):
        expect(claim).to_be_visible()
    for lane in ("overview", "marks", "ribbon", "noise", "zones", "axis", "summary", "legend"):
        expect(page.locator(f"#{lane}")).to_be_visible()
    # Dark ink on white paper, in both themes.
    ink = page.locator("h1").evaluate("each => getComputedStyle(each).color")
    assert max(int(part) for part in ink[4:-1].split(",")) < 90
    assert len(page.pdf()) > 20_000
