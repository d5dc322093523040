"""Exact values: by the pointer, by keyboard, in the table; and zooming to seconds."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.lesson_page import open_lesson


def rest_on(page, lane: str, share: float) -> tuple[float, float]:
    """The pointer rests on a lane, and its values are shown."""
    box = page.locator(lane).bounding_box()
    x, y = box["x"] + box["width"] * share, box["y"] + box["height"] / 2
    page.mouse.move(x - 60, y)
    page.mouse.move(x, y)
    page.locator(".values").wait_for()
    return x, y


def test_the_pointer_shows_exact_values_that_escape_removes(page):
    values = open_lesson(page).locator(".values")
    x, y = rest_on(page, "#zones", 0.48)
    expect(values).to_contain_text(re.compile("(24:00 · 11:29:00|23:59 · 11:28:59)"))
    expect(values).to_contain_text(
        re.compile(r"The room: 2\.\d times its normal, likely [\d.]+ to")
    )
    expect(values).to_contain_text(re.compile(r"Noise: \d\d\.\d dB\(A\), \d\d to \d\d in \d s"))
    expect(values).to_contain_text(re.compile(r"(Front|Middle): \d\.\d times its own normal"))
    # The pointer may go onto the values.
    for up in range(1, 25):
        page.mouse.move(x, y - up)
    expect(values).to_be_visible()
    assert page.evaluate("([x, y]) => Boolean(document.elementFromPoint(x, y).closest('.values'))",
                         [x, y - 24])  # fmt: skip
    page.keyboard.press("Escape")
    expect(values).to_be_hidden()
    rest_on(page, "#ribbon", 0.61)
    expect(values).to_contain_text("nothing was sensed: the kit lost power or restarted")
    page.mouse.move(x, 20)
    expect(values).to_be_hidden()


def test_the_playhead_says_exact_values_to_the_keyboard(page):
    playhead = open_lesson(page, "/lessons/sample#t=24:00").locator("#playhead")
    expect(playhead).to_have_attribute(
        "aria-valuetext",
        re.compile(r"^24:00; The room: 2\.\d times its normal, likely .*; Noise: "),
    )
    playhead.focus()
    page.keyboard.press("Home")
    expect(playhead).to_have_attribute("aria-valuetext", re.compile("^0:00; "))


def test_zooming_to_seconds_needs_no_reload(page):
    open_lesson(page)
    opened = []
    page.on("framenavigated", lambda frame: opened.append(frame.url))
    page.locator("#view-to").fill("20:10")
    page.locator("#view-from").fill("20:00")
    with page.expect_response(lambda answer: "level_s=1" in answer.url):
        page.locator("#view-from").press("Enter")
    expect(page.locator("#axis span")).to_have_text([f"20:{second:02}" for second in range(11)])
    rest_on(page, "#noise", 0.55)
    expect(page.locator(".values")).to_contain_text(re.compile(r"Noise: \d\d\.\d dB\(A\)$"))
    page.locator("#zoom-in").press("-")
    expect(page.locator("#view-to")).not_to_have_value("20:10")
    assert opened == []


def test_the_table_has_the_pages_words(page):
    open_lesson(page)
    page.locator(".as-table summary").click()
    rows = page.locator("#table tbody tr")
    expect(rows).to_have_count(20)
    page.evaluate("location.hash = '#t=0:10'")
    words = rows.first.locator("td").first.text_content()
    assert words.endswith("more than usual")
    expect(page.locator("#readout-text")).to_contain_text(
        words.replace("than usual", "movement than usual")
    )
    page.locator("#table").get_by_role("link", name="Page 4").click()
    lost = page.locator("#table tr", has_text="30:00–30:30").first
    expect(lost.locator("td").first).to_have_text("not known")
    expect(lost.locator("td").last).to_have_text("the kit lost power or restarted")
