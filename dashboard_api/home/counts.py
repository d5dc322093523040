"""Counts of the whole school, week by week, for those who run it and see no lesson.

A week's counts are those of at least five teachers, so that they say nothing of one. Only weeks that
are over are counted: a count that grows lesson by lesson would say whose the last one was.
"""

from __future__ import annotations

import time
from datetime import date, timedelta, tzinfo
from functools import partial
from typing import Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from contract.clock import SECOND_NS
from contract.language import _
from dashboard_api.language.dates import date_text
from dashboard_api.live.routes import live_facts
from dashboard_api.reading.protocol import sensed_within
from dashboard_api.rooms.read_rooms import AllRooms, read_rooms
from dashboard_api.views.days import day_of, monday_of, start_of
from dashboard_api.web.access import ReadsCounts
from dashboard_api.web.store_thread import StoreDep, Stores, StoreThread
from school.sharing.counts import HeldLesson
from school.sharing.cut import Cut

__all__ = ["MIN_TEACHERS", "SchoolCounts", "WeekCount", "WeekCounts", "read_counts", "router"]

router = APIRouter()

MIN_TEACHERS: Final = 5
WEEKS: Final = 6
MAX_AGE_S: Final = 1_800.0
_STEP: Final = 20


class WeekCount(BaseModel):
    """One week; without figures if fewer than five teachers had lessons that were sensed."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    monday: date
    captured: int | None = None
    """Lessons of which something was sensed."""
    shared: int | None = None
    """Those of them that their teacher shares with someone now."""
    hours_sensed: int | None = None
    """Hours of them that were sensed, rounded."""

    @property
    def words(self) -> str:
        """Which week it is."""
        return _("Week of {day}", day=date_text(self.monday))


class SchoolCounts(BaseModel):
    """What runs in the school; nothing of it is about a teacher or a lesson."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    weeks: list[WeekCount]
    """The last weeks that are over, the latest first."""
    kits_live: int
    kits: int
    """Kits that have ever reported."""


class WeekCounts:
    """The weeks that were counted, kept for half an hour: to count one reads each lesson of it."""

    def __init__(self) -> None:
        self._known: dict[date, tuple[float, WeekCount]] = {}

    async def of(self, store: StoreThread, monday: date, zone: tzinfo | None) -> WeekCount:
        at = time.monotonic()
        known = self._known.get(monday)
        if known is not None and at - known[0] <= MAX_AGE_S:
            return known[1]
        span = start_of(monday, zone), start_of(monday + timedelta(days=7), zone)
        now = store.clock.utc_ns()
        held = await store.run(lambda stores: stores.sharing.held_between(*span, now))
        sensed: dict[str, float] = {}
        # In steps, so that a live page does not wait for all of them.
        for first in range(0, len(held), _STEP):
            step = partial(_sensed, lessons=held[first : first + _STEP])
            sensed |= await store.run(step)
        count = week_count(monday, held, sensed)
        while len(self._known) >= WEEKS:
            del self._known[min(self._known)]
        self._known[monday] = at, count
        return count


def week_count(monday: date, held: list[HeldLesson], sensed_s: dict[str, float]) -> WeekCount:
    """The counts of a week's lessons, from how long each was sensed."""
    captured = [lesson for lesson in held if sensed_s.get(lesson.id, 0.0) > 0]
    if len({lesson.teacher for lesson in captured} - {""}) < MIN_TEACHERS:
        return WeekCount(monday=monday)
    return WeekCount(
        monday=monday,
        captured=len(captured),
        shared=sum(lesson.is_shared for lesson in captured),
        hours_sensed=round(sum(sensed_s[lesson.id] for lesson in captured) / 3600),
    )


async def read_counts(
    request: Request, store: StoreThread, rooms: AllRooms | None = None
) -> SchoolCounts:
    """The counts of the last weeks, and of the kits; `rooms` if they have been read already."""
    zone, counts = request.app.state.zone, request.app.state.week_counts
    assert isinstance(counts, WeekCounts)
    this = monday_of(day_of(store.clock.utc_ns(), zone))
    mondays = [this - timedelta(days=7 * i) for i in range(1, WEEKS + 1)]
    weeks = [await counts.of(store, monday, zone) for monday in mondays]
    if rooms is None:
        rooms = await read_rooms(store, live_facts(request.app))
    return SchoolCounts(weeks=weeks, kits_live=rooms.live, kits=rooms.kits)


@router.get("/api/counts", tags=["school"], summary="Counts of the school, by week")
async def counts(request: Request, viewer: ReadsCounts, store: StoreDep) -> SchoolCounts:
    """Lessons captured and shared, hours sensed, and kits, of five teachers or more."""
    del viewer
    return await read_counts(request, store)


def _sensed(stores: Stores, lessons: list[HeldLesson]) -> dict[str, float]:
    found = {}
    for lesson in lessons:
        end = lesson.over_utc_ns(stores.longest_ns)
        if end - lesson.starts_utc_ns >= SECOND_NS:
            found[lesson.id] = sensed_within(
                stores.sensed, lesson.room, lesson.starts_utc_ns, end,
                Cut(excluded=lesson.left_out).visible,
            )[0]  # fmt: skip
    return found
