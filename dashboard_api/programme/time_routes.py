"""One's own time: minutes of each week, as the system saw them and as their owner says they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.language.dates import date_text, number_text
from dashboard_api.programme.upload import text_of
from dashboard_api.views.days import day_of, monday_of
from dashboard_api.web.access import KeepsLedger
from dashboard_api.web.files import csv_file
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.ledger.csv_files import WEEK_COLUMNS, read_weeks
from school.ledger.measured import Measured
from school.ledger.records import COLUMNS, KIND_WORDS, MAX_MINUTES, Week

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_LAST_WEEKS: Final = 10
"""So many stand in the list even if they are not kept."""
_WEEKS_ON_A_PAGE: Final = 26
Minutes = Annotated[
    int,
    BeforeValidator(lambda given: 0 if given == "" else given),
    Field(ge=0, le=MAX_MINUTES),
]
"""An empty field is none."""


class _WeekForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    monday: date
    preparing: Minutes = 0
    visiting: Minutes = 0
    travelling: Minutes = 0
    debriefing: Minutes = 0
    travel_saved: Minutes = 0


class _MondayForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    monday: date


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """A week in the list."""

    monday: date
    words: str
    kept: str
    """The hours that are kept, in words; empty if none are."""
    is_before: bool
    """Whether it is of the time before the programme."""


@router.get("/time")
async def own_time(
    request: Request,
    viewer: KeepsLedger,
    store: StoreDep,
    week: date | None = None,
    before: date | None = None,
) -> Response:
    """The week that is named, above the latest weeks or those before a day."""
    return await store.run(lambda stores: _page(request, stores, viewer, week, before=before))


@router.post("/time")
async def keep_week(
    request: Request, viewer: KeepsLedger, store: StoreDep, form: Annotated[_WeekForm, Form()]
) -> Response:
    def keep(stores: Stores) -> Response:
        try:
            week = Week(**form.model_dump())
        except UsageError as error:
            return _page(request, stores, viewer, None, str(error))
        if week.monday > _this_monday(request, viewer):
            return _page(request, stores, viewer, None, _("This week has not started."))
        stores.ledger.put_weeks(viewer.person.id, [week], viewer.people_utc_ns)
        return RedirectResponse(f"/time?week={week.monday}", status_code=303)

    return await store.run(keep)


@router.post("/time/remove")
async def forget_week(
    viewer: KeepsLedger, store: StoreDep, form: Annotated[_MondayForm, Form()]
) -> Response:
    def forget(stores: Stores) -> Response:
        if not stores.ledger.remove_week(viewer.person.id, form.monday):
            raise NotFoundError(_("This week is not kept."))
        return RedirectResponse(f"/time?week={form.monday}", status_code=303)

    return await store.run(forget)


@router.post("/time/file")
async def keep_file(request: Request, viewer: KeepsLedger, store: StoreDep) -> Response:
    """Keep all weeks of a CSV file, or none of them."""
    try:
        name, text = await text_of(request)
        weeks = read_weeks(text, name=name)
    except UsageError as error:
        sentence = str(error)
        return await store.run(lambda stores: _page(request, stores, viewer, None, sentence))

    def keep(stores: Stores) -> Response:
        latest = _this_monday(request, viewer)
        late = next((each.monday for each in weeks if each.monday > latest), None)
        if late is not None:
            sentence = _("{name}: the week of {day} has not started.", name=name, day=late)
            return _page(request, stores, viewer, None, sentence)
        stores.ledger.put_weeks(viewer.person.id, weeks, viewer.people_utc_ns)
        return RedirectResponse("/time", status_code=303)

    return await store.run(keep)


@router.get("/time.csv")
async def own_weeks(viewer: KeepsLedger, store: StoreDep) -> Response:
    """One's own weeks in minutes, as `/time/file` reads them back."""

    def rows(weeks: list[Week]) -> Iterator[list[str | int]]:
        yield list(WEEK_COLUMNS)
        for week in weeks:
            yield [week.monday.isoformat(), *(week.minutes(kind) for kind in COLUMNS)]

    weeks = await store.run(lambda stores: list(stores.ledger.weeks_of(viewer.person.id).values()))
    return csv_file("time.csv", rows(weeks))


def _this_monday(request: Request, viewer: Viewer) -> date:
    return monday_of(day_of(viewer.utc_ns, request.app.state.zone))


def _page(
    request: Request,
    stores: Stores,
    viewer: Viewer,
    day: date | None,
    trouble: str = "",
    *,
    before: date | None = None,
) -> Response:
    zone, this = request.app.state.zone, _this_monday(request, viewer)
    monday = min(monday_of(day or this), this)
    kept = stores.ledger.weeks_of(viewer.person.id)
    measured = stores.ledger.measured_of(viewer.person.id, zone, stores.longest_ns)
    starts_on, sheets = stores.ledger.costs().starts_on, stores.worth_sheets.sheets()
    seen = measured.get(monday, Measured())
    # What the system saw stands there already, for its owner to correct and keep.
    week = kept.get(
        monday, Week(monday=monday, debriefing=min(seen.debriefing, MAX_MINUTES),
                     visiting=min(seen.visiting, MAX_MINUTES)),
    )  # fmt: skip
    mondays = {this - timedelta(days=7 * back) for back in range(_LAST_WEEKS)} | set(kept)
    listed = sorted((each for each in mondays if before is None or each < before), reverse=True)
    lines = [_line(each, kept.get(each), starts_on) for each in listed[:_WEEKS_ON_A_PAGE]]
    return page(
        "programme/time.html", viewer=viewer, status_code=422 if trouble else 200, trouble=trouble,
        week=week, words=date_text(monday), is_kept=monday in kept, kinds=KIND_WORDS,
        seen={"debriefing": seen.debriefing, "visiting": seen.visiting}, most=MAX_MINUTES,
        starts_on=None if starts_on is None else date_text(starts_on),
        counted=date_text(sheets[0].span.day_after) if sheets else None,
        lines=lines, is_latest=before is None,
        earlier=lines[-1].monday if len(listed) > _WEEKS_ON_A_PAGE else None,
    )  # fmt: skip


def _line(monday: date, week: Week | None, starts_on: date | None) -> _Line:
    return _Line(
        monday=monday, words=date_text(monday),
        kept="" if week is None else _("{hours} h", hours=number_text(week.spent / 60, 1)),
        is_before=starts_on is not None and monday < starts_on,
    )  # fmt: skip
