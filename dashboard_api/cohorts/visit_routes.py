"""Visits that two members of a cohort agree on: each sees a lesson of the other's."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.responses import Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.cohorts.cohort_pages import back_to, joined_in
from dashboard_api.cohorts.talk_view import lessons_ahead, visits_lines
from dashboard_api.observing.ask_routes import check_asking
from dashboard_api.views.dates import day_of, end_of_day
from dashboard_api.web.access import JoinsCohort
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.cohorts.cohort_records import Cohort, Visits

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _PersonForm(_Form):
    person: Annotated[str, Field(max_length=100)] = ""


class _HostForm(_Form):
    lesson: Annotated[str, Field(max_length=200)] = ""
    day: Annotated[date | None, BeforeValidator(lambda given: given or None)] = None


@router.get("/cohorts/{cohort_id}/visits")
async def visits_page(
    request: Request, viewer: JoinsCohort, cohort_id: str, store: StoreDep
) -> Response:
    zone = request.app.state.zone
    return await store.run(
        lambda stores: _page(stores, viewer, joined_in(stores, viewer, cohort_id), zone)
    )


@router.post("/cohorts/{cohort_id}/visits")
async def propose(
    request: Request, viewer: JoinsCohort, cohort_id: str, store: StoreDep,
    form: Annotated[_PersonForm, Form()],
) -> Response:  # fmt: skip
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort = joined_in(stores, viewer, cohort_id)
        try:
            stores.cohorts.visits.propose(cohort.id, form.person, viewer.actor)
        except UsageError as error:
            return _page(stores, viewer, cohort, zone, str(error))
        return back_to(cohort.id, "/visits")

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/visits/{visits_id}/agree")
async def agree(viewer: JoinsCohort, cohort_id: str, visits_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        cohort, visits = _of_viewer(stores, viewer, cohort_id, visits_id)
        stores.cohorts.visits.agree(cohort.id, visits.id, viewer.actor)
        return back_to(cohort.id, "/visits")

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/visits/{visits_id}/host")
async def host(
    request: Request, viewer: JoinsCohort, cohort_id: str, visits_id: str, store: StoreDep,
    form: Annotated[_HostForm, Form()],
) -> Response:  # fmt: skip
    """The viewer names a lesson of theirs, and asks the other one to observe it; or a day alone."""
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort, visits = _of_viewer(stores, viewer, cohort_id, visits_id)
        try:
            day = _hosted(stores, viewer, visits, form, zone)
            stores.cohorts.visits.host(cohort.id, visits.id, day, form.lesson or None, viewer.actor)
        except UsageError as error:
            return _page(stores, viewer, cohort, zone, str(error))
        return back_to(cohort.id, "/visits")

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/visits/{visits_id}/end")
async def end(viewer: JoinsCohort, cohort_id: str, visits_id: str, store: StoreDep) -> Response:
    """Also how a proposal is declined or taken back."""

    def change(stores: Stores) -> Response:
        cohort, visits = _of_viewer(stores, viewer, cohort_id, visits_id)
        stores.cohorts.visits.end(cohort.id, visits.id, viewer.actor)
        return back_to(cohort.id, "/visits")

    return await store.run(change)


def _hosted(
    stores: Stores, viewer: Viewer, visits: Visits, form: _HostForm, zone: tzinfo | None
) -> date:
    """The day of the lesson, whose guest is asked to observe it, or the day alone; raises UsageError."""
    if not visits.is_agreed:
        raise UsageError(_("They have not agreed yet."))
    if form.lesson:
        lesson = stores.lesson(form.lesson)
        ahead = {each.id for each in lessons_ahead(stores, viewer, zone)}
        if lesson is None or lesson.id not in ahead:
            raise UsageError(_("Choose a lesson of yours that is still ahead, or a day."))
        asked = {each.person for each in stores.sharing.observers.asked(lesson.id)}
        if visits.other not in asked:
            check_asking(stores, viewer, lesson, visits.other)
            stores.sharing.observers.ask(lesson.id, visits.other, viewer.actor)
        return day_of(lesson.starts_utc_ns, zone)
    if form.day is None:
        raise UsageError(_("Choose a lesson of yours that is still ahead, or a day."))
    end_of_day(form.day, viewer.people_utc_ns, zone)
    return form.day


def _page(
    stores: Stores, viewer: Viewer, cohort: Cohort, zone: tzinfo | None, trouble: str = ""
) -> Response:
    lines = visits_lines(stores, viewer, cohort)
    taken = {viewer.person.id, *(each.visits.other for each in lines)}
    return page(
        "cohorts/visits.html",
        status_code=422 if trouble else 200,
        viewer=viewer,
        cohort=cohort,
        lines=lines,
        lessons=lessons_ahead(stores, viewer, zone),
        people=[each for each in cohort.joined if each.person not in taken],
        today=day_of(viewer.people_utc_ns, zone).isoformat(),
        trouble=trouble,
    )


def _of_viewer(
    stores: Stores, viewer: Viewer, cohort_id: str, visits_id: str
) -> tuple[Cohort, Visits]:
    """Visits of the viewer's own; raises NotFoundError."""
    cohort = joined_in(stores, viewer, cohort_id)
    found = [
        each
        for each in stores.cohorts.visits.of(cohort.id, viewer.person.id)
        if each.id == visits_id
    ]
    if not found:
        raise NotFoundError(_("There are no such visits. They may have been deleted."))
    return cohort, found[0]
