"""The lines of a list of lessons, read from the stores."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from typing import Final

from fastapi import Request

from dashboard_api.lessons.list_view import lesson_json
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.moments.routes import moments_of
from dashboard_api.moments.view import signs
from dashboard_api.views.readings import sensed_seconds
from dashboard_api.views.schemas import LessonJson
from dashboard_api.web.store_thread import Stores, StoreThread
from ingest.stores.records import AlertRecord
from school.lessons.records import Lesson

__all__ = ["SignCounts", "Suggestions", "read_lesson_json", "read_lines", "sign_counts"]

MAX_COUNT_AGE_S: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """What the page of a lesson suggests."""

    signs: int
    ids: frozenset[str] = frozenset()
    """Of all suggested moments, lively and calm."""


class SignCounts:
    """How many signs each lesson has, the same as on its page.

    Counting takes all epochs of a lesson. The count of a finished lesson is therefore kept until the
    lesson changes, or for some minutes.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Lesson, list[AlertRecord], Suggestions]] = {}
        """Lesson → when it was counted, from what, and what was found."""

    def of(self, stores: Stores, lesson: Lesson, now_utc_ns: int) -> int:
        return self.suggestions(stores, lesson, now_utc_ns).signs

    def suggestions(self, stores: Stores, lesson: Lesson, now_utc_ns: int) -> Suggestions:
        alerts = stores.scores.alerts(lesson.id)
        if not alerts and lesson.starts_utc_ns > now_utc_ns:
            return Suggestions(signs=0)  # it is still to come; a timetable has many of them
        at = time.monotonic()
        since, before, raised, known = self._known.get(
            lesson.id, (at, None, alerts, Suggestions(signs=0))
        )
        if before == lesson and raised == alerts and at - since <= MAX_COUNT_AGE_S:
            return known
        moments = moments_of(stores, lesson)
        found = Suggestions(
            signs=signs(moments),
            ids=frozenset(each.id for each in moments if each.kind == "suggested"),
        )
        if lesson.ends_utc_ns is not None and lesson.ends_utc_ns <= now_utc_ns:
            self._known[lesson.id] = at, lesson, alerts, found
        return found

    def waiting(self, stores: Stores, lesson: Lesson, now_utc_ns: int) -> int:
        """How many suggested moments have no answer of the coach."""
        suggested = self.suggestions(stores, lesson, now_utc_ns).ids
        if not suggested:
            return 0
        verdicts = stores.lessons.verdicts(lesson.id)
        return len(suggested - {each.moment for each in verdicts if each.by == "coach"})


def sign_counts(request: Request) -> SignCounts:
    """The counts of this application."""
    counts = request.app.state.sign_counts
    assert isinstance(counts, SignCounts)
    return counts


def read_lesson_json(
    stores: Stores,
    lesson: Lesson,
    now_utc_ns: int,
    zone: tzinfo | None,
    *,
    moments: int,
    signs: int,
) -> LessonJson:
    """One line of the list, from the stores."""
    start, end, _ = lesson_span(lesson, now_utc_ns)
    sensed_s, gaps = 0.0, 0
    if end > start:
        sensed_s, gaps = sensed_seconds(stores.periods, lesson.room, start, end)
    return lesson_json(
        lesson,
        sensed_s=sensed_s,
        gaps=gaps,
        moments=moments,
        alerts=len(stores.scores.alerts(lesson.id)),
        signs=signs,
        now_utc_ns=now_utc_ns,
        zone=zone,
    )


async def read_lines(
    request: Request, store: StoreThread, lessons: Sequence[Lesson]
) -> list[LessonJson]:
    """The lines of lessons, each with an end.

    Each line is a query of its own, so that a live page does not wait for all of them.
    """
    zone, counts, now = request.app.state.zone, sign_counts(request), store.clock.utc_ns()
    ids = [lesson.id for lesson in lessons]
    moments = await store.run(lambda stores: stores.lessons.count_moments(ids))

    def line(stores: Stores, lesson: Lesson) -> LessonJson:
        return read_lesson_json(
            stores, lesson, now, zone,
            moments=moments.get(lesson.id, 0), signs=counts.of(stores, lesson, now),
        )  # fmt: skip

    return [await store.run(partial(line, lesson=lesson)) for lesson in lessons]
