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
from dashboard_api.moments.judged_moments import suggested_in
from dashboard_api.moments.view import count_lively
from dashboard_api.views.schemas import LessonJson
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores, StoreThread
from dashboard_api.web.viewer import Viewer
from ingest.stores.records import AlertRecord
from school.lessons.records import Lesson
from school.sharing.cut import WHOLE, Span

__all__ = ["SuggestionCounts", "Suggestions", "read_lesson_json", "read_lines", "see_lessons",
           "suggestion_counts"]  # fmt: skip

MAX_COUNT_AGE_S: Final = 600.0
MAX_COUNTS: Final = 20_000

_Key = tuple[str, tuple[Span, ...]]
_Answered = frozenset[tuple[str, float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """What the page of a lesson suggests."""

    lively: int | None
    """None while nothing is scored."""
    ids: frozenset[str] = frozenset()
    """Of all suggested moments, lively and calm."""


class SuggestionCounts:
    """How many lively stretches each lesson has, the same as on its page.

    Counting takes all epochs of a lesson. The count of a finished lesson is therefore kept until the
    lesson changes, or a suggestion of it gets its first answer, or for some minutes.
    """

    def __init__(self) -> None:
        self._known: dict[
            _Key, tuple[float, Lesson, list[AlertRecord], _Answered, Suggestions]
        ] = {}
        """Lesson and what is seen of it → when it was counted, from what, and what was found."""

    def of(self, stores: Stores, seen: SeenLesson, now_utc_ns: int) -> int | None:
        return self.suggestions(stores, seen, now_utc_ns).lively

    def suggestions(self, stores: Stores, seen: SeenLesson, now_utc_ns: int) -> Suggestions:
        lesson, alerts = seen.lesson, seen.alerts(stores)
        key = lesson.id, seen.cut.visible
        if not alerts and lesson.starts_utc_ns > now_utc_ns:
            return Suggestions(lively=None)  # it is still to come; a timetable has many of them
        at = time.monotonic()
        # A suggestion with an answer keeps its name and span, also where others see more around it.
        answered = frozenset((one.moment, one.start_s, one.end_s) for one in seen.verdicts(stores))
        since, *before, known = self._known.get(
            key, (at, None, alerts, answered, Suggestions(lively=0))
        )
        if before == [lesson, alerts, answered] and at - since <= MAX_COUNT_AGE_S:
            return known
        moments = suggested_in(stores, seen)
        found = Suggestions(
            lively=count_lively(moments) if seen.is_scored(stores) else None,
            ids=frozenset(each.id for each in moments if each.kind == "suggested"),
        )
        is_over = lesson.ends_utc_ns is not None and lesson.ends_utc_ns <= now_utc_ns
        if is_over and found.lively is not None:
            while len(self._known) >= MAX_COUNTS:
                del self._known[next(iter(self._known))]
            self._known[key] = at, lesson, alerts, answered, found
        return found

    def waiting(self, stores: Stores, seen: SeenLesson, now_utc_ns: int) -> int:
        """How many suggested moments have no answer of who looks."""
        suggested = self.suggestions(stores, seen, now_utc_ns).ids
        if not suggested:
            return 0
        answers = seen.verdicts(stores)
        return len(suggested - {each.moment for each in answers if each.by == seen.viewer})


def suggestion_counts(request: Request) -> SuggestionCounts:
    """The counts of this application."""
    counts = request.app.state.suggestion_counts
    assert isinstance(counts, SuggestionCounts)
    return counts


def read_lesson_json(
    stores: Stores,
    seen: SeenLesson,
    now_utc_ns: int,
    zone: tzinfo | None,
    *,
    moments: int,
    lively: int | None,
) -> LessonJson:
    """One line of the list, from the stores."""
    start, end, _ = lesson_span(seen.lesson, now_utc_ns)
    sensed_s, gaps, seen_s = seen.sensed(stores, start, end)
    return lesson_json(
        seen.lesson,
        sensed_s=sensed_s,
        seen_s=seen_s,
        has_video=seen.has_video,
        gaps=gaps,
        moments=moments,
        alerts=len(seen.alerts(stores)),
        lively=lively,
        now_utc_ns=now_utc_ns,
        zone=zone,
    )


async def see_lessons(
    viewer: Viewer, store: StoreThread, lessons: Sequence[Lesson]
) -> list[SeenLesson]:
    """What the viewer sees of lessons from a list of theirs; without those that they lost since."""
    ids = [lesson.id for lesson in lessons]
    cuts = await store.run(lambda stores: stores.sharing.teacher.cuts(ids, viewer.person.id))
    filmed = await store.run(lambda stores: stores.videos.with_ready(ids))
    return [
        SeenLesson(
            viewer.person.id,
            lesson,
            "own" if cuts[lesson.id].is_own else "shared",
            cuts[lesson.id],
            lesson.id in filmed,
        )
        for lesson in lessons
        if lesson.id in cuts
    ]


async def read_lines(
    request: Request, viewer: Viewer, store: StoreThread, lessons: Sequence[Lesson]
) -> list[LessonJson]:
    """The lines of lessons, each with an end, of what the viewer sees of them.

    Each line is a query of its own, so that a live page does not wait for all of them.
    """
    zone, counts, now = request.app.state.zone, suggestion_counts(request), store.clock.utc_ns()
    ids = [lesson.id for lesson in lessons]
    moments = await store.run(lambda stores: stores.lessons.count_moments(ids))

    def line(stores: Stores, seen: SeenLesson) -> LessonJson:
        marked = moments.get(seen.lesson.id, 0)
        if marked and seen.cut.visible != (WHOLE,):
            marked = len(seen.moments(stores))
        return read_lesson_json(
            stores, seen, now, zone, moments=marked, lively=counts.of(stores, seen, now)
        )

    found = await see_lessons(viewer, store, lessons)
    return [await store.run(partial(line, seen=seen)) for seen in found]
