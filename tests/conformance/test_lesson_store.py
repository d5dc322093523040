"""What every lesson store does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contract.errors import StoreError
from contract.lesson import Activity, Zone
from ingest.stores import LESSON_STORES, open_lesson_store
from ingest.stores.memory_lessons import MemoryLessonStore
from ingest.stores.protocol import LessonStore
from ingest.stores.records import Lesson, Moment

MATHS = Lesson(
    id="maths",
    room="room-a",
    teacher="t. okafor",
    title="Fractions",
    starts_utc_ns=1_000,
    ends_utc_ns=2_000,
    source="timetable",
    activities=(Activity(start_s=0, end_s=600.5, name="whole_class"),),
    zones=(Zone(name="window", seats=(1, 2, 3, 4, 5)), Zone(name="door", seats=(6, 7, 8, 9, 10))),
    video="/videos/maths.mp4",
    video_offset_s=-1.5,
)
MOMENT = Moment(id="m1", lesson="maths", start_s=61.5, end_s=75, note="group work", author="coach")


@pytest.fixture(params=sorted(LESSON_STORES))
def pair(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[LessonStore, LessonStore]]:
    """Two programs' stores of the same lessons."""
    if request.param == "memory":
        memory = MemoryLessonStore()
        yield memory, memory
        return
    one, other = open_lesson_store(tmp_path), open_lesson_store(tmp_path)
    yield one, other
    other.close()
    one.close()


def test_a_lesson_comes_back_whole(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    assert other.get("maths") is None
    one.put(MATHS)
    assert other.get("maths") == MATHS


def test_a_lesson_is_replaced_by_id(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    one.put(MATHS)
    one.put_moment(MOMENT)
    later = replace(MATHS, title="Decimals", ends_utc_ns=None, video=None, zones=())
    other.put(later)
    assert one.lessons() == [later]
    assert one.moments("maths") == [MOMENT]


def test_lessons_come_latest_first_and_by_room(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    art = replace(MATHS, id="art", starts_utc_ns=3_000, ends_utc_ns=None, source="button")
    elsewhere = replace(MATHS, id="music", room="room-b", starts_utc_ns=2_500)
    for lesson in (MATHS, art, elsewhere):
        one.put(lesson)
    assert [x.id for x in other.lessons()] == ["art", "music", "maths"]
    assert [x.id for x in other.lessons(room="room-a")] == ["art", "maths"]
    assert other.lessons(room="room-c") == []


def test_which_lesson_is_on(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    running = replace(MATHS, id="art", starts_utc_ns=3_000, ends_utc_ns=None)
    one.put(MATHS)
    one.put(running)
    found = {at: other.at("room-a", at) for at in (999, 1_000, 1_999, 2_000, 3_000, 9_999)}
    assert found == {
        999: None,
        1_000: MATHS,
        1_999: MATHS,
        2_000: None,
        3_000: running,
        9_999: running,
    }
    assert other.at("room-b", 1_500) is None


def test_moments_are_marked_changed_and_removed(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    one.put(MATHS)
    earlier = replace(MOMENT, id="m2", start_s=1.0)
    one.put_moment(MOMENT)
    one.put_moment(earlier)
    assert other.moments("maths") == [earlier, MOMENT]
    changed = replace(MOMENT, note="")
    other.put_moment(changed)
    other.remove_moment("m2")
    other.remove_moment("never was")
    assert one.moments("maths") == [changed]
    assert one.moments("art") == []


def test_a_moment_needs_its_lesson(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    with pytest.raises(StoreError, match="no lesson 'maths'"):
        one.put_moment(MOMENT)
    assert other.moments("maths") == []


def test_version_moves_with_every_change(pair: tuple[LessonStore, LessonStore]) -> None:
    one, other = pair
    seen = [other.version()]
    assert other.version() == seen[0]
    one.put(MATHS)
    seen.append(other.version())
    one.put_moment(MOMENT)
    seen.append(other.version())
    other.remove_moment("m1")
    seen.append(other.version())
    assert len(set(seen)) == 4
