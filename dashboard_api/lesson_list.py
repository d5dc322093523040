"""The list of lessons: where everyone comes in."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, Response

from contract.clock import SECOND_NS
from dashboard_api.answers import LessonAnswer
from dashboard_api.desk import AskDesk, Stores
from dashboard_api.lookup import found_lesson
from dashboard_api.readings import sensed_seconds
from dashboard_api.rendering import page
from dashboard_api.views.lesson_list_view import by_day, lesson_answer
from dashboard_api.views.lesson_view import lesson_span
from dashboard_api.views.movement import ribbon
from dashboard_api.views.strip_view import strip_svg
from ingest.stores.records import Lesson

__all__ = ["answer_for", "router"]

router = APIRouter()

LESSONS_A_PAGE: Final = 50

PageNumber = Annotated[int, Query(ge=1, description="Page of 50 lessons, the latest first.")]


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def lesson_list(request: Request, desk: AskDesk, number: PageNumber = 1) -> HTMLResponse:
    zone = request.app.state.zone
    lessons, count = await desk.ask(lambda stores: _list(stores, number, desk.clock.utc_ns(), zone))
    now = datetime.fromtimestamp(desk.clock.utc_ns() / SECOND_NS, tz=UTC).astimezone(zone)
    return page(
        "lessons.html",
        days=by_day(lessons, now.date()),
        number=number,
        pages=max(1, -(-count // LESSONS_A_PAGE)),
    )


@router.get("/api/lessons", tags=["lessons"], summary="The list of lessons")
async def lessons(request: Request, desk: AskDesk, number: PageNumber = 1) -> list[LessonAnswer]:
    """Fifty lessons a page, the latest first."""
    zone = request.app.state.zone
    now = desk.clock.utc_ns()
    found, _ = await desk.ask(lambda stores: _list(stores, number, now, zone))
    return found


@router.get("/lessons/{lesson_id}/strip.svg", include_in_schema=False)
async def lesson_strip(lesson_id: str, desk: AskDesk) -> Response:
    """The lesson's movement as a small picture."""
    now = desk.clock.utc_ns()

    def look(stores: Stores) -> str:
        lesson = found_lesson(stores, lesson_id)
        start, end, _ = lesson_span(lesson, now)
        length = (end - start) // SECOND_NS
        return strip_svg(ribbon(stores.scores.epochs(lesson.id), start, length, 5))

    return Response(await desk.ask(look), media_type="image/svg+xml")


def answer_for(
    stores: Stores, lesson: Lesson, now_utc_ns: int, zone: tzinfo | None
) -> LessonAnswer:
    """One line of the list, from the stores."""
    start, end, _ = lesson_span(lesson, now_utc_ns)
    sensed_s, gaps = sensed_seconds(stores.periods, lesson.room, start, end)
    return lesson_answer(
        lesson,
        sensed_s=sensed_s,
        gaps=gaps,
        moments=len(stores.lessons.moments(lesson.id)),
        alerts=len(stores.scores.alerts(lesson.id)),
        now_utc_ns=now_utc_ns,
        zone=zone,
    )


def _list(
    stores: Stores, number: int, now_utc_ns: int, zone: tzinfo | None
) -> tuple[list[LessonAnswer], int]:
    everything = stores.lessons.lessons()
    part = everything[(number - 1) * LESSONS_A_PAGE : number * LESSONS_A_PAGE]
    return [answer_for(stores, lesson, now_utc_ns, zone) for lesson in part], len(everything)
