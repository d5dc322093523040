"""The next visit for the reader's own calendar: they choose the time, nothing is kept of it."""

from __future__ import annotations

from datetime import tzinfo
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from starlette.responses import Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.debrief.step_view import step_page
from dashboard_api.record.next_visit import Visit, calendar_of, usual_visit, visit_time
from dashboard_api.views.text import title_text
from dashboard_api.web.access import TakesRecord
from dashboard_api.web.files import saved_file
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.sharing.listing import Wanted

__all__ = ["proposed_time", "router"]

router = APIRouter(include_in_schema=False)

_MAX_COMING = 20


@router.get("/lessons/{lesson_id}/next-visit.ics")
async def next_visit(
    request: Request,
    viewer: TakesRecord,
    lesson_id: str,
    store: StoreDep,
    *,
    at: Annotated[str, Query(max_length=40)] = "",
    minutes: Annotated[int, Query(ge=5, le=480)] = 45,
    with_step: Annotated[bool, Query()] = False,
) -> Response:
    """With the step's words only if the reader asks for it: others may see their calendar."""
    zone = request.app.state.zone

    def query(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        try:
            starts = visit_time(
                at or proposed_time(stores, seen, viewer, zone), viewer.utc_ns, zone
            )
        except UsageError as error:
            raise HTTPException(422, str(error)) from None
        lesson = seen.lesson
        title = (
            lesson.teacher
            if seen.reach != "own" and lesson.teacher
            else title_text(lesson.title, lesson.room)
        )
        stores.audit.record_export(
            viewer.actor, "lesson", lesson_id, lesson=lesson_id, file="next_visit"
        )
        visit = Visit(
            lesson=lesson.id, starts=starts, minutes=minutes, title=_("Next visit: {title}", title=title),
            room=lesson.room, address=f"{request.base_url}lessons/{lesson.id}",
            words=_step_words(stores, seen, zone) if with_step else "",
        )  # fmt: skip
        made = calendar_of(visit, viewer.people_utc_ns)
        return saved_file("next-visit.ics", made, "text/calendar; charset=utf-8")

    return await store.run(query)


def proposed_time(stores: Stores, seen: SeenLesson, viewer: Viewer, zone: tzinfo | None) -> str:
    """For the form's field. A coach knows nothing of lessons that are not shared with them."""
    coming = []
    if seen.reach == "own":
        coming = stores.lessons_of(
            viewer, frozenset({"own"}), Wanted(from_utc_ns=viewer.utc_ns + 1),
            limit=_MAX_COMING, is_oldest_first=True,
        )  # fmt: skip
    at = usual_visit(seen.lesson, coming, viewer.utc_ns, zone)
    return f"{at:%Y-%m-%dT%H:%M}"


def _step_words(stores: Stores, seen: SeenLesson, zone: tzinfo | None) -> str:
    """The step that was agreed on, with how it will show."""
    shown = step_page(stores, seen, zone)
    steps = [
        each for each in (*shown.here, shown.last) if each and each.state in {"open", "proposed"}
    ]
    return "\n\n".join(
        "\n".join(
            filter(None, (each.what, each.when and _("When: {words}", words=each.when), each.shows))
        )
        for each in steps
    )
