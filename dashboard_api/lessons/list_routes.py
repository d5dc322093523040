"""The list of lessons, which is the start page."""

from __future__ import annotations

import time
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from contract.clock import SECOND_NS
from dashboard_api.lessons.list_view import by_day, lesson_json
from dashboard_api.lessons.strip_view import strip_svg
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.model.trust import trust_text
from dashboard_api.moments.routes import moments_of
from dashboard_api.moments.view import signs
from dashboard_api.views.movement import ribbon
from dashboard_api.views.readings import sensed_seconds
from dashboard_api.views.schemas import LessonJson
from dashboard_api.web.access import ReadsLesson, SignedIn
from dashboard_api.web.lookup import get_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores, StoreThread
from dashboard_api.web.viewer import Viewer
from ingest.stores.records import AlertRecord
from school.lessons.records import Lesson

__all__ = ["SignCounts", "read_lesson_json", "router", "sign_counts"]

router = APIRouter()

LESSONS_PER_PAGE: Final = 50
MAX_COUNT_AGE_S: Final = 600.0

PageNumber = Annotated[int, Query(ge=1, description="Page of 50 lessons, the latest first.")]


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def lesson_list(
    request: Request, viewer: SignedIn, store: StoreDep, number: PageNumber = 1
) -> HTMLResponse:
    zone = request.app.state.zone
    lessons, count = await _list(request, viewer, store, number)
    now = datetime.fromtimestamp(store.clock.utc_ns() / SECOND_NS, tz=UTC).astimezone(zone)
    return page(
        "lessons/list.html",
        viewer=viewer,
        days=by_day(lessons, now.date()),
        number=number,
        trust=await store.run(lambda stores: trust_text(stores.count_verdicts())),
        pages=max(1, -(-count // LESSONS_PER_PAGE)),
    )


@router.get("/api/lessons", tags=["lessons"], summary="The list of lessons")
async def lessons(
    request: Request, viewer: ReadsLesson, store: StoreDep, number: PageNumber = 1
) -> list[LessonJson]:
    """Your own lessons and those shared with you: fifty per page, the latest first."""
    return (await _list(request, viewer, store, number))[0]


@router.get("/lessons/{lesson_id}/strip.svg", include_in_schema=False)
async def lesson_strip(viewer: ReadsLesson, lesson_id: str, store: StoreDep) -> Response:
    """The lesson's movement as a small picture."""
    now = store.clock.utc_ns()

    def query(stores: Stores) -> str:
        lesson = get_lesson(stores, viewer, lesson_id)
        start, end, _ = lesson_span(lesson, now)
        length = (end - start) // SECOND_NS
        return strip_svg(ribbon(stores.scores.epochs(lesson.id), start, length, 5))

    return Response(await store.run(query), media_type="image/svg+xml")


class SignCounts:
    """How many signs each lesson has, the same as on its page.

    Counting takes all epochs of a lesson. The count of a finished lesson is therefore kept until the
    lesson changes, or for some minutes.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Lesson, list[AlertRecord], int]] = {}
        """Lesson → when it was counted, from what, and the count."""

    def of(self, stores: Stores, lesson: Lesson, now_utc_ns: int) -> int:
        alerts = stores.scores.alerts(lesson.id)
        if not alerts and lesson.starts_utc_ns > now_utc_ns:
            return 0  # it is still to come; a timetable fills pages with such lessons
        at = time.monotonic()
        since, before, raised, known = self._known.get(lesson.id, (at, None, alerts, 0))
        if before == lesson and raised == alerts and at - since <= MAX_COUNT_AGE_S:
            return known
        found = signs(moments_of(stores, lesson))
        if lesson.ends_utc_ns is not None and lesson.ends_utc_ns <= now_utc_ns:
            self._known[lesson.id] = at, lesson, alerts, found
        return found


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


async def _list(
    request: Request, viewer: Viewer, store: StoreThread, number: int
) -> tuple[list[LessonJson], int]:
    """A page of the list, and the number of all lessons that the viewer may see.

    Each line is a query of its own, so that a live page does not wait for all of them.
    """
    zone, counts, now = request.app.state.zone, sign_counts(request), store.clock.utc_ns()
    offset = (number - 1) * LESSONS_PER_PAGE
    lessons = await store.run(
        lambda stores: stores.page_of_lessons(viewer, LESSONS_PER_PAGE, offset)
    )
    count = await store.run(lambda stores: stores.count_lessons(viewer))
    ids = [lesson.id for lesson in lessons]
    moments = await store.run(lambda stores: stores.lessons.count_moments(ids))

    def line(stores: Stores, lesson: Lesson) -> LessonJson:
        return read_lesson_json(
            stores, lesson, now, zone,
            moments=moments.get(lesson.id, 0), signs=counts.of(stores, lesson, now),
        )  # fmt: skip

    lines = [await store.run(partial(line, lesson=lesson)) for lesson in lessons]
    return lines, count
