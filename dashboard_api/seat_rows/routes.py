"""The page of seat rows, and its switch: both for the lesson's own teacher, and nobody else."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import HTMLResponse, RedirectResponse, Response

from contract.language import _
from dashboard_api.language.dates import local_time_text
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.seat_rows.chart import swatch_svg
from dashboard_api.seat_rows.view import RowsPage, rows_page, rows_table
from dashboard_api.views.text import amount_text, title_text
from dashboard_api.web.access import ReadsSeatRows
from dashboard_api.web.lookup import get_lesson, see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_LEGEND_DB: Final = (-6.0, -3.0, 0.0, 3.0, 6.0)


class _SwitchForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    is_on: bool


@router.get("/lessons/{lesson_id}/seat-rows")
async def seat_rows(
    request: Request,
    viewer: ReadsSeatRows,
    lesson_id: str,
    store: StoreDep,
    number: Annotated[int | None, Query(ge=1)] = None,
) -> HTMLResponse:
    """The rows if the teacher has switched them on, else why they are off; `number` opens a page
    of the table.
    """
    now, zone = store.clock.utc_ns(), request.app.state.zone

    def query(stores: Stores) -> HTMLResponse:
        seen = see_lesson(stores, viewer, lesson_id)
        lesson, shown = seen.lesson, None
        if stores.sharing.seat_rows.is_on(viewer.person.id):
            shown = _rows(stores, seen, now)
            stores.audit.record_look(viewer.actor, "seat_rows", lesson.id, lesson=lesson.id)
        return page(
            "seat_rows/page.html",
            viewer=viewer,
            lesson=lesson,
            title=title_text(lesson.title, lesson.room),
            at=local_time_text(lesson.starts_utc_ns, zone),
            is_hidden=stores.sharing.teacher.is_hidden(lesson.id),
            shown=shown,
            table=None if shown is None else rows_table(shown, number or 1),
            is_table_open=number is not None,
            legend=[(swatch_svg(level), amount_text(level)) for level in _LEGEND_DB]
            + [(swatch_svg(None, "gap"), _("not sensed, or left out")),
               (swatch_svg(None, "unknown"), _("not known: too few seats in use, or too early"))],
        )  # fmt: skip

    return await store.run(query)


@router.post("/lessons/{lesson_id}/seat-rows")
async def switch(
    viewer: ReadsSeatRows,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[_SwitchForm, Form()],
) -> Response:
    """Switch the pages of all of one's own lessons on or off, and go back to this one's."""

    def change(stores: Stores) -> Response:
        get_lesson(stores, viewer, lesson_id)
        stores.sharing.seat_rows.switch(viewer.person.id, viewer.actor, is_on=form.is_on)
        return RedirectResponse(f"/lessons/{lesson_id}/seat-rows", status_code=303)

    return await store.run(change)


def _rows(stores: Stores, seen: SeenLesson, now_utc_ns: int) -> RowsPage:
    start, end, is_running = lesson_span(seen.lesson, now_utc_ns)
    readings, seats = seen.seat_readings(stores, start, end)
    return rows_page(readings, seats, seen.epochs(stores), seen.lesson.zones, is_running=is_running)
