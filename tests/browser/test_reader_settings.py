"""What a reader's system asks for: colours of their own, less motion; and the words of the pages."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from contract.clock import SECOND_NS
from tests.browser.lesson_page import open_lesson
from tests.browser.parts import parts

SEEN = """(selector) => {
  const part = document.querySelector(selector);
  const parsed = (text) => text.match(/[\\d.]+/g).map(Number);
  const [r, g, b, a = 1] = parsed(getComputedStyle(part).backgroundColor);
  const behind = parsed(getComputedStyle(document.querySelector('.timeline')).backgroundColor);
  return a > 0 && Math.max(...[r, g, b].map((value, i) => Math.abs(value - behind[i]))) > 60;
}"""


@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_with_colours_of_their_own_readers_see_the_playhead_and_the_shapes(page, scheme):
    page.emulate_media(forced_colors="active", color_scheme=scheme)
    open_lesson(page)
    for part in ("#playhead", "#playhead i", ".moment.suggested .shape"):
        assert page.evaluate(SEEN, part), part
    chosen, other = (
        page.locator(f"#tab-{name}").evaluate("tab => getComputedStyle(tab).borderBottomColor")
        for name in ("moments", "video")
    )
    assert chosen != other


@pytest.mark.parametrize(
    ("address", "ready"),
    (("/lessons/sample", "body[data-drawn]"), ("/rooms/room-204/live", "body[data-updates]")),
)
def test_nothing_moves_by_itself_for_who_wants_less_motion(page, school, address, ready):
    school.clock.now_ns = -1600 * SECOND_NS
    page.emulate_media(reduced_motion="reduce")
    page.goto(address)
    page.wait_for_selector(ready)
    assert page.evaluate("document.getAnimations().length") == 0


def test_a_lesson_speaks_of_movement_as_its_chart_does(page, school):
    open_lesson(page)
    page.locator(".further summary").click()
    text = page.locator("main").text_content()
    for wrong in ("dB above", "dB below", "of the last 10 minutes", "Overall, there was", "signs"):
        assert wrong not in text
    expect(page.locator('[data-id="sample-alert-1"] .because')).to_contain_text(
        "times the room's usual movement."
    )
    # Settling in and packing up are no news.
    for routine in parts(page.locator("li.routine")):
        expect(routine).not_to_contain_text("the system suggests")
    school.stores.lessons.put(replace(school.lesson, id="unscored"))
    page.goto("/lessons/unscored")
    expect(page.locator("main")).to_contain_text("not scored yet")
    expect(page.locator("main")).not_to_contain_text("no lively stretch")
    school.stores.lessons.purge(lessons=["unscored"])


@pytest.mark.parametrize("size", ((1366, 625), (390, 844)))
def test_the_note_on_trust_fits_the_screen_and_needs_no_statistics(page, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_lesson(page, "/lessons/sample#moment-sample-alert-1")
    page.locator(".is-chosen .how-far").click()
    note = page.locator("#trust-note")
    expect(note).to_be_visible()
    box = note.bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= size[1]
    assert box["x"] + box["width"] <= size[0]
    expect(note.get_by_role("button", name="Close")).to_be_in_viewport()
    assert not re.search(r"\b(kappa|auc|brier)\b", note.text_content(), flags=re.IGNORECASE)


def test_a_row_of_the_table_is_one_line_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    open_lesson(page)
    page.locator(".as-table summary").click()
    rows = page.locator("#table tbody tr")
    expect(rows).to_have_count(20)
    heights = [row.bounding_box()["height"] for row in parts(rows)]
    assert max(heights) <= 40, heights
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_link_to_a_moment_scrolls_the_list_and_not_the_page(page):
    page.set_viewport_size({"width": 1366, "height": 625})
    open_lesson(page, "/lessons/sample#moment-sample-alert-1")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#moment-sample-alert-1 .jump")).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") == 0
    page.evaluate("location.hash = '#moment-sample-b'")
    expect(page.locator("#moment-sample-b .jump")).to_be_in_viewport(ratio=1)
    assert page.evaluate("scrollY") == 0
    assert page.locator("#moments").evaluate("each => each.scrollTop") == 0
