"""Chapters and moments as WebVTT, read by a strict parser of our own."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contract.lesson import ACTIVITIES, Activity
from dashboard_api.record.tracks import LESSON_TIME, Chapter, chapter_cues, chapters
from dashboard_api.record.webvtt import Cue, chapter_text, json_text, webvtt
from school.moments.records import Moment
from school.sharing.cut import WHOLE, Span
from school.video.alignment.clock_map import Segment
from school.video.maps import ClockMap, MappedSegment
from school.video.records import Video
from tests.dashboard_api.conftest import START_NS
from tests.signed_in import BY, COACH, TEACHER

TIME = r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})"
TIMING = re.compile(rf"{TIME} --> {TIME}")


def parsed(text: str) -> tuple[str, list[Cue]]:
    """The comment, and the cues; refuses what https://www.w3.org/TR/webvtt1/ does not allow."""
    assert "\0" not in text
    assert "\r" not in text
    head, note, *blocks = text.removesuffix("\n").split("\n\n")
    assert head == "WEBVTT"
    assert note.startswith("NOTE ")
    cues = []
    for number, block in enumerate(blocks, start=1):
        name, timing, *payload = block.split("\n")
        assert name == str(number)
        found = TIMING.fullmatch(timing)
        assert found, timing
        parts = [int(part) for part in found.groups()]
        start, end = (
            ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms
            for hours, minutes, seconds, ms in (parts[:4], parts[4:])
        )
        assert start < end
        assert payload
        assert all(payload)
        assert "-->" not in "\n".join(payload)
        cues.append(Cue(start, end, "\n".join(payload)))
    assert cues == sorted(cues)
    return note.removeprefix("NOTE "), cues


def unescaped(text: str) -> str:
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 10**7), st.text(min_size=1))))
def test_any_words_come_back(cues: list[tuple[int, int, str]]) -> None:
    _, found = parsed(
        webvtt("x", [Cue(at, at + long, json_text({"words": words})) for at, long, words in cues])
    )
    assert sorted((cue.start_ms, cue.end_ms, json.loads(cue.text)["words"]) for cue in found) == (
        sorted((at, at + long, words) for at, long, words in cues)
    )


@given(st.text())
def test_a_title_is_one_line_without_markup(title: str) -> None:
    line = chapter_text(f"a{title}")
    assert unescaped(line).split() == f"a{title}".replace("\0", "�").split()
    parsed(webvtt("x", [Cue(0, 1, line)]))


SECONDS = st.integers(0, 600)
SPANS = st.lists(st.tuples(SECONDS, st.integers(1, 200)), max_size=6)


@given(SPANS, st.lists(st.tuples(SECONDS, st.integers(1, 300)), min_size=1, max_size=3))
def test_chapters_lie_in_what_is_seen_and_never_overlap(
    declared: list[tuple[int, int]], visible: list[tuple[int, int]]
) -> None:
    activities = [
        Activity(start_s=at, end_s=at + long, name=ACTIVITIES[n % len(ACTIVITIES)])
        for n, (at, long) in enumerate(declared)
    ]
    seen = [Span(at, at + long) for at, long in visible]
    found = chapters(activities, [], seen)
    for one, after in pairwise(found):
        assert one.end_s <= after.start_s
    covered = {second for one in found for second in range(int(one.start_s), int(one.end_s))}
    assert covered == {
        second
        for second in range(1000)
        if any(span.start_s <= second < span.end_s for span in seen)
        and any(one.start_s <= second < one.end_s for one in activities)
    }


def test_a_camera_that_stops_cuts_a_chapter_and_what_it_missed_is_left_out() -> None:
    found = [Chapter(0, 100, "A"), Chapter(100, 400, "B"), Chapter(400, 500, "C")]
    segments = [Segment(-math.inf, 200, -50.0), Segment(300, 450, -150.0)]
    assert chapter_cues(found, segments) == [
        Cue(0, 50_000, "A"), Cue(50_000, 150_000, "B"), Cue(150_000, 250_000, "B"),
        Cue(250_000, 300_000, "C"),
    ]  # fmt: skip
    assert chapter_cues(found, [Segment(-math.inf, math.inf, -600.0)]) == []
    assert [cue.start_ms for cue in chapter_cues(found, LESSON_TIME)] == [0, 100_000, 400_000]
    assert chapters([], [], [WHOLE]) == []


def track(pages, name: str) -> tuple[str, list[Cue]]:
    answer = pages.get(f"/lessons/sample/{name}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert f'filename="{name}"' in answer.headers["content-disposition"]
    return parsed(answer.text)


def test_without_a_video_they_are_in_the_lessons_time(client, filled, stores) -> None:
    about, cues = track(client, "chapters.vtt")
    assert about == "The times are the lesson’s: no video is lined up with it."
    titles = {cue.text for cue in cues}
    assert {"Whole class", "Small groups", "Test"} <= titles
    assert "Settling in" in titles
    _, moments = track(client, "moments.vtt")
    shown = client.get("/api/lessons/sample/moments").json()
    assert [json.loads(cue.text) for cue in moments] == sorted(
        shown, key=lambda one: (one["start_s"], one["end_s"], json_text(one))
    )
    done = [e.sentence for e in stores.audit.of_person(TEACHER, 20) if e.action == "exported"]
    assert done[0].endswith("its moments for a player")
    assert done[1].endswith("its chapters")


def test_with_a_video_they_are_in_its_time_for_who_is_shown_it(
    client, coach, filled, stores
) -> None:
    ready = Video(id="v", lesson="sample", state="ready", file="f", size=1, container="webm",
                  duration_s=80.0, added_by="", created_utc_ns=1, changed_utc_ns=1)  # fmt: skip
    assert stores.videos.begin(ready, BY)
    segment = MappedSegment(Segment(-math.inf, math.inf, 12.5), 0.4)
    stores.clock_maps.add(
        ClockMap(lesson="sample", video="v", method="points", state="accepted", segments=(segment,),
                 made_utc_ns=1)
    )  # fmt: skip
    stores.lessons.put_moment(
        Moment(id="n", lesson="sample", start_s=301, end_s=303, note="a --> b\n\nc", author=COACH,
               role="coach")
    )  # fmt: skip
    for pages in (client, coach):
        about, cues = track(pages, "moments.vtt")
        assert about == "The times are the video’s, ± 0.4 s."
        (note,) = (cue for cue in cues if json.loads(cue.text)["id"] == "n")
        assert (note.start_ms, note.end_ms) == (313_500, 315_500)
        assert json.loads(note.text)["note"] == "a --> b\n\nc"
        assert "The times are the video’s" in pages.get("/lessons/sample/take").text
    stores.sharing.share("sample", COACH, BY, until_utc_ns=START_NS * 2, spans=[Span(300, 600)])
    about, cues = track(coach, "moments.vtt")
    assert "no video" in about
    assert all(300_000 <= cue.start_ms < cue.end_ms <= 600_000 for cue in cues)
    _, cues = track(coach, "chapters.vtt")
    assert [(cue.start_ms, cue.end_ms) for cue in cues] == [(300_000, 600_000)]
