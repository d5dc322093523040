"""A cohort's pages, and what a member does there."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.cohorts.cohort_pages import back_to, cohort_page, list_page
from dashboard_api.cohorts.cohort_view import cohort_seen, in_or_invited
from dashboard_api.cohorts.pattern_view import place_of
from dashboard_api.sharing.spans_form import read_spans
from dashboard_api.web.access import JoinsCohort, SeesCohort, SignedIn
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.cohorts.cohort_records import Cohort, CohortTask
from school.lessons.records import Lesson

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_LONGEST: Final = 10_000


class _AnswerForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lesson: Annotated[str, Field(max_length=200)] = ""
    start: Annotated[str, Field(max_length=20)] = ""
    end: Annotated[str, Field(max_length=20)] = ""
    words: Annotated[str, Field(max_length=_LONGEST)] = ""
    hand: Literal["yes", ""] = ""


@router.get("/cohorts")
async def cohorts(viewer: SeesCohort, store: StoreDep) -> Response:
    return await store.run(lambda stores: list_page(stores, viewer))


@router.get("/cohorts/{cohort_id}")
async def one_cohort(
    request: Request, viewer: SeesCohort, cohort_id: str, store: StoreDep
) -> Response:
    zone = request.app.state.zone
    return await store.run(
        lambda stores: cohort_page(stores, viewer, cohort_seen(stores, viewer, cohort_id), zone)
    )


@router.post("/cohorts/{cohort_id}/join")
async def join(viewer: JoinsCohort, cohort_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        cohort_seen(stores, viewer, cohort_id)
        stores.cohorts.join(cohort_id, viewer.actor)
        return back_to(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/leave")
async def leave(viewer: SignedIn, cohort_id: str, store: StoreDep) -> Response:
    """Also how an invitation is declined. Whoever is in it may leave, whatever their role by now."""

    def change(stores: Stores) -> Response:
        in_or_invited(stores, viewer, cohort_id)
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
            lesson, span = _span(stores, viewer, form)
            stores.cohorts.save(
                task, lesson.id, span, form.words, viewer.actor, is_handed=form.hand == "yes",
                place=place_of(lesson, span, stores.longest_ns),
            )  # fmt: skip
        except UsageError as error:
            return cohort_page(stores, viewer, cohort, zone, str(error))
        return back_to(cohort_id)

    return await store.run(change)


@router.post("/cohorts/{cohort_id}/tasks/{task_id}/remove")
async def remove_answer(
    viewer: JoinsCohort, cohort_id: str, task_id: str, store: StoreDep
) -> Response:
    def change(stores: Stores) -> Response:
        _cohort, task = _task(stores, viewer, cohort_id, task_id)
        stores.cohorts.take_back(task, viewer.actor)
        return back_to(cohort_id)

    return await store.run(change)


def _task(
    stores: Stores, viewer: Viewer, cohort_id: str, task_id: str
) -> tuple[Cohort, CohortTask]:
    """A task of a cohort that the viewer is in; raises NotFoundError."""
    cohort = cohort_seen(stores, viewer, cohort_id)
    found = [each for each in stores.cohorts.tasks(cohort.id) if each.id == task_id]
    if cohort.state_of(viewer.person.id) != "member" or not found:
        raise NotFoundError(_("There is no such task in a cohort of yours."))
    return cohort, found[0]


def _span(stores: Stores, viewer: Viewer, form: _AnswerForm) -> tuple[Lesson, tuple[int, int]]:
    """The lesson and the span of it; raises UsageError, which says nothing of a lesson of somebody else."""
    spans = read_spans([form.start], [form.end])
    owners = stores.sharing.owners([form.lesson])
    is_own = owners.get(form.lesson) == viewer.person.id
    lesson = stores.lesson(form.lesson) if is_own else None
    if not spans or lesson is None:
        raise UsageError(_("Choose a lesson of yours, and write from when to when."))
    (start_ns, end_ns) = lesson.starts_utc_ns, lesson.over_utc_ns(stores.longest_ns)
    if spans[0].end_s > (end_ns - start_ns) / 1e9:
        raise UsageError(_("The span ends after the lesson: choose one within it."))
    return lesson, (int(spans[0].start_s), int(spans[0].end_s))
