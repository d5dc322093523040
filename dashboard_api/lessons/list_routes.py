"""The list of lessons for programs, and the small picture of each for the pages."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from dashboard_api.lessons.filters import ApiFilters
from dashboard_api.lessons.list_lines import read_lines
from dashboard_api.lessons.strip_view import strip_svg
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.views.days import day_of
from dashboard_api.views.movement import ribbon
from dashboard_api.views.schemas import LessonJson
from dashboard_api.web.access import ReadsLesson
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.store_thread import StoreDep, Stores
from school.lessons.records import Lesson
from school.sharing.policy import reaches

__all__ = ["router"]

router = APIRouter()

LESSONS_PER_PAGE: Final = 50


@router.get("/api/lessons", tags=["lessons"], summary="The list of lessons")
async def lessons(
    request: Request,
    viewer: ReadsLesson,
    store: StoreDep,
    filters: Annotated[ApiFilters, Query()],
) -> list[LessonJson]:
    """Your own lessons and those shared with you: fifty per page, the latest first.

    `after` and `newer` go on from a lesson, and show none twice while others are added; `number`
    counts pages.
    """
    zone, turn = request.app.state.zone, filters.turn()
    wanted = filters.wanted(day_of(viewer.utc_ns, zone), zone)
    reached = filters.reached(reaches(viewer.person.roles, "read lesson"))

    def query(stores: Stores) -> list[Lesson]:
        return stores.lessons_of(
            viewer, reached, wanted, limit=LESSONS_PER_PAGE,
            offset=(filters.number - 1) * LESSONS_PER_PAGE,
            beyond=turn.beyond, is_oldest_first=turn.is_to_later,
        )  # fmt: skip

    found = await store.run(query)
    return await read_lines(request, viewer, store, found[::-1] if turn.is_to_later else found)


@router.get("/lessons/{lesson_id}/strip.svg", include_in_schema=False)
async def lesson_strip(viewer: ReadsLesson, lesson_id: str, store: StoreDep) -> Response:
    """The lesson's movement as a small picture."""
    now = store.clock.utc_ns()

    def query(stores: Stores) -> str:
        seen = see_lesson(stores, viewer, lesson_id)
        start, end, _ = lesson_span(seen.lesson, now)
        length = seen.length_s(start, end)
        return strip_svg(ribbon(seen.epochs(stores), start, length, 5))

    return Response(await store.run(query), media_type="image/svg+xml")
