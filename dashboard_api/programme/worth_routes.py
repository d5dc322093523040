"""What the programme was worth: a page, two files, and what an administrator enters for them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _, ngettext
from dashboard_api.language.dates import date_text, local_time_text
from dashboard_api.programme.entered import entered
from dashboard_api.programme.upload import text_of
from dashboard_api.programme.worth_files import GROUP_COLUMNS, SHEET_COLUMNS, group_csv, sheet_csv
from dashboard_api.programme.worth_view import group_lines, sheet_lines, span_text, term_choices
from dashboard_api.views.days import day_of, monday_of
from dashboard_api.web.access import ReadsCounts, RunsProgramme
from dashboard_api.web.files import csv_file
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.ledger.csv_files import OUTCOME_COLUMNS, read_outcomes
from school.ledger.records import Costs
from school.ledger.sheets import MIN_SHEET_WEEKS, Sheet, earliest_last_day
from school.sharing.policy import may_at_all

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Money = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]
Number = Annotated[int | None, Query(ge=1, le=1_000_000)]


class _CostsForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    starts_on: Annotated[
        date | None, BeforeValidator(lambda given: None if given == "" else given)
    ] = None
    hour_cost: Money = 0.0
    kit_cost: Money = 0.0
    kit_years: Annotated[float, Field(gt=0, le=50, allow_inf_nan=False)] = 5.0
    school_weeks: Annotated[int, Field(ge=1, le=53)] = 36
    comparison: Money = 2_100.0


@router.get("/programme/worth")
async def worth_page(
    request: Request, viewer: ReadsCounts, store: StoreDep, sheet: Number = None
) -> Response:
    """The sheet that is named, or the latest one."""
    return await store.run(lambda stores: _page(request, stores, viewer, number=sheet))


@router.get("/programme/worth.csv")
async def worth_file(viewer: ReadsCounts, store: StoreDep, sheet: Number = None) -> Response:
    """The same as a table; without rows while no sheet is counted."""

    def query(stores: Stores) -> Response:
        found = _chosen(stores.worth_sheets.sheets(), sheet)
        stores.audit.record_export(viewer.actor, "programme", "", file="table")
        rows = () if found is None else sheet_csv(found, stores.ledger.costs())
        return csv_file(f"worth{_of_days(found)}.csv", chain([SHEET_COLUMNS], rows))

    return await store.run(query)


@router.get("/programme/hours-and-gain.csv")
async def hours_and_gain(viewer: ReadsCounts, store: StoreDep, sheet: Number = None) -> Response:
    """Coach hours saved against student gain, a row for each group of schools."""

    def query(stores: Stores) -> Response:
        found = _chosen(stores.worth_sheets.sheets(), sheet)
        stores.audit.record_export(viewer.actor, "programme", "", file="table")
        rows = () if found is None else group_csv(found)
        return csv_file(f"hours-and-gain{_of_days(found)}.csv", chain([GROUP_COLUMNS], rows))

    return await store.run(query)


@router.post("/programme/worth/count")
async def count_sheet(
    request: Request, viewer: RunsProgramme, store: StoreDep, last_day: Annotated[date, Form()]
) -> Response:
    """Count the weeks since the last sheet, once and for all; a sheet that is counted stays as it is."""
    zone = request.app.state.zone

    def count(stores: Stores) -> Response:
        try:
            found = stores.worth_sheets.count(
                last_day, viewer.actor, zone=zone, today=day_of(viewer.utc_ns, zone)
            )
        except UsageError as error:
            return _page(request, stores, viewer, str(error))
        return RedirectResponse(f"/programme/worth?sheet={found.number}", status_code=303)

    return await store.run(count)


@router.post("/programme/costs")
async def put_costs(
    request: Request, viewer: RunsProgramme, store: StoreDep, form: Annotated[_CostsForm, Form()]
) -> Response:
    def change(stores: Stores) -> Response:
        try:
            stores.ledger.put_costs(Costs(**form.model_dump()), viewer.actor)
        except UsageError as error:
            return _page(request, stores, viewer, str(error))
        return RedirectResponse("/programme/worth", status_code=303)

    return await store.run(change)


@router.post("/programme/outcomes")
async def put_outcomes(request: Request, viewer: RunsProgramme, store: StoreDep) -> Response:
    """Keep the outcomes of a CSV file in the place of earlier ones, or refuse all of it."""
    try:
        name, text = await text_of(request)
    except UsageError as error:
        sentence = str(error)
        return await store.run(lambda stores: _page(request, stores, viewer, sentence))

    def change(stores: Stores) -> Response:
        sites = {site.name for site in stores.rooms.sites()}
        try:
            # Nobody shall find a teacher by the order of the file.
            outcomes = read_outcomes(text, name=name, sites=sites, draw=random.SystemRandom())
        except UsageError as error:
            return _page(request, stores, viewer, str(error))
        stores.ledger.put_outcomes(outcomes, viewer.actor)
        return RedirectResponse("/programme/worth", status_code=303)

    return await store.run(change)


@router.post("/programme/outcomes/remove")
async def remove_outcomes(viewer: RunsProgramme, store: StoreDep) -> Response:
    await store.run(lambda stores: stores.ledger.put_outcomes([], viewer.actor))
    return RedirectResponse("/programme/worth", status_code=303)


def _chosen(sheets: Sequence[Sheet], number: int | None) -> Sheet | None:
    """The one of that number, or the latest; None while there is none."""
    found = next((each for each in sheets if number in (None, each.number)), None)
    if found is None and number is not None:
        raise NotFoundError(_("There is no such sheet."))
    return found


def _of_days(sheet: Sheet | None) -> str:
    return "" if sheet is None else f"-{sheet.span.first}-to-{sheet.span.last_day}"


def _page(
    request: Request,
    stores: Stores,
    viewer: Viewer,
    trouble: str = "",
    *,
    number: int | None = None,
) -> Response:
    zone, costs, sheets = (
        request.app.state.zone,
        stores.ledger.costs(),
        stores.worth_sheets.sheets(),
    )
    found = _chosen(sheets, number)
    return page(
        "programme/worth.html", viewer=viewer, status_code=422 if trouble else 200, trouble=trouble,
        sheet=None if found is None else found.number,
        words="" if found is None else span_text(found.span),
        counted="" if found is None else local_time_text(found.counted_utc_ns, zone),
        lines=[] if found is None else sheet_lines(found, costs),
        groups=[] if found is None else group_lines(found.worth.groups),
        sheets=[(each.number, span_text(each.span)) for each in sheets],
        following=_following(stores, day_of(viewer.utc_ns, zone)),
        starts_on="" if costs.starts_on is None else date_text(costs.starts_on),
        costs=costs, fields=_fields(costs), columns=", ".join(OUTCOME_COLUMNS), outcomes=_outcome_words(stores),
        may_run=may_at_all(viewer.person.roles, "run programme"),
    )  # fmt: skip


def _fields(costs: Costs) -> dict[str, str]:
    """Money and years as their fields have them: 36 and not 36.0."""
    return {
        name: entered(getattr(costs, name))
        for name in ("hour_cost", "kit_cost", "kit_years", "comparison")
    }


def _following(stores: Stores, today: date) -> dict[str, object] | None:
    """The next sheet, in words; None while the programme has no start."""
    first = stores.worth_sheets.next_week()
    if first is None:
        return None
    earliest = earliest_last_day(first)
    latest = monday_of(today) - timedelta(days=1)
    return {
        "first": date_text(first), "earliest": date_text(earliest), "is_open": earliest <= latest,
        "min": earliest.isoformat(), "max": latest.isoformat(), "weeks": MIN_SHEET_WEEKS,
        "terms": term_choices(stores.people.roster.terms(), earliest, latest),
    }  # fmt: skip


def _outcome_words(stores: Stores) -> str:
    """How many classes there are, and for which sheet; empty without any."""
    classes = len(stores.ledger.outcomes())
    if not classes:
        return ""
    kept = ngettext("{n} class is kept.", "{n} classes are kept.", classes)
    new = len(stores.worth_sheets.new_outcomes())
    if not new:
        more = _("They are in a sheet already; the next one needs a new file.")
    elif new == classes:
        more = _("They count in the next sheet.")
    else:
        more = ngettext(
            "{n} of them has the results that it has in a sheet already, and does not count again.",
            "{n} of them have the results that they have in a sheet already, and do not count again.",
            classes - new,
        )
    return f"{kept} {more}"
