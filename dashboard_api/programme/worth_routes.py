"""What the programme was worth: a page, two files, and what an administrator enters for them."""

from __future__ import annotations

import random
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import ngettext
from dashboard_api.programme.upload import text_of
from dashboard_api.programme.worth_files import group_csv, sheet_csv
from dashboard_api.programme.worth_view import group_lines, read_worth, sheet_lines
from dashboard_api.web.access import ReadsCounts, RunsProgramme
from dashboard_api.web.files import csv_file
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.ledger.csv_files import OUTCOME_COLUMNS, read_outcomes
from school.ledger.records import Costs
from school.sharing.policy import may_at_all

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Money = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False)]


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
async def worth_page(request: Request, viewer: ReadsCounts, store: StoreDep) -> Response:
    return await store.run(lambda stores: _page(request, stores, viewer))


@router.get("/programme/worth.csv")
async def worth_file(request: Request, viewer: ReadsCounts, store: StoreDep) -> Response:
    """The sheet as a table."""

    def query(stores: Stores) -> Response:
        worth = read_worth(stores, request.app.state.zone, viewer.utc_ns)
        stores.audit.record_export(viewer.actor, "programme", "", file="table")
        return csv_file("worth.csv", sheet_csv(worth, stores.ledger.costs().comparison))

    return await store.run(query)


@router.get("/programme/hours-and-gain.csv")
async def hours_and_gain(request: Request, viewer: ReadsCounts, store: StoreDep) -> Response:
    """Coach hours saved against student gain, a row for each group of schools."""

    def query(stores: Stores) -> Response:
        worth = read_worth(stores, request.app.state.zone, viewer.utc_ns)
        stores.audit.record_export(viewer.actor, "programme", "", file="table")
        return csv_file("hours-and-gain.csv", group_csv(worth.groups, _titles(stores)))

    return await store.run(query)


@router.post("/programme/costs")
async def put_costs(
    request: Request, viewer: RunsProgramme, store: StoreDep, form: Annotated[_CostsForm, Form()]
) -> Response:
    def change(stores: Stores) -> Response:
        try:
            costs = Costs(**form.model_dump())
        except UsageError as error:
            return _page(request, stores, viewer, str(error))
        stores.ledger.put_costs(costs, viewer.actor)
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


def _titles(stores: Stores) -> dict[str, str]:
    return {group.name: group.title for group in stores.programme.groups()}


def _page(request: Request, stores: Stores, viewer: Viewer, trouble: str = "") -> Response:
    worth = read_worth(stores, request.app.state.zone, viewer.utc_ns)
    costs = stores.ledger.costs()
    classes = len(stores.ledger.outcomes())
    return page(
        "programme/worth.html", viewer=viewer, status_code=422 if trouble else 200, trouble=trouble,
        lines=sheet_lines(worth, costs.comparison), groups=group_lines(worth.groups, _titles(stores)),
        costs=costs, columns=", ".join(OUTCOME_COLUMNS), has_outcomes=classes > 0,
        classes=ngettext("{n} class is kept.", "{n} classes are kept.", classes),
        may_run=may_at_all(viewer.person.roles, "run programme"),
    )  # fmt: skip
