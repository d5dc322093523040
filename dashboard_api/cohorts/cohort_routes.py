"""A cohort's pages: for the teachers in it, and the coach who leads it."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.cohorts.cohort_view import cohort_seen, own_lessons, task_views, to_invite
from dashboard_api.sharing.spans_form import read_spans
from dashboard_api.views.dates import day_of, end_of_day
from dashboard_api.web.access import JoinsCohort, LeadsCohort, SeesCohort
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.groups.cohort_records import (
    FORMED_FROM,
    LONGEST_FOCUS,
    LONGEST_TITLE,
    LONGEST_WORDS,
    MAX_MEMBERS,
    Cohort,
    CohortTask,
)
from school.sharing.policy import may

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


class _AnswerForm(_Form):
    lesson: Annotated[str, Field(max_length=200)] = ""
    start: Annotated[str, Field(max_length=20)] = ""
    end: Annotated[str, Field(max_length=20)] = ""
    words: Annotated[str, Field(max_length=_LONGEST)] = ""
    hand: Literal["yes", ""] = ""


@router.get("/cohorts")
async def cohorts(viewer: SeesCohort, store: StoreDep) -> Response:
    return await store.run(lambda stores: _list_page(stores, viewer))


@router.post("/cohorts")
async def make_cohort(
    viewer: LeadsCohort, store: StoreDep, form: Annotated[_NewForm, Form()]
) -> Response:
    def change(stores: Stores) -> Response:
        try:
            return _back(stores.cohorts.make(form.title, form.focus, viewer.actor))
        except UsageError as error:
            return _list_page(stores, viewer, str(error))

    return await store.run(change)


@router.get("/cohorts/{cohort_id}")
async def cohort_page(
    request: Request, viewer: SeesCohort, cohort_id: str, store: StoreDep
) -> Response:
    zone = request.app.state.zone
    return await store.run(
        lambda stores: _page(stores, viewer, cohort_seen(stores, viewer, cohort_id), zone)
    )


@router.post("/cohorts/{cohort_id}/join")
async def join(viewer: JoinsCohort, cohort_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        cohort_seen(stores, viewer, cohort_id)
        stores.cohorts.join(cohort_id, viewer.actor)
        return _back(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/leave")
async def leave(viewer: JoinsCohort, cohort_id: str, store: StoreDep) -> Response:
    """Also how an invitation is declined."""

    def change(stores: Stores) -> Response:
        cohort_seen(stores, viewer, cohort_id)
        stores.cohorts.leave(cohort_id, viewer.person.id, viewer.actor)
        return RedirectResponse("/cohorts", status_code=303)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/tasks/{task_id}/answer")
async def answer(
    request: Request, viewer: JoinsCohort, cohort_id: str, task_id: str, store: StoreDep,
    form: Annotated[_AnswerForm, Form()],
) -> Response:  # fmt: skip
    """The answer is the member's own until they hand it to the cohort."""
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort, task = _task(stores, viewer, cohort_id, task_id)
        try:
            start, end = _span(stores, form)
            stores.cohorts.save(
                task, form.lesson, (start, end), form.words, viewer.actor,
                is_handed=form.hand == "yes",
            )  # fmt: skip
        except UsageError as error:
            return _page(stores, viewer, cohort, zone, str(error))
        return _back(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/tasks/{task_id}/remove")
async def remove_answer(
    viewer: JoinsCohort, cohort_id: str, task_id: str, store: StoreDep
) -> Response:
    def change(stores: Stores) -> Response:
        _cohort, task = _task(stores, viewer, cohort_id, task_id)
        stores.cohorts.take_back(task, viewer.actor)
        return _back(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/invite")
async def invite(
    request: Request, viewer: LeadsCohort, cohort_id: str, store: StoreDep,
    form: Annotated[_PersonForm, Form()],
) -> Response:  # fmt: skip
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort = _led(stores, viewer, cohort_id)
        if form.person not in {one.id for one in to_invite(stores, cohort)}:
            return _page(stores, viewer, cohort, zone, _("Choose a teacher to invite."))
        try:
            stores.cohorts.invite(cohort.id, form.person, viewer.actor)
        except UsageError as error:
            return _page(stores, viewer, cohort, zone, str(error))
        return _back(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/members/{person_id}/end")
async def end_member(
    viewer: LeadsCohort, cohort_id: str, person_id: str, store: StoreDep
) -> Response:
    def change(stores: Stores) -> Response:
        _led(stores, viewer, cohort_id)
        stores.cohorts.leave(cohort_id, person_id, viewer.actor)
        return _back(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/tasks")
async def set_task(
    request: Request, viewer: LeadsCohort, cohort_id: str, store: StoreDep,
    form: Annotated[_TaskForm, Form()],
) -> Response:  # fmt: skip
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        cohort = _led(stores, viewer, cohort_id)
        try:
            end_of_day(form.due, viewer.people_utc_ns, zone)
            stores.cohorts.set_task(cohort.id, form.question, form.due, viewer.actor)
        except UsageError as error:
            return _page(stores, viewer, cohort, zone, str(error))
        return _back(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/end")
async def end_cohort(viewer: LeadsCohort, cohort_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        stores.cohorts.end(_led(stores, viewer, cohort_id).id, viewer.actor)
        return RedirectResponse("/cohorts", status_code=303)

    return await store.run(change)


def _list_page(stores: Stores, viewer: Viewer, trouble: str = "") -> Response:
    person, roles = viewer.person.id, viewer.person.roles
    mine = stores.cohorts.of_member(person) if may(roles, "join cohort", "any") else []
    return page(
        "cohorts/cohorts.html",
        status_code=422 if trouble else 200,
        viewer=viewer,
        invited=[each for each in mine if each.state_of(person) == "invited"],
        joined=[each for each in mine if each.state_of(person) == "member"],
        led=stores.cohorts.led_by(person) if may(roles, "lead cohort", "any") else [],
        longest_title=LONGEST_TITLE,
        longest_focus=LONGEST_FOCUS,
        formed_from=FORMED_FROM,
        trouble=trouble,
    )


def _page(
    stores: Stores, viewer: Viewer, cohort: Cohort, zone: tzinfo | None, trouble: str = ""
) -> Response:
    person = viewer.person.id
    leads = cohort.coach == person and may(viewer.person.roles, "lead cohort", "any")
    state = cohort.state_of(person)
    is_in = state == "member"
    return page(
        "cohorts/cohort.html",
        status_code=422 if trouble else 200,
        viewer=viewer,
        cohort=cohort,
        leads=leads,
        state=state,
        tasks=task_views(stores, viewer, cohort, zone) if leads or is_in else [],
        lessons=own_lessons(stores, viewer, zone) if is_in else [],
        people=to_invite(stores, cohort) if leads else [],
        today=day_of(viewer.people_utc_ns, zone).isoformat(),
        formed_from=FORMED_FROM,
        most=MAX_MEMBERS,
        longest_question=LONGEST_FOCUS,
        longest_words=LONGEST_WORDS,
        trouble=trouble,
    )


def _led(stores: Stores, viewer: Viewer, cohort_id: str) -> Cohort:
    """A cohort that the viewer leads; raises NotFoundError."""
    cohort = cohort_seen(stores, viewer, cohort_id)
    if cohort.coach != viewer.person.id:
        raise NotFoundError(_("There is no such cohort. It may have ended, or you have left it."))
    return cohort


def _task(
    stores: Stores, viewer: Viewer, cohort_id: str, task_id: str
) -> tuple[Cohort, CohortTask]:
    """A task of a cohort that the viewer is in; raises NotFoundError."""
    cohort = cohort_seen(stores, viewer, cohort_id)
    found = [each for each in stores.cohorts.tasks(cohort.id) if each.id == task_id]
    if cohort.state_of(viewer.person.id) != "member" or not found:
        raise NotFoundError(_("There is no such task in a cohort of yours."))
    return cohort, found[0]


def _span(stores: Stores, form: _AnswerForm) -> tuple[int, int]:
    """The span of the lesson; raises UsageError. Whose lesson it is is asked when it is saved."""
    spans = read_spans([form.start], [form.end])
    lesson = stores.lesson(form.lesson)
    if not spans or lesson is None:
        raise UsageError(_("Choose a lesson of yours, and write from when to when."))
    (start_ns, end_ns) = lesson.starts_utc_ns, lesson.over_utc_ns(stores.longest_ns)
    if spans[0].end_s > (end_ns - start_ns) / 1e9:
        raise UsageError(_("The span ends after the lesson: choose one within it."))
    return int(spans[0].start_s), int(spans[0].end_s)


def _back(cohort_id: str) -> Response:
    return RedirectResponse(f"/cohorts/{cohort_id}", status_code=303)
