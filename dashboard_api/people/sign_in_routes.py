"""Signing in and out, and redeeming an invitation."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import N_, _
from dashboard_api.people.sign_in import CodeNeeded, SignInRefusedError, SignInService
from dashboard_api.web.access import Public, session_cookie
from dashboard_api.web.network.callers import caller_key
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep
from school.people.passwords import MAX_LENGTH, check_strength, hash_password
from school.people.records import Person
from school.people.store import SESSION_NS

__all__ = [
    "Text",
    "browser_of",
    "own_path",
    "router",
    "sign_in_answer",
    "sign_in_service",
    "signed_in",
]

router = APIRouter(include_in_schema=False)

_TO_ALL: Final = [Depends(Public("whoever signs in is not signed in yet"))]
_LINK_IS_OVER: Final = N_(
    "This link was used already, or is more than seven days old. Ask an administrator of your "
    "school for a new one."
)
Text = Annotated[str, Field(max_length=1_000)]


class _SignInForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Text = ""
    password: Text = ""
    next: Text = "/"


class _CodeForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    pending: Text = ""
    code: Text = ""
    next: Text = "/"


class _NewPasswordForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: Text = ""


@router.get("/sign-in", dependencies=_TO_ALL)
async def sign_in_page(
    request: Request,
    next: str = "/",  # noqa: A002  # the field's name
) -> Response:
    return sign_in_answer(request, target=own_path(next))


@router.post("/sign-in", dependencies=_TO_ALL)
async def sign_in(request: Request, form: Annotated[_SignInForm, Form()]) -> Response:
    target = own_path(form.next)
    try:
        outcome = await sign_in_service(request).with_password(
            form.name, form.password, address=caller_key(request), browser=browser_of(request)
        )
    except SignInRefusedError as error:
        return sign_in_answer(
            request, target=target, name=form.name, trouble=str(error), status_code=error.status
        )
    if isinstance(outcome, CodeNeeded):
        return page("people/code.html", next=target, pending=outcome.pending)
    return signed_in(request, outcome.token, target)


@router.post("/sign-in/code", dependencies=_TO_ALL)
async def sign_in_with_code(request: Request, form: Annotated[_CodeForm, Form()]) -> Response:
    target = own_path(form.next)
    try:
        outcome = await sign_in_service(request).with_code(
            form.pending, form.code, address=caller_key(request), browser=browser_of(request)
        )
    except SignInRefusedError as error:
        return page(
            "people/code.html",
            next=target, pending=form.pending, trouble=str(error), status_code=error.status,
        )  # fmt: skip
    return signed_in(request, outcome.token, target)


@router.post("/sign-out", dependencies=[Depends(Public("ends the session that it comes with"))])
async def sign_out(request: Request, store: StoreDep) -> Response:
    token, now = request.cookies.get(session_cookie(request), ""), store.people_clock.utc_ns()
    found = await store.run(lambda stores: stores.people.session(token, now))
    if found is not None:
        session, person = found
        await store.run(lambda stores: stores.people.end_session(person.id, session.id, now))
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(session_cookie(request), secure=request.url.scheme == "https")
    return response


@router.get("/invitation/{token}", dependencies=_TO_ALL)
async def invitation_page(request: Request, token: str, store: StoreDep) -> Response:
    """Opening the link changes nothing, since programs that look for malware open links too."""
    now = store.people_clock.utc_ns()
    person = await store.run(lambda stores: stores.people.invited(token, now))
    if person is None:
        return _over()
    return _invitation(request, person, token)


@router.post("/invitation/{token}", dependencies=_TO_ALL)
async def redeem(
    request: Request, token: str, store: StoreDep, form: Annotated[_NewPasswordForm, Form()]
) -> Response:
    now = store.people_clock.utc_ns()
    person = await store.run(lambda stores: stores.people.invited(token, now))
    if person is not None:
        try:
            await asyncio.to_thread(
                check_strength, form.password, known=(person.name, person.sign_in_name)
            )
        except UsageError as error:
            return _invitation(request, person, token, trouble=str(error), status_code=422)
        hashed = await asyncio.to_thread(hash_password, form.password[:MAX_LENGTH])
        person = await store.run(lambda stores: stores.people.redeem(token, hashed, now))
        if person is not None:
            # Else whoever guesses at the old password could keep them out.
            sign_in_service(request).forget_attempts(person.sign_in_name, caller_key(request))
    if person is None:
        return _over()
    return sign_in_answer(request, name=person.sign_in_name, notice=_("Your password is set."))


def _over() -> Response:
    title, sentence = _("This link is over"), _(_LINK_IS_OVER)
    return page("shared/error.html", title=title, sentence=sentence, status_code=404)


def sign_in_answer(
    request: Request, *, target: str = "/", status_code: int = 200, **values: Any
) -> Response:
    """The sign-in page, with what went wrong if `trouble` is given."""
    return page(
        "people/sign_in.html",
        status_code=status_code, next=target, openid=_openid(request), **values,
    )  # fmt: skip


def _invitation(
    request: Request, person: Person, token: str, *, status_code: int = 200, **values: Any
) -> Response:
    return page(
        "people/invitation.html",
        status_code=status_code, person=person, token=token, openid=_openid(request), **values,
    )  # fmt: skip


def _openid(request: Request) -> str | None:
    """What the identity provider is called, if there is one."""
    service = request.app.state.openid
    return None if service is None else str(service.name)


def own_path(target: str) -> str:
    """Where to go after the sign-in: a path of these pages, never another website."""
    is_own = (
        target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    )
    return target if is_own else "/"


def signed_in(request: Request, token: str, target: str) -> Response:
    """Send a browser on, with the cookie of its new session."""
    response = RedirectResponse(own_path(target), status_code=303)
    response.set_cookie(
        session_cookie(request), token, max_age=SESSION_NS // 1_000_000_000, httponly=True,
        samesite="lax", secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


def sign_in_service(request: Request) -> SignInService:
    """The one of this application."""
    service = request.app.state.sign_in
    assert isinstance(service, SignInService)
    return service


def browser_of(request: Request) -> str:
    return request.headers.get("user-agent", "")
