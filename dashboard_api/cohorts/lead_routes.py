"""What the coach who leads a cohort does with it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.cohorts.cohort_pages import (
    back_to,
    cohort_led,
    cohort_page,
    list_page,
    talked_in,
)
from dashboard_api.cohorts.cohort_view import cohort_seen, to_invite, to_lead
from dashboard_api.views.dates import end_of_day
from dashboard_api.web.access import LeadsCohort, SeesCohort
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.cohorts.cohort_records import Cohort, CohortTask

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_LONGEST: Final = 10_000


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _NewForm(_Form):
    title: Annotated[str, Field(max_length=_LONGEST)] = ""
    focus: Annotated[str, Field(max_length=_LONGEST)] = ""


class _PersonForm(_Form):
    person: Annotated[str, Field(max_length=100)] = ""


class _TaskForm(_Form):
    question: Annotated[str, Field(max_length=_LONGEST)] = ""
    due: date


@router.post("/cohorts")
async def make_cohort(
    viewer: LeadsCohort, store: StoreDep, form: Annotated[_NewForm, Form()]
) -> Response:
    def change(stores: Stores) -> Response:
        try:
            return back_to(stores.cohorts.make(form.title, form.focus, viewer.actor))
        except UsageError as error:
            return list_page(stores, viewer, str(error))

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/invite")
async def invite(
    request: Request, viewer: LeadsCohort, cohort_id: str, store: StoreDep,
    form: Annotated[_PersonForm, Form()],
) -> Response:  # fmt: skip
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort = cohort_led(stores, viewer, cohort_id)
        if form.person not in {one.id for one in to_invite(stores, cohort)}:
            return cohort_page(stores, viewer, cohort, zone, _("Choose a teacher to invite."))
        try:
            stores.cohorts.invite(cohort.id, form.person, viewer.actor)
        except UsageError as error:
            return cohort_page(stores, viewer, cohort, zone, str(error))
        return back_to(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/members/{person_id}/end")
async def end_member(
    viewer: LeadsCohort, cohort_id: str, person_id: str, store: StoreDep
) -> Response:
    def change(stores: Stores) -> Response:
        cohort_led(stores, viewer, cohort_id)
        stores.cohorts.leave(cohort_id, person_id, viewer.actor)
        return back_to(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/tasks")
async def set_task(
    request: Request, viewer: LeadsCohort, cohort_id: str, store: StoreDep,
    form: Annotated[_TaskForm, Form()],
) -> Response:  # fmt: skip
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort = cohort_led(stores, viewer, cohort_id)
        try:
            end_of_day(form.due, viewer.people_utc_ns, zone)
            stores.cohorts.set_task(cohort.id, form.question, form.due, viewer.actor)
        except UsageError as error:
            return cohort_page(stores, viewer, cohort, zone, str(error))
        return back_to(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/tasks/{task_id}/change")
async def change_task(
    request: Request, viewer: LeadsCohort, cohort_id: str, task_id: str, store: StoreDep,
    form: Annotated[_TaskForm, Form()],
) -> Response:  # fmt: skip
    """A day that is over may stay as it is."""
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort, task = _task(stores, viewer, cohort_id, task_id)
        try:
            if form.due != task.due_on:
                end_of_day(form.due, viewer.people_utc_ns, zone)
            stores.cohorts.change_task(task, form.question, form.due, viewer.actor)
        except UsageError as error:
            return cohort_page(stores, viewer, cohort, zone, str(error))
        return back_to(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/tasks/{task_id}/end")
async def end_task(viewer: LeadsCohort, cohort_id: str, task_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        _cohort, task = _task(stores, viewer, cohort_id, task_id)
        stores.cohorts.end_task(task, viewer.actor)
        return back_to(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/end")
async def end_cohort(viewer: LeadsCohort, cohort_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        stores.cohorts.end(cohort_led(stores, viewer, cohort_id).id, viewer.actor)
        return RedirectResponse("/cohorts", status_code=303)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/lead/offer")
async def offer_lead(
    request: Request, viewer: SeesCohort, cohort_id: str, store: StoreDep,
    form: Annotated[_PersonForm, Form()],
) -> Response:  # fmt: skip
    """Who leads it asks another coach; once nobody does, a member asks one."""
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort = _handed_on(stores, viewer, cohort_id)
        if form.person not in {one.id for one in to_lead(stores, cohort)}:
            return cohort_page(stores, viewer, cohort, zone, _("Choose a coach to ask."))
        stores.cohorts.leading.offer(cohort.id, form.person, viewer.actor)
        return back_to(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/lead/unoffer")
async def unoffer_lead(viewer: SeesCohort, cohort_id: str, store: StoreDep) -> Response:
    """For those who could make the offer."""

    def change(stores: Stores) -> Response:
        stores.cohorts.leading.unoffer(_handed_on(stores, viewer, cohort_id).id, viewer.actor)
        return back_to(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/lead/accept")
async def accept_lead(viewer: LeadsCohort, cohort_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        cohort_seen(stores, viewer, cohort_id)
        stores.cohorts.leading.take_over(cohort_id, viewer.actor)
        return back_to(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/lead/decline")
async def decline_lead(viewer: LeadsCohort, cohort_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        cohort_seen(stores, viewer, cohort_id)
        stores.cohorts.leading.decline(cohort_id, viewer.actor)
        return RedirectResponse("/cohorts", status_code=303)

    return await store.run(change)


def _handed_on(stores: Stores, viewer: Viewer, cohort_id: str) -> Cohort:
    """A cohort for which the viewer may ask another coach; raises NotFoundError."""
    cohort = talked_in(stores, viewer, cohort_id)
    if cohort.coach not in {None, viewer.person.id}:
        raise NotFoundError(_("There is no such cohort that you can hand on."))
    return cohort


def _task(
    stores: Stores, viewer: Viewer, cohort_id: str, task_id: str
) -> tuple[Cohort, CohortTask]:
    """A task of a cohort that the viewer leads; raises NotFoundError."""
    cohort = cohort_led(stores, viewer, cohort_id)
    found = [each for each in stores.cohorts.tasks(cohort.id) if each.id == task_id]
    if not found:
        raise NotFoundError(_("There is no such task in a cohort that you lead."))
    return cohort, found[0]
