"""The lesson's video beside its form, in a real browser: one watches and fills at the same time."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.both_sides import add_film, fill_as, shared, wait_for_film
from tests.browser.parts import wait_until
from tests.signed_in import COACH

PAGE = "/lessons/sample/forms/routines-walkthrough"
ITEM = "#item-task-waits"


@pytest.fixture
def filming(page, school, film):
    """The form beside eighty seconds of video; the lesson starts at its second 2."""
    add_film(school, film)
    page.goto(PAGE)
    wait_for_film(page)
    return page


def box(page, selector: str) -> dict[str, float]:
    found = page.locator(selector).bounding_box()
    assert found is not None
    return found


def test_on_a_large_screen_both_are_in_view_at_once(filming):
    """At 1366 × 625, and however far one scrolls in the form."""
    page = filming
    expect(page.locator("#play")).to_be_enabled()
    page.locator(".end").scroll_into_view_if_needed()
    video, controls, form = box(page, "#video"), box(page, ".playing"), box(page, ".end")
    assert video["x"] + video["width"] <= form["x"]
    assert video["width"] >= 420
    for each in (video, controls):
        assert each["y"] >= 0
        assert each["y"] + each["height"] <= 625
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366


def test_on_a_phone_it_stays_above_the_form(filming):
    page = filming
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator(".end").scroll_into_view_if_needed()
    video, form = box(page, "#video"), box(page, ".end")
    assert video["y"] >= 0
    assert video["y"] + video["height"] <= form["y"] + form["height"]
    assert box(page, "#beside")["height"] <= 844 * 0.45
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # What one goes to is not under the picture.
    page.locator("#words-task-waits").focus()
    above, field = box(page, "#beside"), box(page, "#words-task-waits")
    assert above["y"] + above["height"] <= field["y"]


def test_one_fills_an_item_while_the_video_plays(filming, school):
    page = filming
    page.locator("#play").click()
    page.wait_for_function("() => document.querySelector('#video').currentTime > 2.2")
    page.locator(ITEM).get_by_label("Not seen", exact=True).check()
    page.locator("#words-task-waits").fill("At 0:30 nobody began")

    def said() -> list[str]:
        found = school.stores.sharing.forms.of_lesson("sample")
        return [each.words for sheet in found for each in sheet.answers.values()]

    wait_until(page, lambda: said() == ["At 0:30 nobody began"])
    assert not page.evaluate("() => document.querySelector('#video').paused")
    page.locator("#play").click()
    expect(page.locator("#play")).to_have_attribute("aria-label", "Play")


def test_the_controls_move_it_in_the_lessons_time(filming):
    page = filming
    page.locator("#on").click()
    expect(page.locator("#position")).to_have_text("0:10")
    page.wait_for_function(
        "() => Math.abs(document.querySelector('#video').currentTime - 12) < 0.3"
    )
    page.locator("#place").fill("45")
    expect(page.locator("#position")).to_have_text("0:45")
    expect(page.locator("#place")).to_have_attribute("aria-valuetext", "0:45")
    page.wait_for_function(
        "() => Math.abs(document.querySelector('#video').currentTime - 47) < 0.3"
    )
    page.locator("#back").click()
    expect(page.locator("#position")).to_have_text("0:35")
    page.locator("#speed").select_option("2")
    assert page.evaluate("() => document.querySelector('#video').playbackRate") == 2
    expect(page.locator("#line-up-text")).to_contain_text("set by hand")


def test_a_time_in_the_words_moves_the_video_beside_them(page, school, film):
    add_film(school, film)
    with shared(school):
        fill_as(school, COACH, "task-waits", "seen", "At 0:40 on the board")
        page.goto(PAGE)
        page.locator("#words-task-waits").fill("Looked at it")
        page.get_by_role("button", name="I am done").click()
        link = page.get_by_role("link", name="0:40")
        expect(link).to_be_visible()
        wait_for_film(page)
        link.click()
        expect(page.locator("#position")).to_have_text("0:40")
        page.wait_for_function(
            "() => Math.abs(document.querySelector('#video').currentTime - 42) < 0.3"
        )
        assert len(page.context.pages) == 1
        assert page.url.endswith(PAGE)


def test_without_a_video_on_the_server_one_opens_ones_own(page, school, film):
    page.goto(PAGE)
    expect(page.get_by_text("This lesson has no video on the server.")).to_be_visible()
    expect(page.locator("#play")).to_be_hidden()
    sheet = box(page, "#sheet")
    page.locator("#video-file").set_input_files(film)
    wait_for_film(page)
    expect(page.locator("#play")).to_be_visible()
    expect(page.get_by_text("This lesson has no video on the server.")).to_be_hidden()
    assert box(page, "#sheet")["x"] > sheet["x"]
    page.locator("#on").click()
    page.wait_for_function(
        "() => Math.abs(document.querySelector('#video').currentTime - 10) < 0.3"
    )
