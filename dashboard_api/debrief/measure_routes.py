"""Whether a next step shows: its measure before and since, in the tab or on a page of its own."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard_api.debrief.before_since import read_before_since
from dashboard_api.debrief.measure_view import measure_page
from dashboard_api.debrief.step_view import step_of
from dashboard_api.language.dates import local_time_text
from dashboard_api.views.text import title_text
from dashboard_api.web.access import ReadsNotes
from dashboard_api.web.lookup import NotFoundError, see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores
from school.debrief.records import ActionStep

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/lessons/{lesson_id}/step/{step_id}/measure")
async def measure(
    request: Request, viewer: ReadsNotes, lesson_id: str, step_id: str, store: StoreDep
) -> Response:
    def query(stores: Stores) -> tuple[SeenLesson, ActionStep]:
        seen = see_lesson(stores, viewer, lesson_id)
        step = step_of(stores, seen, step_id)
        if step is None:
            raise NotFoundError("There is no such step; somebody may have removed it.")
        return seen, step

    seen, step = await store.run(query)
    found = await read_before_since(viewer, store, seen.reach, step, seen.lesson.room)
    zone, lesson = request.app.state.zone, seen.lesson
    return page(
        "debrief/_measure.html" if "hx-request" in request.headers else "debrief/measure.html",
        viewer=viewer, lesson=lesson, step=step.text, shown=measure_page(step, found, zone),
        title=title_text(lesson.title, lesson.room),
        at=local_time_text(lesson.starts_utc_ns, zone),
    )  # fmt: skip
