"""What the store of videos does, in each database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from school import School, open_school
from school.audit.actor import Actor
from school.lessons.records import Lesson
from school.video.records import Video

LESSON = Lesson(
    id="maths", room="room-a", teacher="Ms Okafor", title="Fractions", starts_utc_ns=1_000,
    ends_utc_ns=2_000, source="timetable",
)  # fmt: skip
BY = Actor(name="a test", utc_ns=5)
VIDEO = Video(
    id="v1", lesson="maths", state="uploading", file="f1", size=3_000_000_000, fingerprint="ab",
    added_by="ada", consent="c" * 32, created_utc_ns=1, changed_utc_ns=1,
)  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[School, School]]:
    """The same school, as two programs open it."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").url()
    one, other = open_school(tmp_path, url), open_school(tmp_path, url)
    one.lessons.put(LESSON)
    one.lessons.put(replace(LESSON, id="art", video="/plain.mp4"))
    yield one, other
    one.close()
    other.close()


def test_a_video_is_read_as_it_was_written(pair: tuple[School, School]) -> None:
    one, other = (school.videos for school in pair)
    assert one.begin(VIDEO, BY)
    assert other.get("v1") == VIDEO
    assert other.of_lesson("maths") == [VIDEO]
    assert other.every() == [(VIDEO, LESSON)]
    assert other.get("v2") is None


def test_a_lesson_has_one_upload_at_a_time(pair: tuple[School, School]) -> None:
    one, other = (school.videos for school in pair)
    assert one.begin(VIDEO, BY)
    assert not other.begin(replace(VIDEO, id="v2"), BY)
    assert other.begin(replace(VIDEO, id="v3", lesson="art"), BY)


def test_its_states_follow_one_another(pair: tuple[School, School]) -> None:
    one, other = (school.videos for school in pair)
    one.begin(VIDEO, BY)
    assert one.ready("maths") is None
    assert other.finish_upload("v1", BY)
    assert not one.finish_upload("v1", BY)
    (waiting,) = one.to_do()
    changed = one.change(waiting, 7, state="ready", container="mp4", duration_s=2_700.5)
    assert changed is not None
    assert (changed.state, changed.changed_utc_ns, changed.duration_s) == ("ready", 7, 2_700.5)
    assert other.change(waiting, 8, state="converting") is None  # it is not checking any more
    assert other.ready("maths") == changed
    assert other.with_ready(["maths", "art"]) == {"maths"}
    assert other.to_do() == []
    assert one.begin(replace(VIDEO, id="v2"), BY)  # to replace it
    assert other.ready("maths") == changed


def test_what_is_removed_is_recorded_once(pair: tuple[School, School]) -> None:
    one, other = pair
    one.videos.begin(VIDEO, BY)
    assert one.videos.remove(VIDEO, BY, "by_hand")
    assert not other.videos.remove(VIDEO, BY, "by_hand")
    sentences = [each.sentence for each in other.audit.of_lesson("maths", 10)]
    assert sentences == [
        "A test removed the video of lesson maths for good, because they asked for it",
        "A test confirmed who may be filmed in lesson maths",
    ]


def test_it_goes_with_its_lesson(pair: tuple[School, School]) -> None:
    one, other = pair
    one.videos.begin(VIDEO, BY)
    one.lessons.purge(lessons=["maths"], purged_utc_ns=9)
    assert other.videos.every() == []


def test_plain_files_of_earlier_versions_are_found(pair: tuple[School, School]) -> None:
    assert [lesson.id for lesson in pair[1].videos.older()] == ["art"]
