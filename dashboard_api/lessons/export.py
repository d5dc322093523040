"""A lesson's table as a file, for its own teacher: what leaves the pages outlives every share."""

from __future__ import annotations

import csv
import io
import math
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboard_api.lessons.seen_timeline import seen_timeline
from dashboard_api.views.schemas import TimelineJson
from dashboard_api.views.text import cell_text, position_text
from dashboard_api.web.access import ExportsLesson
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.store_thread import StoreDep, Stores

__all__ = ["router", "timeline_csv"]

router = APIRouter(include_in_schema=False)

_STEP_S: Final = 30


@router.get("/lessons/{lesson_id}/table.csv")
async def export_table(
    request: Request, viewer: ExportsLesson, lesson_id: str, store: StoreDep
) -> Response:
    """The numbers of the page `table`, all at once. Each export is an entry of the audit log."""
    now, zone = store.clock.utc_ns(), request.app.state.zone

    def query(stores: Stores) -> str:
        seen = see_lesson(stores, viewer, lesson_id)
        found = seen_timeline(stores, seen, now, zone, level_s=_STEP_S)
        stores.audit.record_export(viewer.actor, "lesson", lesson_id, lesson=lesson_id)
        return timeline_csv(found)

    return Response(
        await store.run(query),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="lesson.csv"'},
    )


def timeline_csv(shown: TimelineJson) -> str:
    """A whole lesson's timeline at 30 s, a row for each half minute; empty means not known."""
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(
        ["from", "to", "movement, dB", "noise, dB(A)", "quietest second, dB(A)",
         "loudest second, dB(A)", *(cell_text(f"{zone.name}, dB") for zone in shown.zones), "missing"]
    )  # fmt: skip
    each = _STEP_S // shown.zone_step_s
    for at in range(math.ceil(shown.length_s / _STEP_S)):
        start, end = at * _STEP_S, min((at + 1) * _STEP_S, shown.length_s)
        noise = shown.noise
        zones = [_max_cell(zone.cells[at * each : (at + 1) * each]) for zone in shown.zones]
        missing = [g.words for g in shown.gaps if g.start_s < end and g.end_s > start]
        rows.writerow(
            [position_text(start), position_text(end), shown.movement.mean[at], noise.mean[at],
             noise.least[at], noise.most[at], *zones, cell_text("; ".join(missing))]
        )  # fmt: skip
    return file.getvalue()


def _max_cell(cells: list[float | None]) -> float | None:
    return max((cell for cell in cells if cell is not None), default=None)
