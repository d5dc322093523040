"""A step's measure in the lessons before it and in those since, as far as the reader sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from dashboard_api.debrief.measuring import kind_of, measured
from dashboard_api.lessons.list_lines import see_lessons
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores, StoreThread
from dashboard_api.web.viewer import Viewer
from models.measures.compare import Comparison, compare
from models.measures.records import Measured
from school.debrief.records import ActionStep
from school.lessons.records import Lesson
from school.sharing.listing import Wanted
from school.sharing.policy import Reach

__all__ = ["BeforeSince", "MeasuredLesson", "read_before_since"]

MAX_READ: Final = 12
"""So many lessons are read on each side, the nearest ones first."""
MAX_USED: Final = 6
"""So many of them count."""
_OTHERS: Final = 2
"""With so many other lessons before it, the one that the step comes from does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLesson:
    """One lesson with its measure."""

    lesson: Lesson
    found: Measured
    is_counted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeSince:
    """Both sides, the latest lesson first, and what comes of them."""

    before: Sequence[MeasuredLesson]
    since: Sequence[MeasuredLesson]
    comparison: Comparison
    unknown: int
    """Lessons that were read and have no value."""


async def read_before_since(
    viewer: Viewer, store: StoreThread, reach: Reach, step: ActionStep, room: str
) -> BeforeSince | None:
    """None for a step without a measure. Compared are lessons of its teacher in one room.

    Each lesson is a query of its own, so that a live page does not wait for all of them.
    """
    kind, now = kind_of(step.text), store.clock.utc_ns()
    if kind is None:
        return None
    old, new = await store.run(
        lambda stores: _lessons(stores, viewer, reach, step, room, now)
    )  # fmt: skip
    before = await _measured(viewer, store, step, old, now)
    since = await _measured(viewer, store, step, new, now)
    unknown = len(old) + len(new) - len(before) - len(since)
    before, since = _chosen(step, before), since[:MAX_USED]
    return BeforeSince(
        before=before,
        since=since,
        unknown=unknown,
        comparison=compare(
            kind,
            [one.found.value for one in before if one.is_counted],
            [one.found.value for one in since],
        ),
    )


def _lessons(
    stores: Stores, viewer: Viewer, reach: Reach, step: ActionStep, room: str, now_utc_ns: int
) -> tuple[list[Lesson], list[Lesson]]:
    """Those before the step was written, and those that began since."""
    since = step.written_utc_ns
    origin = None if step.lesson is None else stores.lesson(step.lesson)
    if origin is not None:
        room, since = origin.room, max(since, origin.starts_utc_ns + 1)
    whose = stores.sharing.owned_in(
        step.person, room, from_utc_ns=0, to_utc_ns=now_utc_ns
    )  # fmt: skip

    def read(wanted: Wanted) -> list[Lesson]:
        found = stores.lessons_of(viewer, {reach}, wanted, limit=2 * MAX_READ)
        return [one for one in found if one.id in whose][:MAX_READ]

    return (
        read(Wanted(room=room, to_utc_ns=since)),
        read(Wanted(room=room, from_utc_ns=since, to_utc_ns=max(since, now_utc_ns))),
    )


async def _measured(
    viewer: Viewer, store: StoreThread, step: ActionStep, lessons: Sequence[Lesson], now: int
) -> list[MeasuredLesson]:
    found = []
    for seen in await see_lessons(viewer, store, lessons):
        value = await store.run(partial(_of_one, viewer, seen, step, now))
        if value is not None:
            found.append(MeasuredLesson(lesson=seen.lesson, found=value))
    return found


def _of_one(
    viewer: Viewer, seen: SeenLesson, step: ActionStep, now_utc_ns: int, stores: Stores
) -> Measured | None:
    found = measured(stores, seen, step.text, now_utc_ns)
    if found is not None and seen.reach != "own":
        stores.audit.record_look(viewer.actor, "lesson", seen.lesson.id, lesson=seen.lesson.id)
    return found


def _chosen(step: ActionStep, found: Sequence[MeasuredLesson]) -> list[MeasuredLesson]:
    """The nearest ones; that from which the step comes was chosen, so it counts only where few are."""
    others = [one for one in found if one.lesson.id != step.lesson]
    if len(others) < _OTHERS:
        return list(found[:MAX_USED])
    used = others[:MAX_USED]
    return [
        one if one in used else MeasuredLesson(lesson=one.lesson, found=one.found, is_counted=False)
        for one in found
        if one in used or one.lesson.id == step.lesson
    ]
