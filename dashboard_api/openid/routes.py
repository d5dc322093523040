"""The way to the identity provider and back."""

from __future__ import annotations

import logging
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.openid.refused import ProviderRefusedError
from dashboard_api.openid.service import FLOW_S, Callback, OpenIdService
from dashboard_api.people.account_routes import Owner
from dashboard_api.people.sign_in import CodeNeeded, SignInRefusedError
from dashboard_api.people.sign_in_routes import (
    Text,
    browser_of,
    own_path,
    sign_in_answer,
    signed_in,
)
from dashboard_api.web.access import Public
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.network.callers import address_for_people, caller_key
from dashboard_api.web.refusals import error_response
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep

__all__ = ["COOKIE", "PATH", "router"]

router = APIRouter(include_in_schema=False)
log = logging.getLogger("dashboard")

COOKIE: Final = "roomtone_openid"
PATH: Final = "/sign-in/openid"
_TO_ALL: Final = [Depends(Public("whoever signs in is not signed in yet"))]


class _StartForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    next: Text = "/"
    invitation: Annotated[str, Field(max_length=200)] = ""


@router.post(PATH, dependencies=_TO_ALL)
async def start(request: Request, form: Annotated[_StartForm, Form()]) -> Response:
    """By a button, since another website's link must not begin it.

    The answer is a page that leads on: a redirect to another website after a form is what our
    content security policy forbids.
    """
    service = _service(request)
    origin = address_for_people(request)
    try:
        started = await service.start(
            target=own_path(form.next), invitation=form.invitation,
            redirect_uri=f"{origin}{PATH}/callback", address=caller_key(request),
        )  # fmt: skip
    except SignInRefusedError as error:
        return _refused(request, error)
    response = page("people/going_on.html", address=started.address, openid=service.name)
    response.set_cookie(
        COOKIE, started.cookie, max_age=FLOW_S, path=PATH, httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


@router.get(f"{PATH}/callback", dependencies=_TO_ALL)
async def callback(request: Request) -> Response:
    """Where the provider sends a browser back to; it may add fields of its own."""
    given = request.query_params
    service = _service(request)
    try:
        outcome, target = await service.finish(
            Callback(
                cookie=request.cookies.get(COOKIE, ""), state=given.get("state", ""),
                code=given.get("code", ""), error=given.get("error", ""),
            ),
            address=caller_key(request), browser=browser_of(request),
        )  # fmt: skip
    except SignInRefusedError as error:
        response = _refused(request, error)
    else:
        if isinstance(outcome, CodeNeeded):
            response = page("people/code.html", next=target, pending=outcome.pending)
        else:
            response = signed_in(request, outcome.token, target)
    response.delete_cookie(COOKIE, path=PATH)
    return response


@router.post("/account/identities/{identity}/remove")
async def remove(request: Request, viewer: Owner, store: StoreDep, identity: str) -> Response:
    """Remove a school account of one's own."""
    try:
        await store.run(
            lambda stores: stores.people.unlink_account(viewer.person.id, identity, viewer.actor)
        )
    except UsageError as error:
        return error_response(request.headers, 422, _("This did not work"), str(error))
    return RedirectResponse("/account", status_code=303)


def _refused(request: Request, error: SignInRefusedError) -> Response:
    if isinstance(error, ProviderRefusedError):
        request.app.state.refusal_counts.add("provider")
        log.warning("a sign-in through the identity provider was refused: %s", error.reason)
    return sign_in_answer(request, trouble=str(error), status_code=error.status)


def _service(request: Request) -> OpenIdService:
    service = request.app.state.openid
    if service is None:
        raise NotFoundError(_("There is no such page."))
    assert isinstance(service, OpenIdService)
    return service
