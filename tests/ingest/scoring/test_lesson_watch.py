"""What the watch finds changed is what it would find if it read every lesson."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.clock import SECOND_NS, ManualClock
from contract.lesson import Zone
from ingest.scoring.lesson_watch import LessonWatch
from school import open_lesson_store
from school.lessons.memory import MemoryLessonStore
from school.lessons.protocol import LessonStore
from school.lessons.records import Lesson

HOUR_S = 3_600
DAYS = 3
NOW = ManualClock().utc_ns()
ZONES = (Zone(name="front", seats=(1, 2, 3, 4, 5)),)


class Exhaustive(LessonWatch):
    """Reads every recent lesson each time."""

    def _refresh(self) -> list[Lesson]:
        now_ns, day_ns = self._clock.utc_ns(), 86_400 * SECOND_NS
        self._refreshed_ns = self._clock.elapsed_ns()
        found = self._lessons.lessons(from_utc_ns=now_ns - DAYS * day_ns, to_utc_ns=now_ns + day_ns)
        self._recent = {lesson.id: lesson for lesson in found}
        return found


def lesson(number: int, room: str, starts_h: int, lasts_h: int, zones: tuple[Zone, ...]) -> Lesson:
    starts_ns = NOW + starts_h * HOUR_S * SECOND_NS
    return Lesson(
        id=f"lesson-{number}", room=room, teacher="t", title="", starts_utc_ns=starts_ns,
        ends_utc_ns=starts_ns + lasts_h * HOUR_S * SECOND_NS if lasts_h else None,
        source="button", zones=zones,
    )  # fmt: skip


LESSONS = st.builds(
    lesson, st.integers(0, 5), st.sampled_from(("r1", "r2")), st.integers(-90, 30),
    st.integers(0, 2), st.sampled_from(((), ZONES)),
)  # fmt: skip
STEPS = st.one_of(
    LESSONS,
    LESSONS,
    st.integers(0, 5).map(lambda number: f"lesson-{number}"),
    st.integers(0, 40),
    st.none(),
)


def looked(watch: LessonWatch) -> object:
    found = watch.changed() if watch.is_changed() else None
    return found, [watch.get(f"lesson-{number}") for number in range(6)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ("memory", "sqlite"))
@settings(max_examples=40, deadline=None)
@given(steps=st.lists(STEPS, max_size=20))
def test_the_same_lessons_are_changed(kind: str, steps: list[Lesson | str | int | None]) -> None:
    """A lesson is entered or replaced, removed, noted as scored; hours pass; None is a poll."""
    with tempfile.TemporaryDirectory() as folder:
        store: LessonStore = (
            MemoryLessonStore() if kind == "memory" else open_lesson_store(Path(folder))
        )
        clock = ManualClock()
        with closing(store):
            mine, exhaustive = (
                watch(lessons=store, clock=clock, days=DAYS, longest_ns=2 * HOUR_S * SECOND_NS)
                for watch in (LessonWatch, Exhaustive)
            )
            mine.begin()
            exhaustive.begin()
            for step in steps:
                match step:
                    case Lesson():
                        store.put(step)
                    case str():
                        store.purge(lessons=[step])
                    case int():
                        clock.advance(step * HOUR_S)
                        for old in store.lessons()[:1]:
                            mine.note_scored(old)
                            exhaustive.note_scored(old)
                    case None:
                        assert looked(mine) == looked(exhaustive)
            assert looked(mine) == looked(exhaustive)


def test_after_a_change_it_reads_that_lesson_alone() -> None:
    read: list[str] = []

    class Noted(MemoryLessonStore):
        def lessons(self, **which: object) -> list[Lesson]:
            found = super().lessons(**which)  # type: ignore[arg-type]
            read.extend(each.id for each in found)
            return found

        def changed_since(self, since: int, *, from_utc_ns: int, to_utc_ns: int) -> list[Lesson]:
            found = super().changed_since(since, from_utc_ns=from_utc_ns, to_utc_ns=to_utc_ns)
            read[:] = [each.id for each in found]
            return found

    store = Noted()
    for number, room in enumerate(("r1", "r1", "r2")):
        store.put(lesson(number, room, -number, 1, ()))
    watch = LessonWatch(
        lessons=store, clock=ManualClock(), days=DAYS, longest_ns=9 * HOUR_S * SECOND_NS
    )
    watch.begin()
    assert sorted(read) == ["lesson-0", "lesson-1", "lesson-2"]
    store.put(lesson(2, "r2", -2, 2, ()))
    assert watch.is_changed()
    assert [each.id for each, _ in watch.changed()] == ["lesson-2"]
    assert read == ["lesson-2"]
