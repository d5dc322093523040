"""Lining up a lesson's video by the interface: by hand, and by a word on what the sound suggests."""

from __future__ import annotations

import json
import math
import re
from html import unescape

import pytest

from school.video.alignment.clock_map import Segment
from school.video.maps import ClockMap, MappedSegment
from school.video.records import Video
from tests.videos import BY

PATH = "/api/lessons/sample/clock-map"


@pytest.fixture
def with_video(stores, filled):
    video = Video(
        id="v", lesson="sample", state="ready", file="f", size=1, container="mp4", added_by="",
        created_utc_ns=1, changed_utc_ns=1,
    )  # fmt: skip
    assert stores.videos.begin(video, BY)
    return filled


def found_by_sound(*segments: Segment, state="proposed") -> ClockMap:
    return ClockMap(
        lesson="sample", video="v", method="levels", state=state, made_utc_ns=0,
        segments=tuple(MappedSegment(each, 0.3, 0.6, 2.5) for each in segments),
    )  # fmt: skip


ONE = Segment(42.0, 2442.0, -42.0)
TWO = (Segment(30.0, 1300.0, -30.0), Segment(1420.0, 2500.0, -150.0, 1.0002))


def put(client, **form):
    return client.request("PUT", PATH, json=form)


def test_a_lesson_begins_without_a_map(client, with_video):
    assert client.get(PATH).json() == {"map": None, "proposal": None}


def test_a_number_and_one_or_two_moments_make_a_map(client, with_video):
    made = put(client, offset_s=-12.34).json()["map"]
    assert (made["method"], made["plus_minus_s"]) == ("hand", 0.5)
    (segment,) = made["segments"]
    assert (segment["offset_s"], segment["start_s"], segment["end_s"]) == (-12.34, None, None)
    made = put(client, points=[{"video_s": 192, "lesson_s": 150}]).json()["map"]
    assert (made["method"], made["segments"][0]["offset_s"]) == ("points", 42.0)
    two = [{"video_s": 192, "lesson_s": 150}, {"video_s": 1000, "lesson_s": 958.4}]
    made = put(client, points=two).json()["map"]
    assert made["segments"][0]["offset_s"] == pytest.approx(41.8)
    assert made["plus_minus_s"] == 0.4
    assert made["version"] == 3
    assert client.get(PATH).json()["map"] == made


def test_two_moments_that_contradict_each_other_are_refused(client, with_video):
    wrong = [{"video_s": 100, "lesson_s": 50}, {"video_s": 1300, "lesson_s": 1280}]
    answer = put(client, points=wrong)
    assert answer.status_code == 409
    assert "differ by 30.0 s" in answer.json()["detail"]
    assert client.get(PATH).json()["map"] is None


@pytest.mark.parametrize(
    "form",
    (
        {"offset_s": 1e9}, {"offset_s": "x"}, {"points": []}, {"points": [{"video_s": -1, "lesson_s": 0}]},
        {"points": [{"video_s": 1, "lesson_s": 1}] * 3}, {"else": 1},
    ),
)  # fmt: skip
def test_what_is_no_map_is_refused(client, with_video, form):
    assert put(client, **form).status_code == 422


def test_a_proposal_waits_for_a_word(client, stores, with_video):
    stores.clock_maps.add(found_by_sound(ONE))
    both = client.get(PATH).json()
    assert both["map"] is None
    assert both["proposal"]["segments"][0] == {
        "start_s": 42.0, "end_s": 2442.0, "offset_s": -42.0, "rate": 1.0, "plus_minus_s": 0.3,
        "correlation": 0.6, "peak_ratio": 2.5,
    }  # fmt: skip
    answer = client.request("POST", f"{PATH}/1", json={"is_right": True}).json()
    assert answer["proposal"] is None
    assert answer["map"]["method"] == "levels"
    again = client.request("POST", f"{PATH}/1", json={"is_right": False})
    assert again.status_code == 404


def test_a_declined_proposal_is_gone_and_one_that_is_overtaken_is_not_asked_about(
    client, stores, with_video
):
    stores.clock_maps.add(found_by_sound(ONE))
    assert client.request("POST", f"{PATH}/1", json={"is_right": False}).json() == {
        "map": None,
        "proposal": None,
    }
    stores.clock_maps.add(found_by_sound(ONE))
    both = put(client, offset_s=3.0).json()
    assert both["proposal"] is None
    assert both["map"]["method"] == "hand"


def test_several_segments_move_together(client, stores, with_video):
    stores.clock_maps.add(found_by_sound(*TWO, state="accepted"))
    made = put(client, offset_s=-28.0).json()["map"]
    first, second = made["segments"]
    assert (first["offset_s"], second["offset_s"]) == (-28.0, -148.0)
    # They end where they did in the video.
    assert first["end_s"] == pytest.approx(1298.0)
    assert second["start_s"] == pytest.approx(1420.0 - 2.0 / 1.0002)


def test_the_page_has_the_map_from_the_start(client, stores, with_video):
    stores.clock_maps.add(found_by_sound(*TWO, state="accepted"))
    page = client.get("/lessons/sample").text
    attribute = re.search(r'data-line-up="([^"]*)"', page)
    assert attribute is not None
    assert json.loads(unescape(attribute[1])) == client.get(PATH).json()


def test_without_a_video_on_the_server_a_map_is_for_other_files(client, coach, stores, filled):
    stores.clock_maps.add(found_by_sound(ONE, state="accepted"))  # of a video that was deleted
    assert client.get(PATH).json() == {"map": None, "proposal": None}
    made = put(client, offset_s=12.5).json()
    assert made["map"]["segments"][0]["offset_s"] == 12.5
    assert client.get(PATH).json() == made == coach.get(PATH).json()


def test_each_version_stays_and_says_who_made_it(client, stores, with_video):
    put(client, offset_s=1.0)
    put(client, offset_s=2.0)
    maps = stores.clock_maps.of_video("sample", "v")
    assert [each.version for each in maps] == [2, 1]
    assert all(each.made_by for each in maps)
    assert math.isinf(maps[0].segments[0].segment.end_s)
