"""A lesson's table as a file, for its own teacher: what leaves the pages outlives every share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard_api.lessons.seen_timeline import seen_timeline
from dashboard_api.views.schemas import TimelineJson
from dashboard_api.views.text import position_text
from dashboard_api.web.access import ExportsLesson
from dashboard_api.web.files import csv_file
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.store_thread import StoreDep, Stores

__all__ = ["router", "timeline_rows"]

router = APIRouter(include_in_schema=False)

_STEP_S: Final = 30
Row = list[str | float | None]


@router.get("/lessons/{lesson_id}/table.csv")
async def export_table(
    request: Request, viewer: ExportsLesson, lesson_id: str, store: StoreDep
) -> Response:
    """The numbers of the page `table`, all at once. Each export is an entry of the audit log."""
    now, zone = store.clock.utc_ns(), request.app.state.zone

    def query(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        found = seen_timeline(stores, seen, now, zone, level_s=_STEP_S)
        stores.audit.record_export(
            viewer.actor, "lesson", lesson_id, lesson=lesson_id, file="table"
        )
        return csv_file("lesson.csv", timeline_rows(found))

    return await store.run(query)


def timeline_rows(shown: TimelineJson) -> Iterator[Row]:
    """A whole lesson's timeline at 30 s, a row for each half minute; empty means not known."""
    yield ["from", "to", "movement, dB", "noise, dB(A)", "quietest second, dB(A)",
           "loudest second, dB(A)", *(f"{zone.name}, dB" for zone in shown.zones), "missing"]  # fmt: skip
    each = _STEP_S // shown.zone_step_s
    for at in range(math.ceil(shown.length_s / _STEP_S)):
        start, end = at * _STEP_S, min((at + 1) * _STEP_S, shown.length_s)
        noise = shown.noise
        zones = [_max_cell(zone.cells[at * each : (at + 1) * each]) for zone in shown.zones]
        missing = [g.words for g in shown.gaps if g.start_s < end and g.end_s > start]
        yield [position_text(start), position_text(end), shown.movement.mean[at], noise.mean[at],
               noise.least[at], noise.most[at], *zones, "; ".join(missing)]  # fmt: skip


def _max_cell(cells: list[float | None]) -> float | None:
    return max((cell for cell in cells if cell is not None), default=None)
