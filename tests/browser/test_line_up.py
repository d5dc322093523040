"""Lining up the video on the lesson page: a number, two moments, a suggestion, several parts."""

from __future__ import annotations

import math
import re

import pytest
from playwright.sync_api import expect

from school.video.alignment.clock_map import Segment
from school.video.maps import ClockMap, MappedSegment
from tests.browser.lesson_page import open_lesson, place
from tests.videos import add_video

VIDEO = "the-film"


@pytest.fixture
def maps(school, film):
    add_video(school.stores.videos, school.files, school.lesson.id, film.read_bytes(), called=VIDEO)
    return school.stores.clock_maps


def add(maps, *segments: Segment, state: str) -> None:
    maps.add(
        ClockMap(
            lesson="sample", video=VIDEO, method="levels", state=state, made_utc_ns=0,
            segments=tuple(MappedSegment(each, 0.3, 0.6, 2.5) for each in segments),
        )
    )  # fmt: skip


def with_video(page):
    open_lesson(page)
    page.wait_for_function("() => document.querySelector('#video').readyState >= 2")
    page.get_by_role("tab", name="Video").click()
    return page


def versions(maps, school) -> list[ClockMap]:
    return maps.of_video("sample", school.stores.videos.ready("sample").id)


def test_how_sure_it_is_stands_below_the_video(page, maps):
    add(maps, Segment(0.0, 80.0, -1.5), state="accepted")
    with_video(page)
    expect(page.locator("#line-up-text")).to_have_text(
        "Lines up to within 0.3 s, found by the sound"
    )


def test_a_suggestion_is_tried_out_and_asked_about(page, maps, school):
    add(maps, Segment(-10.0, 70.0, 10.0), state="proposed")
    with_video(page)
    expect(page.locator("#line-up-text")).to_contain_text("Not checked yet")
    asks = page.get_by_role("group", name="What is suggested")
    expect(asks).to_contain_text("the lesson starts at 0:10 in the video, to within 0.3 s")
    expect(page.locator("#offset")).to_have_value("10.0")
    page.get_by_role("button", name="Yes, it fits").click()
    expect(asks).to_be_hidden()
    expect(page.locator("#line-up-text")).to_contain_text("found by the sound")
    assert versions(maps, school)[0].state == "accepted"


def test_what_only_the_file_says_is_shown_as_rough(page, maps):
    segment = MappedSegment(Segment(-math.inf, math.inf, 10.0), 90.0)
    maps.add(
        ClockMap(
            lesson="sample", video=VIDEO, method="metadata", state="proposed", made_utc_ns=0,
            segments=(segment,),
        )
    )  # fmt: skip
    with_video(page)
    expect(page.locator("#line-up-text")).to_contain_text("Roughly lined up, and not checked yet")
    asks = page.get_by_role("group", name="What is suggested")
    expect(asks).to_contain_text("it starts at about 0:10 in the video, to within 1.5 min")
    page.get_by_role("button", name="Yes, it fits").click()
    expect(page.locator("#line-up-text")).to_have_text(
        "Roughly lined up, to within 1.5 min, by the time in the file"
    )


def test_a_suggestion_that_does_not_fit_is_forgotten(page, maps, school):
    add(maps, Segment(-10.0, 70.0, 10.0), state="proposed")
    with_video(page)
    page.get_by_role("button", name="No, it does not").click()
    expect(page.locator("#line-up-text")).to_have_text("Not lined up with the lesson yet")
    expect(page.locator("#offset")).to_have_value("0.0")
    assert versions(maps, school)[0].state == "declined"


def test_two_moments_by_hand_need_no_dragging(page, maps, school):
    with_video(page)
    page.get_by_text("Line up by two moments").click()
    page.evaluate("document.querySelector('#video').currentTime = 12.4")
    page.wait_for_function("() => !document.querySelector('#video').seeking")
    page.get_by_role("button", name="Take the picture’s time for moment 1").click()
    expect(page.locator("#point-1-video")).to_have_value("12.4")
    page.locator("#point-1-lesson").fill("10.4")
    page.locator("#point-2-video").fill("70")
    page.locator("#point-2-lesson").fill("68.2")
    page.get_by_role("button", name="Line up", exact=True).click()
    expect(page.locator("#line-up-said")).to_have_text("Saved.")
    expect(page.locator("#line-up-text")).to_have_text(
        "Lines up to within 0.4 s, by moments that you set"
    )
    assert versions(maps, school)[0].segments[0].segment.offset_s == pytest.approx(1.9)


def test_moments_that_contradict_each_other_are_said_and_not_kept(page, maps, school):
    with_video(page)
    page.get_by_text("Line up by two moments").click()
    for name, value in (("1-video", "5"), ("1-lesson", "5"), ("2-video", "60"), ("2-lesson", "30")):
        page.locator(f"#point-{name}").fill(value)
    before = len(versions(maps, school))
    page.get_by_role("button", name="Line up", exact=True).click()
    expect(page.locator("#line-up-said")).to_contain_text("differ by 30.0 s")
    assert len(versions(maps, school)) == before


def test_a_stopped_camera_leaves_a_hole_and_both_parts_play(page, maps):
    add(maps, Segment(0.0, 40.0, 0.0), Segment(60.0, 100.0, -20.0), state="accepted")
    with_video(page)
    expect(page.locator("#line-up-text")).to_contain_text("in 2 parts")
    expect(page.locator("#line-up-parts li")).to_have_text(
        (re.compile("Part 1, from 0:00 to 0:40.*0.3 s"), re.compile("Part 2, from 1:00 of"))
    )
    page.goto("/lessons/sample#t=0:50")
    expect(page.locator("#player-notice")).to_contain_text("does not cover this part")
    page.goto("/lessons/sample#t=1:10")
    page.wait_for_function(
        "() => Math.abs(document.querySelector('#video').currentTime - 50) < 0.5"
    )
    assert place(page) == 70


def test_a_coach_sees_how_sure_it_is_and_changes_nothing(page, maps):
    add(maps, Segment(0.0, 80.0, -1.5), state="accepted")

    def as_for_a_coach(route):
        answer = route.fetch()
        text = answer.text()
        assert 'data-can-line-up="yes"' in text
        route.fulfill(response=answer, body=text.replace('line-up="yes"', 'line-up=""'))

    page.route("**/lessons/sample", as_for_a_coach)
    with_video(page)
    expect(page.locator("#line-up-text")).to_contain_text("within 0.3 s")
    expect(page.locator("#offset")).to_be_hidden()
