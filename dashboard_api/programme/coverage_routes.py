"""How far coaching reaches: a month at a time, counted once, as a page and a CSV file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.language.dates import local_time_text
from dashboard_api.programme.coverage_files import coverage_csv
from dashboard_api.programme.coverage_view import coverage_lines, month_text
from dashboard_api.views.days import day_of
from dashboard_api.web.access import ReadsCounts, RunsProgramme
from dashboard_api.web.files import csv_file
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.programme.coverage_store import MONTHS_BACK, CoverageMonth
from school.programme.month_figures import Month, month_of
from school.sharing.policy import may_at_all

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

MonthName = Annotated[str, Query(max_length=7)]


@router.get("/programme/coverage")
async def coverage_page(
    request: Request, viewer: ReadsCounts, store: StoreDep, month: MonthName = ""
) -> Response:
    """The month that is named, or the latest one that is counted."""
    return await store.run(lambda stores: _page(request, stores, viewer, month))


@router.get("/programme/coverage.csv")
async def coverage_file(viewer: ReadsCounts, store: StoreDep, month: MonthName = "") -> Response:
    """The same as a table; without rows while no month is counted."""

    def query(stores: Stores) -> Response:
        found = _chosen(stores.coverage.months(), month)
        if found is None and month:
            raise NotFoundError(_("This month is not counted."))
        stores.audit.record_export(viewer.actor, "programme", "", file="table")
        if found is None:
            return csv_file("coverage.csv", coverage_csv("", ()))
        return csv_file(f"coverage-{found.month}.csv", coverage_csv(found.month, found.rows))

    return await store.run(query)


@router.post("/programme/coverage/count")
async def count_month(
    request: Request,
    viewer: RunsProgramme,
    store: StoreDep,
    month: Annotated[str, Form(max_length=7)],
) -> Response:
    """Count a month with the schools and groups of now; one that is counted stays as it is."""

    def count(stores: Stores) -> Response:
        wanted = next((each for each in _may_count(request, viewer) if each.name == month), None)
        if wanted is None:
            trouble = _("Choose one of the last six months that are over.")
            return _page(request, stores, viewer, "", trouble)
        sensed = {each.lesson for each in stores.scores.scored_lessons()}
        try:
            stores.coverage.count(wanted, sensed, viewer.actor, now_utc_ns=viewer.utc_ns)
        except UsageError as error:
            return _page(request, stores, viewer, "", str(error))
        return RedirectResponse(f"/programme/coverage?month={month}", status_code=303)

    return await store.run(count)


def _may_count(request: Request, viewer: Viewer) -> list[Month]:
    """The last months that are over, the latest first."""
    zone = request.app.state.zone
    today = day_of(viewer.utc_ns, zone)
    this = today.year * 12 + today.month - 1
    months = (this - back for back in range(1, MONTHS_BACK + 1))
    return [month_of(at // 12, at % 12 + 1, zone) for at in months]


def _chosen(months: list[CoverageMonth], name: str) -> CoverageMonth | None:
    return next((each for each in months if name in ("", each.month)), None)


def _page(
    request: Request, stores: Stores, viewer: Viewer, name: str, trouble: str = ""
) -> Response:
    months = stores.coverage.months()
    found = _chosen(months, name)
    if found is None and name:
        raise NotFoundError(_("This month is not counted."))
    counted = {each.month for each in months}
    waiting = [each.name for each in _may_count(request, viewer) if each.name not in counted]
    return page(
        "programme/coverage.html", viewer=viewer, status_code=422 if trouble else 200,
        trouble=trouble, month="" if found is None else found.month,
        words="" if found is None else month_text(found.month),
        counted="" if found is None
        else local_time_text(found.counted_utc_ns, request.app.state.zone),
        parts=[] if found is None else coverage_lines(found.rows),
        months=[(each.month, month_text(each.month)) for each in months],
        waiting=[(each, month_text(each)) for each in waiting],
        may_run=may_at_all(viewer.person.roles, "run programme"),
    )  # fmt: skip
