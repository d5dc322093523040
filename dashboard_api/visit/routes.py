"""Notes during a visit: a page for a phone, on the day of the lesson, and the clock that it goes by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from contract.clock import SECOND_NS
from dashboard_api.views.text import title_text
from dashboard_api.web.access import WritesNotes
from dashboard_api.web.lookup import get_lesson, see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from school.lessons.records import Lesson

__all__ = ["is_open", "router"]

router = APIRouter(include_in_schema=False)

_MS_NS = 1_000_000


class VisitTime(BaseModel):
    """The server's clock; a phone carries it on by itself."""

    utc_ms: int


@router.get("/lessons/{lesson_id}/visit")
async def visit(request: Request, viewer: WritesNotes, lesson_id: str, store: StoreDep) -> Response:
    """Large buttons, for the lesson's teacher and whom it is shared with."""
    now, zone = store.clock.utc_ns(), request.app.state.zone

    def query(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        lesson = seen.lesson
        stores.audit.record_look(viewer.actor, "lesson", lesson.id, lesson=lesson.id)
        mine = [
            one
            for one in seen.moments(stores)
            if one.author == viewer.person.id and one.began_utc_ns is not None
        ]
        return page(
            "visit/page.html",
            viewer=viewer, lesson=lesson, title=title_text(lesson.title, lesson.room),
            is_open=is_open(lesson, now, stores.longest_ns, zone), notes=mine,
            now_ms=now // _MS_NS, starts_ms=lesson.starts_utc_ns // _MS_NS,
            ends_ms=lesson.over_utc_ns(stores.longest_ns) // _MS_NS,
            framework=request.app.state.framework,
        )  # fmt: skip

    return await store.run(query)


@router.get("/lessons/{lesson_id}/visit/clock")
async def visit_clock(viewer: WritesNotes, lesson_id: str, store: StoreDep) -> VisitTime:
    def query(stores: Stores) -> VisitTime:
        get_lesson(stores, viewer, lesson_id)
        return VisitTime(utc_ms=store.clock.utc_ns() // _MS_NS)

    return await store.run(query)


def is_open(lesson: Lesson, now_utc_ns: int, longest_ns: int, zone: tzinfo | None) -> bool:
    """Whether it is the school's day of the lesson, or the lesson is on."""
    starts = datetime.fromtimestamp(lesson.starts_utc_ns // SECOND_NS, tz=UTC).astimezone(zone)
    begins = starts.replace(hour=0, minute=0, second=0)
    day = begins, begins + timedelta(days=1)
    now = datetime.fromtimestamp(now_utc_ns // SECOND_NS, tz=UTC)
    return day[0] <= now < day[1] or lesson.is_on(now_utc_ns, longest_ns)
