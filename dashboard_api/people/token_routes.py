"""Making and revoking one's own tokens for programs, on the account page."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.people.account_routes import account_response
from dashboard_api.views.dates import end_of_day
from dashboard_api.web.access import SignedIn
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.people.records import Role
from school.sharing.policy import may

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


class _TokenForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=100)] = ""
    role: Role
    until: date
    """The last day."""
    lesson: Annotated[str, Field(max_length=200)] = ""


@router.post("/account/tokens")
async def make_token(
    request: Request, viewer: SignedIn, store: StoreDep, form: Annotated[_TokenForm, Form()]
) -> Response:
    """The page that answers is the only one that ever shows the token."""
    zone = request.app.state.zone

    def make(stores: Stores) -> str:
        lesson = form.lesson.strip() or None
        _check_lesson(stores, viewer, form.role, lesson)
        until_ns = end_of_day(form.until, viewer.people_utc_ns, zone)
        return stores.people.tokens.make(
            viewer.person, form.name, form.role, lesson, viewer.actor, until_ns=until_ns
        )

    try:
        text = await store.run(make)
    except UsageError as error:
        return await account_response(request, viewer, store, trouble=str(error), status_code=422)
    return await account_response(request, viewer, store, token=text)


@router.post("/account/tokens/{token_id}/revoke")
async def revoke_token(viewer: SignedIn, token_id: str, store: StoreDep) -> Response:
    await store.run(
        lambda stores: stores.people.tokens.revoke(viewer.person.id, token_id, viewer.actor)
    )
    return RedirectResponse("/account#tokens", status_code=303)


def _check_lesson(stores: Stores, viewer: Viewer, role: Role, lesson: str | None) -> None:
    if lesson is None:
        return
    reach = stores.sharing.reach(lesson, viewer.person.id, viewer.utc_ns)
    if reach is None or not may({role}, "read lesson", reach):
        raise UsageError(_("In this role you see no lesson with that name in its address."))
