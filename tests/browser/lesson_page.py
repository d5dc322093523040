"""Steps that tests of the lesson page share."""

from __future__ import annotations

from playwright.sync_api import TimeoutError as TimedOut

from school.video.maps import by_hand
from tests.videos import add_video

PLACED = """([wanted, within]) =>
  Math.abs(Number(document.querySelector('#playhead').ariaValueNow) - wanted) <= within"""
STATE = """() => ({
  place: document.querySelector('#playhead').ariaValueNow, focus: document.activeElement?.outerHTML.slice(0, 80),
  video: document.querySelector('#video').currentTime, keys: document.querySelector('#keys-on').checked,
})"""
POLLING_MS = 50


def open_lesson(page, address="/lessons/sample"):
    """The lesson page, drawn."""
    page.goto(address)
    page.wait_for_selector("body[data-drawn]")
    return page


def lined_up(school, offset_s: float) -> None:
    """The server's video of the sample lesson, lined up by hand."""
    video = school.stores.videos.ready("sample")
    school.stores.clock_maps.add(by_hand("sample", offset_s, school.start_ns, video=video.id))


def open_with_film(page, school, film, address="/lessons/sample"):
    """The lesson page with eighty seconds of video; the lesson starts at its second 2."""
    add_video(school.stores.videos, school.files, school.lesson.id, film.read_bytes())
    lined_up(school, 2.0)
    open_lesson(page, address)
    page.wait_for_function("() => document.querySelector('#video').readyState >= 2")
    return page


def place(page) -> int:
    """Where the playhead stands, in seconds."""
    return int(page.locator("#playhead").get_attribute("aria-valuenow"))


def expect_place(page, second: float, within: float = 0.0) -> None:
    """Wait for the playhead; by time, since a page that draws no frame has moved it all the same."""
    try:
        page.wait_for_function(PLACED, arg=[second, within], polling=POLLING_MS)
    except TimedOut:
        raise AssertionError(
            f"{second} was expected; the page has {page.evaluate(STATE)}"
        ) from None


def click_at(page, lane: str, share: float) -> None:
    box = page.locator(lane).bounding_box()
    page.mouse.click(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
