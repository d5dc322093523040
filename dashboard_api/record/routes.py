"""What of a lesson is taken along as files, for each reader what they see of it.

What has left the pages outlives every share, so each file is an entry of the audit log.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard_api.moments.judged_moments import moments_of
from dashboard_api.record.notes_rows import notes_rows
from dashboard_api.views.text import local_time_text, title_text
from dashboard_api.web.access import TakesRecord
from dashboard_api.web.files import csv_file
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/lessons/{lesson_id}/take")
async def take(request: Request, viewer: TakesRecord, lesson_id: str, store: StoreDep) -> Response:
    """The page with a link to each file."""
    zone = request.app.state.zone

    def query(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        lesson = seen.lesson
        return page(
            "record/take.html", viewer=viewer, lesson=lesson, is_own=seen.reach == "own",
            is_part=seen.cut.shared is not None, title=title_text(lesson.title, lesson.room),
            at=local_time_text(lesson.starts_utc_ns, zone),
        )  # fmt: skip

    return await store.run(query)


@router.get("/lessons/{lesson_id}/notes.csv")
async def notes(viewer: TakesRecord, lesson_id: str, store: StoreDep) -> Response:
    def query(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        stores.audit.record_export(
            viewer.actor, "lesson", lesson_id, lesson=lesson_id, file="notes"
        )
        return csv_file("notes.csv", notes_rows(moments_of(stores, seen)))

    return await store.run(query)
