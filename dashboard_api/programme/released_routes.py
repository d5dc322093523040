"""What left the schools of this server for a collector, month by month, as it was signed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from contract.aggregates.figures import FIGURES, MIN_TEACHERS
from contract.language import _
from dashboard_api.language.dates import local_time_text
from dashboard_api.programme.coverage_view import month_text
from dashboard_api.web.access import ReadsCounts
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from school.programme.released import ReleasedReport

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_COLUMNS: Final = tuple(FIGURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedLine:
    """One report as a row of the table."""

    site: str
    teachers: int
    values: tuple[int | None, ...]
    """In the order of `FIGURES`; None stayed at the school."""
    state: str


@router.get("/programme/released")
async def released_page(request: Request, viewer: ReadsCounts, store: StoreDep) -> Response:
    zone = request.app.state.zone

    def query(stores: Stores) -> Response:
        titles = {site.name: site.title or site.name for site in stores.rooms.sites()}
        months: dict[str, list[ReleasedLine]] = {}
        for each in stores.released.all():
            months.setdefault(each.report.month, []).append(_line(each, titles, zone))
        return page(
            "programme/released.html",
            viewer=viewer, months=[(month_text(name), lines) for name, lines in months.items()],
            least=MIN_TEACHERS,
            columns=[_(FIGURES[name].words) for name in _COLUMNS],
        )  # fmt: skip

    return await store.run(query)


def _line(each: ReleasedReport, titles: dict[str, str], zone: tzinfo | None) -> ReleasedLine:
    report = each.report
    if each.taken_utc_ns is None:
        state = _(
            "Released {time}, not taken yet", time=local_time_text(each.released_utc_ns, zone)
        )
    else:
        state = _("Taken {time}", time=local_time_text(each.taken_utc_ns, zone))
    return ReleasedLine(
        site=titles.get(report.site, report.site), teachers=report.teachers,
        values=tuple(report.figures.get(name) for name in _COLUMNS), state=state,
    )  # fmt: skip
