"""Video, moments and the whole timeline in view together; on a phone the video stays at the top."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from tests.browser.lesson_page import open_lesson, open_with_film

NO_FOCUS = "() => document.activeElement === document.body"
LANES = ("overview", "marks", "ribbon", "noise", "zones", "activities", "axis")
LONG_TITLE = f"Fractions and {'Donaudampfschifffahrtsgesellschaft' * 3} and how they are added"


@pytest.mark.parametrize("language", ("en", "es"))
@pytest.mark.parametrize("size", ((1366, 625), (1366, 768), (1920, 953), (1024, 625), (768, 1024)))
def test_video_moments_and_all_lanes_are_in_view_together(page, school, film, size, language):
    page.set_extra_http_headers({"Accept-Language": language})
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_with_film(page, school, film)
    for name in ("player", "moments", *LANES):
        box = page.locator(f"#{name}").bounding_box()
        assert box["height"] >= 18, name
        assert box["y"] >= 0, name
        assert box["y"] + box["height"] <= size[1], name
        assert box["x"] + box["width"] <= size[0], name
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_a_lesson_without_zones_is_on_one_screen_too(page):
    def without_zones(route):
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"zones": []})

    page.route("**/timeline", without_zones)
    page.set_viewport_size({"width": 1366, "height": 625})
    open_lesson(page)
    page.set_viewport_size({"width": 1366, "height": 900})
    page.set_viewport_size({"width": 1366, "height": 625})
    axis = page.locator("#axis")
    page.wait_for_function("document.querySelector('#axis').getBoundingClientRect().bottom <= 625")
    expect(axis).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("size", ((1366, 625), (1920, 953), (768, 1024), (390, 844)))
def test_the_picture_fills_its_frame_and_nothing_covers_it(page, school, film, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_with_film(page, school, film)
    video = page.locator("#video").bounding_box()
    frame = page.locator(".screen").bounding_box()
    assert video == frame
    assert video["width"] / video["height"] == pytest.approx(16 / 9, rel=0.01)
    assert video["height"] >= 200
    expect(page.locator("#video")).not_to_have_attribute("controls", "")
    controls = page.locator(".controls").bounding_box()
    assert (
        controls["x"] >= video["x"] + video["width"]
        or controls["y"] >= video["y"] + video["height"]
    )
    for name in ("#play", "#speed", "#loop", "#mute", "#full-screen", "#copy-link"):
        expect(page.locator(name)).to_be_in_viewport(ratio=1)
        expect(page.locator(name)).to_be_enabled()


def test_a_large_screen_has_larger_lanes(page):
    heights = []
    for size in ((1366, 625), (1920, 953)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        open_lesson(page)
        heights.append([page.locator(f"#{lane}").bounding_box()["height"] for lane in LANES[2:5]])
    assert all(large > 1.4 * small for small, large in zip(*heights, strict=True)), heights
    # The drawings fill them.
    for lane in ("ribbon", "noise", "zones"):
        page.wait_for_function(
            """(lane) => { const [plot, canvas] = [`#${lane}`, `#${lane} canvas`]
            .map((name) => document.querySelector(name).getBoundingClientRect());
            return Math.abs(plot.height - canvas.height) < 2; }""",
            arg=lane,
        )


UNDER_PLAYER = """() => {
  const part = document.activeElement;
  const [box, player] = [part, document.querySelector('#player')].map((e) => e.getBoundingClientRect());
  const isBelow = part !== document.body && !part.closest('#player');
  const isHidden = isBelow && box.bottom <= player.bottom && box.top < player.bottom && player.top <= 0;
  return [isBelow, isHidden, part.outerHTML.slice(0, 90)];
}"""


@pytest.mark.parametrize("size", ((390, 844), (320, 568)))
def test_on_a_phone_the_video_stays_and_hides_no_focus(page, school, film, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    open_with_film(page, school, film)
    page.evaluate("document.querySelector('#noise').scrollIntoView({block: 'end'})")
    assert page.evaluate("scrollY") > 300
    assert page.locator("#player").bounding_box()["y"] == pytest.approx(0, abs=1)
    # A tap on the timeline is seen in the picture at once.
    expect(page.locator("#video")).to_be_in_viewport(ratio=0.99)
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    focused = []
    for key in ("Tab", "Shift+Tab"):
        for _ in range(70):
            page.keyboard.press(key)
            focused.append(page.evaluate(UNDER_PLAYER))
    assert any(is_below for is_below, _, _ in focused)
    assert [words for _, is_hidden, words in focused if is_hidden] == []


@pytest.mark.parametrize("width", (1366, 768))
def test_the_list_says_how_many_moments_are_below_its_edge(page, width):
    page.set_viewport_size({"width": width, "height": 625 if width > 1000 else 1024})
    open_lesson(page)
    more = page.locator("#more-below")
    expect(more).to_contain_text("more below")
    before = int(more.text_content().split()[0])
    more.click()
    page.wait_for_function(
        "(before) => document.querySelector('#more-below').matches('.is-at-end') || "
        "parseInt(document.querySelector('#more-below').textContent) < before",
        arg=before,
    )
    shown = page.locator("#moment-list")
    height = shown.evaluate("list => list.clientHeight")
    shown.evaluate("list => list.scrollTo(0, list.scrollHeight)")
    expect(more).to_be_hidden()
    assert shown.evaluate("list => list.clientHeight") == height


def test_how_answers_are_used_opens_whole_and_covers_nothing(page):
    page.set_viewport_size({"width": 768, "height": 1024})
    open_lesson(page)
    page.get_by_text("How your answers are used").first.click()
    text = page.locator(".answers-choice")
    text.wait_for()
    moments = page.locator("#moments").bounding_box()
    assert text.bounding_box()["y"] > moments["y"] + moments["height"]
    assert page.locator(".answers").evaluate("each => each.scrollHeight <= each.clientHeight + 1")


@pytest.mark.parametrize("width", (1366, 390))
def test_a_long_title_moves_and_widens_nothing(page, school, width):
    page.set_viewport_size({"width": width, "height": 844})
    open_lesson(page)
    before = page.locator("#player").bounding_box()["y"]
    school.stores.lessons.put(replace(school.lesson, title=LONG_TITLE))
    open_lesson(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(LONG_TITLE)
    # A second line at most.
    assert page.locator("#player").bounding_box()["y"] <= before + (32 if width < 700 else 0)
    for address in ("/lessons/sample", "/", "/lessons/sample/sharing"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_nothing_has_the_focus_before_a_key_is_pressed(page):
    open_lesson(page)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(NO_FOCUS)
