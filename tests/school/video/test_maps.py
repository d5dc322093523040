"""Clock maps in the school's database."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract.clock import SECOND_NS
from school import School, open_school
from school.lessons.records import Lesson
from school.video.alignment.clock_map import Segment
from school.video.maps import ClockMap, MappedSegment, by_hand, current
from tests.school.test_migrations import make_older

MATHS = Lesson(
    id="maths", room="a", teacher="ada", title="Maths", starts_utc_ns=SECOND_NS,
    ends_utc_ns=3600 * SECOND_NS, source="button",
)  # fmt: skip
FOUND = ClockMap(
    lesson="maths", video="v-1", method="levels", state="proposed", made_utc_ns=5,
    segments=(
        MappedSegment(Segment(42.0, 900.5, -42.03, 1.00002), 0.3, 0.71, 3.2),
        MappedSegment(Segment(950.0, math.inf, -91.5), 0.4),
    ),
)  # fmt: skip


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    with closing(open_school(tmp_path)) as opened:
        opened.lessons.put(MATHS)
        yield opened


def test_a_map_comes_back_as_it_was(school: School) -> None:
    kept = school.clock_maps.add(FOUND)
    assert kept == replace(FOUND, version=1)
    assert school.clock_maps.of_video("maths", "v-1") == [kept]
    assert kept.plus_minus_s == 0.4


def test_a_map_is_of_its_video_alone(school: School) -> None:
    found = school.clock_maps.add(FOUND)
    elsewhere = school.clock_maps.add(by_hand("maths", 3.0, 6))
    assert school.clock_maps.of_video("maths", "v-1") == [found]
    assert school.clock_maps.of_video("maths", "v-2") == []
    assert school.clock_maps.of_video("maths", "") == [elsewhere]
    school.clock_maps.bind("maths", "v-2")
    assert school.clock_maps.of_video("maths", "v-2") == [replace(elsewhere, video="v-2")]
    assert school.clock_maps.of_video("maths", "") == []


def test_a_word_on_a_proposal_counts_once(school: School) -> None:
    school.clock_maps.add(FOUND)
    assert school.clock_maps.decide("maths", 1, is_right=False)
    assert not school.clock_maps.decide("maths", 1, is_right=True)
    assert current(school.clock_maps.of_video("maths", "v-1")) == (None, None)


def test_the_newer_of_a_map_and_a_proposal_is_asked_about(school: School) -> None:
    hand = school.clock_maps.add(by_hand("maths", 3.0, 6, video="v-1"))
    proposal = school.clock_maps.add(FOUND)
    assert current(school.clock_maps.of_video("maths", "v-1")) == (hand, proposal)
    newer = school.clock_maps.add(by_hand("maths", 4.0, 7, video="v-1"))
    assert current(school.clock_maps.of_video("maths", "v-1")) == (newer, None)


def test_maps_go_with_their_lesson(school: School) -> None:
    school.clock_maps.add(FOUND)
    school.lessons.purge(lessons=["maths"])
    assert school.clock_maps.of_video("maths", "v-1") == []


def test_a_number_of_earlier_versions_becomes_a_map_by_hand(tmp_path: Path) -> None:
    make_older(tmp_path, 4)
    with closing(open_school(tmp_path)) as school:
        (made,) = school.clock_maps.of_video("maths", "")
        assert (made.method, made.state, made.plus_minus_s) == ("hand", "accepted", 0.5)
        assert made.segments[0].segment == Segment(-math.inf, math.inf, 2.5)
        assert len(school.clock_maps.of_video("art", "")) == 1
