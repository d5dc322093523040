"""Playing: the space bar, moments, loop, speed, and links to a place."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from school.moments.records import Moment
from tests.browser.lesson_page import (
    click_at,
    expect_place,
    lined_up,
    open_lesson,
    open_with_film,
    place,
)
from tests.signed_in import TEACHER
from tests.videos import add_video

PAUSED = "() => document.querySelector('#video').paused"
PLAYING = "() => !document.querySelector('#video').paused"
NEAR = Moment(
    id="near", lesson="sample", start_s=3, end_s=5, note="The near one", author=TEACHER,
    role="teacher",
)  # fmt: skip


@pytest.fixture
def with_film(page, school, film):
    """With a moment from second 3 to 5, another from 30 to 32."""
    later = replace(NEAR, id="later", start_s=30, end_s=32, note="The later one")
    for moment in (NEAR, later):
        school.stores.lessons.put_moment(moment)
    return open_with_film(page, school, film)


@pytest.mark.parametrize(
    "place_of_focus",
    ("#help-open", ".brand", "#tab-video", ".as-table summary", "#volume", "#playhead", ".cell",
     "#moment-near .jump", "#mark"),
)  # fmt: skip
def test_space_plays_wherever_the_focus_is(with_film, place_of_focus):
    part = with_film.locator(place_of_focus)
    part.focus()
    with_film.keyboard.press("Space")
    with_film.wait_for_function(PLAYING)
    with_film.keyboard.press("Space")
    with_film.wait_for_function(PAUSED)
    expect(part).to_be_focused()
    expect(with_film).to_have_url(re.compile("/lessons/sample$"))
    expect(with_film.locator("#help")).to_be_hidden()
    expect(with_film.locator("#new-moment")).to_be_hidden()


def test_without_a_video_space_presses_buttons(page):
    open_lesson(page)
    page.locator("#tab-video").focus()
    page.keyboard.press("Space")
    expect(page.locator("#tab-video")).to_have_attribute("aria-selected", "true")


def test_a_moment_that_begins_before_the_camera_plays_from_its_first_picture(page, school, film):
    add_video(school.stores.videos, school.files, school.lesson.id, film.read_bytes())
    lined_up(school, -1_385.0)
    school.stores.lessons.put_moment(replace(NEAR, id="late", start_s=1_380.0, end_s=1_400.0))
    open_lesson(page)
    page.wait_for_function("() => document.querySelector('#video').readyState >= 2")
    page.locator("#moment-late .jump").click()
    page.wait_for_function(PLAYING)
    assert 1_385 <= place(page) < 1_395
    expect(page.locator("#player-notice")).to_be_empty()


def test_a_loop_goes_on_where_the_video_ends_before_the_moment(page, school, film):
    add_video(school.stores.videos, school.files, school.lesson.id, film.read_bytes())
    lined_up(school, 2.0)
    school.stores.lessons.put_moment(replace(NEAR, id="last", start_s=80.0, end_s=100.0))
    open_lesson(page)
    page.wait_for_function("() => document.querySelector('#video').readyState >= 2")
    page.locator("#loop").click()
    page.locator("#speed").select_option("2")
    page.locator("#moment-last .jump").click()
    page.wait_for_function(PLAYING)
    page.evaluate(
        """() => document.querySelector('#video').addEventListener('ended', () => { window.ended = true; })"""
    )
    page.wait_for_function("() => window.ended")
    page.wait_for_function(PLAYING)
    assert place(page) < 80


def test_enter_still_presses_a_button_and_space_is_a_letter_in_a_field(with_film):
    with_film.locator("#mark").focus()
    with_film.keyboard.press("Enter")
    note = with_film.locator("#moment-note")
    expect(note).to_be_focused()
    with_film.keyboard.type("so it was")
    expect(note).to_have_value("so it was")
    assert with_film.evaluate(PAUSED)


def test_after_a_click_on_the_empty_page_the_keys_work(with_film):
    with_film.locator("#marks").focus()
    with_film.mouse.click(6, 400)
    expect(with_film.locator("body")).to_be_focused()
    with_film.keyboard.press("l")
    expect_place(with_film, 10)
    with_film.keyboard.press("Space")
    with_film.wait_for_function(PLAYING)


def test_keys_that_are_letters_can_be_switched_off(with_film):
    with_film.keyboard.press("?")
    with_film.get_by_label("Use the keys that are letters").uncheck()
    with_film.keyboard.press("Escape")
    expect(with_film.locator("#help")).to_be_hidden()
    with_film.keyboard.press("l")
    with_film.keyboard.press("ArrowRight")
    expect_place(with_film, 5)
    open_lesson(with_film)
    with_film.keyboard.press("l")
    with_film.keyboard.press("ArrowRight")
    expect_place(with_film, 5)


def test_a_moment_plays_from_before_its_start_and_stops_at_its_end(with_film):
    with_film.locator("#speed").select_option("2")
    with_film.locator("#moment-near .jump").click()
    with_film.wait_for_function(PLAYING)
    assert place(with_film) < 5
    with_film.wait_for_function(PAUSED)
    assert 5 <= place(with_film) <= 8
    expect(with_film.locator("#play")).to_have_attribute("aria-label", "Play")
    # Playing on goes past the end.
    with_film.keyboard.press("Space")
    with_film.wait_for_function(
        "() => Number(document.querySelector('#playhead').ariaValueNow) >= 7"
    )
    with_film.keyboard.press("k")
    with_film.locator("#moment-later .jump").click()
    with_film.wait_for_function(PLAYING)
    assert 20 <= place(with_film) < 30
    # The mark that was chosen is not under the playhead's head.
    mark = with_film.locator(".mark.is-chosen, .mark.cluster.is-chosen").bounding_box()
    assert with_film.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).matches('.mark')",
        [mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2],
    )
    head = with_film.locator("#playhead i").bounding_box()
    assert head["y"] >= mark["y"] + mark["height"] - 4


def test_a_moment_is_looped_if_wished(with_film):
    loop = with_film.get_by_role("button", name="Loop the chosen moment")
    expect(loop).to_have_attribute("aria-pressed", "false")
    loop.click()
    expect(loop).to_have_attribute("aria-pressed", "true")
    with_film.locator("#speed").select_option("2")
    with_film.evaluate(
        """() => { window.rounds = 0; let last = 0; const watch = () => {
        const at = Number(document.querySelector('#playhead').ariaValueNow);
        if (at < last - 2) window.rounds += 1; last = at; requestAnimationFrame(watch); };
        watch(); }"""
    )
    with_film.locator("#moment-near .jump").click()
    with_film.wait_for_function("() => window.rounds >= 2")
    assert with_film.evaluate(PLAYING)
    loop.click()
    with_film.wait_for_function(PAUSED)
    assert 5 <= place(with_film) <= 8


def test_a_click_elsewhere_ends_a_moments_span(with_film):
    with_film.locator("#speed").select_option("2")
    with_film.locator("#moment-later .jump").click()
    with_film.wait_for_function(PLAYING)
    click_at(with_film, "#noise", 50 / 3000)
    with_film.wait_for_function(
        "() => Number(document.querySelector('#playhead').ariaValueNow) >= 53"
    )
    assert with_film.evaluate(PLAYING)


def test_the_brackets_count_from_the_playhead(with_film):
    expect_chosen = lambda name: expect(with_film.locator(".moment.is-chosen")).to_have_attribute(  # noqa: E731
        "data-id", name
    )
    with_film.locator("#moment-near .jump").click()
    with_film.keyboard.press("k")
    with_film.keyboard.press("]")
    expect_chosen("later")
    with_film.keyboard.press("k")
    # The open moment is far away now.
    click_at(with_film, "#noise", 0.5)
    with_film.keyboard.press("[")
    expect_chosen("sample-alert-1")
    with_film.locator("#playhead").focus()
    with_film.keyboard.press("End")
    with_film.keyboard.press("]")
    expect(with_film.locator("#moments-notice")).to_have_text("There is no later moment.")


def test_speed_and_sound_are_visible_and_chosen(with_film):
    expect(with_film.locator("#speed")).to_have_value("1")
    with_film.get_by_label("Speed").select_option("1.5")
    assert with_film.evaluate("document.querySelector('#video').playbackRate") == 1.5
    with_film.get_by_role("button", name="Mute").click()
    assert with_film.evaluate("document.querySelector('#video').muted")
    expect(with_film.locator("#mute")).to_have_attribute("aria-pressed", "true")
    with_film.get_by_label("Volume").fill("40")
    assert with_film.evaluate("document.querySelector('#video').volume") == 0.4
    assert not with_film.evaluate("document.querySelector('#video').muted")
    with_film.get_by_role("button", name="Full screen").click()
    with_film.get_by_role("button", name="Leave full screen").click()
    with_film.get_by_role("button", name="Full screen").wait_for()


@pytest.mark.parametrize(
    ("link", "second"),
    (("#t=18:25", 1105), ("#t=0:40:05", 2405), ("#t=75", 75), ("#t=12.4s", 12), ("#t=nonsense", 0)),
)
def test_a_link_to_a_second_opens_there(page, link, second):
    open_lesson(page, f"/lessons/sample{link}")
    expect_place(page, second)
    page.evaluate("location.hash = '#t=1:30'")
    expect_place(page, 90)


def test_a_link_to_a_moment_opens_it(page):
    further = open_lesson(page).locator(".further li[data-id]").first.get_attribute("data-id")
    open_lesson(page, "/lessons/sample#moment-sample-a")
    expect(page.locator("#moment-sample-a")).to_have_class(re.compile("is-chosen"))
    expect_place(page, 235)
    page.evaluate("(id) => { location.hash = `#moment-${id}`; }", further)
    expect(page.locator(".further .moment.is-chosen")).to_be_visible()


def test_a_link_to_this_place_is_copied(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_lesson(page, "/lessons/sample#t=18:25")
    page.get_by_role("button", name="Copy link to this place").click()
    expect(page.locator("#controls-said")).to_have_text("Copied: the link to 18:25.")
    assert page.evaluate("navigator.clipboard.readText()").endswith("/lessons/sample#t=18:25")
    page.locator("#moment-sample-a .jump").click()
    page.get_by_role("button", name="Copy link to this place").click()
    expect(page.locator("#controls-said")).to_have_text("Copied: the link to this moment.")
    assert page.evaluate("navigator.clipboard.readText()").endswith("#moment-sample-a")
