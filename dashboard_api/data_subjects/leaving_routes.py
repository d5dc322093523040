"""An administrator removes the name of someone who leaves."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.data_subjects.leaving_text import what_goes, what_stays
from dashboard_api.sharing.deletion import NO_DELETIONS, Deletions
from dashboard_api.web.access import AnonymisesPeople
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.people.records import Person

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


class _LeavingForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    deletes_lessons: Literal["yes", "no"] = "no"


@router.get("/people/{person_id}/leaving")
async def confirm_leaving(viewer: AnonymisesPeople, person_id: str, store: StoreDep) -> Response:
    """What will happen."""
    return await store.run(lambda stores: _page(stores, viewer, person_id))


@router.post("/people/{person_id}/leaving")
async def leave(
    request: Request,
    viewer: AnonymisesPeople,
    person_id: str,
    store: StoreDep,
    form: Annotated[_LeavingForm, Form()],
) -> Response:
    deletions: Deletions | None = request.app.state.deletions

    def change(stores: Stores) -> Response:
        person = _found(stores, person_id)
        deletes_lessons = form.deletes_lessons == "yes"
        try:
            _check_not_oneself(viewer, person)
            _check_deletions(deletions, is_needed=deletes_lessons)
            stores.people.leaving.leave(
                person.id, viewer.actor, utc_ns=viewer.utc_ns, deletes_lessons=deletes_lessons
            )
        except UsageError as error:
            return _page(stores, viewer, person_id, trouble=str(error), status_code=422)
        if deletions is not None:
            deletions.wake()
        return RedirectResponse("/people", status_code=303)

    return await store.run(change)


def _found(stores: Stores, person_id: str) -> Person:
    person = stores.people.person(person_id)
    if person is None or person.has_left:
        raise NotFoundError(_("There is no such person."))
    return person


def _check_not_oneself(viewer: Viewer, person: Person) -> None:
    if person.id == viewer.person.id:
        raise UsageError(_("You can't remove your own name; another administrator can do that."))


def _check_deletions(deletions: Deletions | None, *, is_needed: bool) -> None:
    if is_needed and deletions is None:
        raise UsageError(_(NO_DELETIONS))


def _page(
    stores: Stores, viewer: Viewer, person_id: str, *, trouble: str = "", status_code: int = 200
) -> Response:
    person, plan = _found(stores, person_id), None
    try:
        _check_not_oneself(viewer, person)
        plan = stores.people.leaving.plan(person.id, viewer.utc_ns)
    except UsageError as error:
        trouble = str(error)
    return page(
        "data_subjects/leaving.html",
        status_code=status_code,
        viewer=viewer,
        person=person,
        plan=plan,
        goes=[] if plan is None else what_goes(plan),
        stays=[] if plan is None else what_stays(plan),
        trouble=trouble,
    )
