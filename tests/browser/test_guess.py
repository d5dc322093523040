"""Guess before reveal in a real browser: nothing measured is there, and then both on one picture."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from school.moments.records import Moment
from tests.browser.parts import parts
from tests.signed_in import TEACHER

MEASURED = ("dB(A)", "than usual", "lively stretch", "Settling in\n", "liveliest half minute")


@pytest.fixture(autouse=True)
def _no_guess(school):
    yield
    guesses = school.stores.sharing.guesses
    guesses.remove("sample", TEACHER)
    guesses.begin(TEACHER, is_on=False)


@pytest.fixture
def lesson(page):
    page.goto("/lessons/sample")
    page.wait_for_selector("body[data-drawn]")
    return page


def add_note(school, author: str) -> None:
    school.stores.lessons.put_moment(
        Moment(
            id="meanwhile", lesson="sample", start_s=1_390, end_s=1_450, note="Written meanwhile",
            author=author, role="coach",
        )
    )  # fmt: skip


def drag(page, start: float, end: float) -> None:
    page.locator("#guess-lane").wait_for()
    box = page.locator("#guess-lane").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + end) / 2, y)
    page.mouse.move(box["x"] + box["width"] * end, y)
    page.mouse.up()


def nothing_measured(page) -> None:
    """Neither to see, nor for a screen reader, nor in print."""
    shown = page.locator("#main").inner_text()
    read = page.locator("#main").aria_snapshot()
    for words in MEASURED:
        assert words not in shown, words
        assert words not in read, words
    expect(page.locator("#ribbon")).to_be_hidden()
    expect(page.locator("#marks")).to_be_hidden()
    expect(page.locator("#moment-list .suggested, #moment-list .routine")).to_have_count(0)
    expect(page.locator("#moment-sample-b")).to_be_visible()
    page.emulate_media(media="print")
    assert all(words not in page.locator("#main").inner_text() for words in MEASURED)
    expect(page.locator("#ribbon")).to_be_hidden()
    page.emulate_media(media="screen")


def test_a_guess_by_mouse_and_both_on_one_picture(lesson, school, settled):
    lesson.get_by_role("button", name="Guess first").click()
    expect(lesson.locator("#guess")).to_be_visible()
    nothing_measured(lesson)
    # The moments that a next step may come from are suggestions too.
    lesson.get_by_role("tab", name="Next step").click()
    expect(lesson.get_by_label("What will you try?")).to_be_visible()
    expect(lesson.locator(".step-moment")).to_be_hidden()
    lesson.get_by_role("tab", name="Moments").click()
    drag(lesson, 660 / 3_000, 780 / 3_000)
    drag(lesson, 0.8, 0.82)
    expect(lesson.locator("#guess-spans li")).to_have_count(2)
    lesson.get_by_label("Settling in took").fill("5:00")
    lesson.get_by_role("button", name="Compare").click()
    difference = lesson.locator(".difference")
    expect(difference).to_contain_text(
        "You marked 2 stretches; the system suggested 3; 1 is the same"
    )
    expect(difference).to_contain_text("came down to its usual after 3 min 55 s.")
    expect(lesson.locator("#ribbon")).to_be_visible()
    expect(lesson.locator("#moment-list .suggested").first).to_be_attached()
    bands = lesson.locator(".guess-bands .guess-band")
    expect(bands).to_have_count(2)
    ribbon, band = lesson.locator("#ribbon").bounding_box(), bands.first.bounding_box()
    assert abs(band["x"] - ribbon["x"] - ribbon["width"] * 660 / 3_000) < 6
    assert band["height"] > ribbon["height"]
    kept = school.stores.sharing.guesses.of_lesson("sample")
    assert abs(kept.spans[0][0] - 660) <= 5
    settled(lesson)
    lesson.reload()
    expect(lesson.locator(".difference")).to_contain_text("You marked 2 stretches")
    expect(lesson.locator(".guess-bands .guess-band")).to_have_count(2)
    lesson.on("dialog", lambda asked: asked.accept())
    settled(lesson)
    lesson.get_by_role("button", name="Delete my guess").click()
    expect(lesson.locator(".guess-bands .guess-band")).to_have_count(0)


def test_keys_do_not_zoom_an_empty_timeline(lesson):
    lesson.get_by_role("button", name="Guess first").click()
    expect(lesson.get_by_role("button", name="Add a stretch")).to_be_focused()
    times = lesson.locator("#guess-axis span").all_inner_texts()
    assert times
    for key in ("+", "+", "z"):
        lesson.keyboard.press(key)
    assert lesson.locator("#guess-axis span").all_inner_texts() == times
    lesson.get_by_role("button", name="Don’t guess").click()
    expect(lesson.locator("#guess-open")).to_be_focused()


def test_a_guess_by_keyboard_alone(lesson, school):
    lesson.locator("#playhead").focus()
    lesson.keyboard.press("g")
    lesson.get_by_role("button", name="Add a stretch").focus()
    lesson.keyboard.press("Enter")
    start = lesson.get_by_label("Stretch 1 from", exact=True)
    end = lesson.get_by_label("Stretch 1 to", exact=True)
    expect(start).to_be_focused()
    end.fill("14:00")
    lesson.keyboard.press("Tab")
    start.fill("12:10")
    lesson.keyboard.press("Tab")
    lesson.get_by_role("button", name="Stretch 1 from: 10 seconds later").focus()
    lesson.keyboard.press("Enter")
    expect(start).to_have_value("12:20")
    for _ in range(3):
        lesson.get_by_role("button", name="30 seconds more").press("Enter")
    expect(lesson.get_by_label("Settling in took")).to_have_value("1:30")
    lesson.get_by_role("button", name="Add a stretch").focus()
    lesson.keyboard.press("Enter")
    expect(lesson.locator("#guess-spans li")).to_have_count(2)
    lesson.get_by_role("button", name="Remove stretch 1").press("Enter")
    expect(lesson.get_by_role("button", name="Add a stretch")).to_be_focused()
    lesson.keyboard.press("g")
    expect(lesson.locator(".difference")).to_contain_text("You marked 1 stretch;")
    kept = school.stores.sharing.guesses.of_lesson("sample")
    assert (kept.spans, kept.settling_s) == (((740, 840),), 90)


def test_a_lesson_that_begins_with_a_guess_loads_nothing_measured(page, school, settled):
    school.stores.sharing.guesses.begin(TEACHER, is_on=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/lessons/sample")
    expect(page.locator("#guess")).to_be_visible()
    expect(page.locator("#guess-axis span").first).to_be_visible()
    nothing_measured(page)
    assert [url for url in asked if "/timeline" in url and "/api/" in url] == []
    # A note that is written meanwhile brings no suggestion back.
    page.evaluate(
        "htmx.ajax('GET', '/lessons/sample/moments', {target: '#moment-list', swap: 'outerHTML'})"
    )
    settled(page)
    nothing_measured(page)
    # Nor does what the page asks every few seconds, here for a note of somebody else.
    add_note(school, "gone")
    expect(page.locator("#moment-meanwhile")).to_be_visible()
    nothing_measured(page)
    school.stores.lessons.remove_moment("meanwhile")
    page.get_by_role("button", name="Don’t guess").click()
    page.wait_for_selector("body[data-drawn]")
    expect(page.locator("#ribbon")).to_be_visible()
    expect(page.locator("#moment-list .suggested").first).to_be_attached()
    assert school.stores.sharing.guesses.of_lesson("sample") is None


def test_the_choice_to_begin_with_a_guess_is_kept(lesson, school):
    lesson.get_by_role("button", name="Guess first").click()
    with lesson.expect_response("**/guess/begin"):
        lesson.get_by_label("Begin each lesson with a guess").check()
    assert school.stores.sharing.guesses.begins(TEACHER)


def test_what_can_t_be_read_is_said_and_nothing_is_lost(lesson):
    lesson.get_by_role("button", name="Guess first").click()
    drag(lesson, 0.2, 0.3)
    lesson.get_by_label("Settling in took").fill("soon")
    lesson.get_by_role("button", name="Compare").click()
    expect(lesson.locator("#guess-said")).to_contain_text("such as 4:30")
    expect(lesson.locator("#guess-spans li")).to_have_count(1)


@pytest.mark.parametrize("width", (320, 390, 1366))
def test_it_fits_and_its_targets_are_large_enough(page, lesson, width):
    page.set_viewport_size({"width": width, "height": 768})
    page.get_by_role("button", name="Guess first").click()
    page.get_by_role("button", name="Add a stretch").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    fields = page.locator("#guess button, #guess input:not([type=checkbox]), #guess label")
    for part in parts(fields.filter(visible=True)):
        box = part.bounding_box()
        assert box["x"] + box["width"] <= width
        if part.evaluate("each => each.tagName") != "LABEL":
            assert min(box["height"], box["width"]) >= 24, json.dumps(box)
