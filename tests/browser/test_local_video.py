"""A file of this computer is lined up by its sound, in the browser alone."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from dashboard_api.web.rendering import STATIC_ADDRESS
from school.video.alignment.line_up import line_up
from simulators.classroom import Classroom
from simulators.lesson_video.camera import Camera, draw_camera, recorded_levels
from simulators.scenario import load_scenario
from tests.browser.lesson_page import open_lesson
from tests.browser.sounding_film import film_of

LINE_UP = """async ([address, room, levels]) => {
  const { lineUp } = await import(`${address}/local_video/line_up.js`);
  return lineUp(room, Float32Array.from(levels, (each) => each ?? NaN));
}"""
LEVELS = """async ([address, samples, rate, at]) => {
  const { Levels } = await import(`${address}/local_video/levels.js`);
  const levels = new Levels();
  for (let i = 0; i < samples.length; i += 1000)
    levels.add(at + i / rate, Float32Array.from(samples.slice(i, i + 1000)), rate);
  return [...levels.all].map((each) => Number.isNaN(each) ? null : each);
}"""


def room_and_levels(camera: Camera, seed: int):
    classroom = Classroom(load_scenario("demo"), seed)
    levels = classroom.levels(0, 8 * classroom.scenario.periods).reshape(-1, 8)
    room = 10.0 * np.log10(np.mean(10.0 ** (levels / 10.0), axis=1))
    room[400:460] = np.nan
    return room, recorded_levels(classroom, camera, seed)


def nulls(values) -> list[float | None]:
    return [None if np.isnan(each) else float(each) for each in values]


@pytest.mark.parametrize("seed", (3, 4, 5))
def test_the_browser_finds_what_the_server_finds(page, seed):
    camera = draw_camera(seed, 2000.0)
    room, levels = room_and_levels(camera, seed)
    expected = line_up(room, levels.astype(np.float32), 0.1)
    open_lesson(page)
    found = page.evaluate(LINE_UP, [STATIC_ADDRESS, nulls(room), nulls(levels)])
    assert found["verdict"] == expected.verdict
    (segment,) = expected.segments
    (peak,) = found["parts"]
    assert peak["offset_s"] == pytest.approx(segment.segment.offset_s, abs=0.02)
    assert peak["correlation"] == pytest.approx(segment.correlation, abs=0.002)
    assert peak["peak_ratio"] == pytest.approx(segment.peak_ratio, rel=0.02)
    # The server's may be wider: it also looks at how windows scatter.
    assert peak["plus_minus_s"] <= segment.plus_minus_s + 0.01


def test_the_browser_accepts_no_video_of_another_lesson_and_none_that_was_stopped(page):
    room, _ = room_and_levels(Camera(), 1)
    _, other = room_and_levels(Camera(length_s=2000.0), 2)
    open_lesson(page)
    assert (
        page.evaluate(LINE_UP, [STATIC_ADDRESS, nulls(room), nulls(other)])["verdict"] != "accepted"
    )
    _, levels = room_and_levels(Camera(length_s=2000.0), 1)
    cut = np.concatenate([levels[:9000], levels[9600:]])
    found = page.evaluate(LINE_UP, [STATIC_ADDRESS, nulls(room), nulls(cut)])
    assert (found["verdict"], len(found["parts"])) == ("proposed", 2)  # neither has 15 minutes


STOPS = ((), (1000.0,), (400.0,), (1600.0,), (600.0, 1300.0))
"""Seconds of the video at which the camera is off for a minute and a half."""


@pytest.mark.slow
@pytest.mark.parametrize("seed", (1, 2))
@pytest.mark.parametrize("stops_s", STOPS)
def test_a_camera_that_was_stopped_has_the_same_parts_as_on_the_server(page, stops_s, seed):
    room, levels = room_and_levels(Camera(length_s=2300.0), seed)
    for stop_s in reversed(stops_s):
        levels = np.delete(levels, slice(round(stop_s * 10), round(stop_s * 10) + 900))
    expected = line_up(room, levels.astype(np.float32), 0.1)
    open_lesson(page)
    found = page.evaluate(LINE_UP, [STATIC_ADDRESS, nulls(room), nulls(levels)])
    assert len(found["parts"]) == len(stops_s) + 1 == len(expected.segments)
    assert found["verdict"] == expected.verdict
    for part, each in zip(found["parts"], expected.segments, strict=True):
        assert part["offset_s"] == pytest.approx(each.segment.offset_s, abs=0.3)
        begins_s = each.segment.start_s + each.segment.offset_s
        assert part["from"] == pytest.approx(begins_s, abs=15.0)


def test_levels_keep_their_place_and_gaps_stay_unknown(page):
    rate = 11_025
    at = np.arange(3 * rate) / rate
    tone = np.where(at < 1.0, 0.5, 0.05) * np.sin(2 * np.pi * 2000 * at)
    open_lesson(page)
    found = page.evaluate(LEVELS, [STATIC_ADDRESS, tone.tolist(), rate, 0.53])
    # 0.53 s of nothing known, then whole tenths from 0.6 s on.
    assert found[:6] == [None] * 6
    assert len(found) in (34, 35)
    assert found[8] - found[20] == pytest.approx(20.0, abs=0.2)
    assert found[14] - found[15] > 3.0  # it falls at 1.53 s


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("films")


def test_a_local_file_is_lined_up_by_its_sound_and_never_leaves(page, films):
    sent: list[int] = []
    page.on("request", lambda asked: sent.append(len(asked.post_data_buffer or b"")))
    open_lesson(page)
    answer = page.request.get("/api/lessons/sample/timeline?level_s=1")
    path = films / "mine.webm"
    path.write_bytes(film_of(answer.json()["noise"]["mean"], 120, 600))
    page.locator("#video-file").set_input_files(path)
    page.get_by_role("tab", name="Video").click()
    asks = page.get_by_role("group", name="What is suggested")
    expect(asks).to_contain_text("the lesson starts at −2:00 in the video")
    page.get_by_role("button", name="Yes, it fits").click()
    expect(page.locator("#line-up-text")).to_have_text(
        "Lines up to within 0.3 s, found by the sound"
    )
    assert sum(sent) == 0
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "mine.webm" in kept
    assert len(kept) < 500  # a map, and nothing of the sound
    # The same file again: known at once.
    open_lesson(page)
    page.locator("#video-file").set_input_files(path)
    expect(page.locator("#line-up-text")).to_contain_text("found by the sound")


@pytest.mark.slow
def test_a_local_file_of_a_camera_that_was_stopped_has_its_parts(page, films):
    open_lesson(page)
    noise = page.request.get("/api/lessons/sample/timeline?level_s=1").json()["noise"]["mean"]
    path = films / "stopped.webm"
    heard = noise[100:500] + noise[600:1000]
    path.write_bytes(film_of(heard, 0, len(heard)))
    page.locator("#video-file").set_input_files(path)
    page.get_by_role("tab", name="Video").click()
    asks = page.get_by_role("group", name="What is suggested")
    expect(asks).to_contain_text("the lesson starts at −1:40 in the video")
    parts = page.locator("#line-up-parts li")
    expect(parts).to_have_count(2)
    expect(parts.nth(1)).to_contain_text(re.compile(r"Part 2, from (9:5\d|10:0\d) of the lesson"))


def test_a_file_without_sound_says_so_and_can_be_lined_up_by_hand(page, film):
    open_lesson(page)
    page.locator("#video-file").set_input_files(film)
    page.get_by_role("tab", name="Video").click()
    expect(page.locator("#line-up-said")).to_have_text(
        "This video has no sound. Line it up by two moments."
    )
    page.get_by_text("Line up by two moments").click()
    page.locator("#point-1-video").fill("12")
    page.locator("#point-1-lesson").fill("10")
    page.get_by_role("button", name="Line up", exact=True).click()
    expect(page.locator("#line-up-text")).to_contain_text("by moments that you set")
    expect(page.locator("#offset")).to_have_value("2.0")


def test_a_browser_that_cannot_listen_says_so(page, film):
    page.add_init_script("delete globalThis.AudioDecoder")
    open_lesson(page)
    page.locator("#video-file").set_input_files(film)
    page.get_by_role("tab", name="Video").click()
    expect(page.locator("#line-up-said")).to_have_text(
        "This browser can't listen to a video by itself. Line it up by two moments."
    )


def test_what_listens_is_loaded_only_when_a_file_is_opened(page, film):
    loaded: list[str] = []
    page.on("request", lambda asked: loaded.append(asked.url))
    open_lesson(page)
    assert not [each for each in loaded if "local_video" in each or "mediabunny" in each]
    page.locator("#video-file").set_input_files(film)
    page.get_by_role("tab", name="Video").click()
    expect(page.locator("#line-up-said")).to_contain_text("no sound")
    assert [each for each in loaded if "mediabunny" in each]
