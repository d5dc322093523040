"""From a learning platform to a page: the addresses that a platform knows, and the link to a person."""

from __future__ import annotations

import logging
import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from contract.errors import UsageError
from contract.language import N_, _, speak
from dashboard_api.language.choosing import language_of
from dashboard_api.lti.refused import LaunchRefusedError
from dashboard_api.lti.service import FLOW_S, LaunchService, LoginRequest, Waiting
from dashboard_api.lti.tool_keys import PublishedKeys
from dashboard_api.people.account_routes import Owner
from dashboard_api.people.sign_in import CodeNeeded, SignInRefusedError
from dashboard_api.people.sign_in_routes import browser_of, sign_in_service, signed_in
from dashboard_api.web.access import Public, SignedIn, secret_of
from dashboard_api.web.network.callers import address_for_people, caller_key
from dashboard_api.web.network.security import framed_policy
from dashboard_api.web.refusals import error_response
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, StoreThread
from school.people.records import Person
from school.sharing.policy import may_at_all

__all__ = [
    "CHOOSE", "COOKIE", "KEYS", "LAUNCH", "LOGIN", "cookie_of", "launches", "refused", "router",
]  # fmt: skip

router = APIRouter(include_in_schema=False)
log = logging.getLogger("dashboard")

COOKIE: Final = "roomtone_lti"
_PATH: Final = "/lti"
LOGIN: Final = f"{_PATH}/login"
LAUNCH: Final = f"{_PATH}/launch"
KEYS: Final = f"{_PATH}/jwks"
CHOOSE: Final = f"{_PATH}/choose"
_CONTINUE: Final = f"{_PATH}/continue"
_FROM_PLATFORM: Final = [Depends(Public("a platform's page sends a browser; its token is checked"))]
_FRAMES: Final = frozenset({"iframe", "frame", "object", "embed"})
_LESSON: Final = re.compile(r"/lessons/[^/?#\\]{1,200}")
_OTHER: Final = N_(
    "You are signed in here as {name}, and this account of {platform} is linked to someone else. Sign "
    "out here first, or sign in to {platform} as yourself."
)
_NO_TEACHER: Final = N_("Only a teacher can choose one of their lessons.")


class _Login(BaseModel):
    """Platforms add fields of their own."""

    model_config = ConfigDict(extra="ignore")

    iss: Annotated[str, Field(max_length=255)] = ""
    login_hint: Annotated[str, Field(max_length=2_000)] = ""
    lti_message_hint: Annotated[str, Field(max_length=8_000)] = ""
    client_id: Annotated[str, Field(max_length=255)] = ""
    frame: Annotated[str, Field(max_length=100)] = ""

    def request(self) -> LoginRequest:
        return LoginRequest(
            issuer=self.iss, login_hint=self.login_hint, message_hint=self.lti_message_hint,
            client_id=self.client_id,
        )  # fmt: skip


class _LaunchForm(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id_token: Annotated[str, Field(max_length=65_536)] = ""
    state: Annotated[str, Field(max_length=200)] = ""


class _LinkForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    launch: Annotated[str, Field(max_length=100)] = ""


@router.get(LOGIN, dependencies=_FROM_PLATFORM)
async def login_by_address(request: Request, given: Annotated[_Login, Query()]) -> Response:
    return await _login(request, given)


@router.post(LOGIN, dependencies=_FROM_PLATFORM)
async def login(request: Request, given: Annotated[_Login, Form()]) -> Response:
    return await _login(request, given)


async def _login(request: Request, given: _Login) -> Response:
    """Send the browser to the platform for a token; out of a frame, into a window first."""
    service, is_framed = launches(request), request.headers.get("sec-fetch-dest") in _FRAMES
    try:
        sign_in_service(request).count_account_start(caller_key(request))
        wanted = service.frame(given.frame).request if given.frame else given.request()
        if is_framed:
            platform, frame = await service.platform(wanted), service.begin_frame(wanted)
            return _framed(request, platform=platform.title, frame=frame)
        started = await service.start(
            wanted, redirect_uri=f"{address_for_people(request)}{LAUNCH}",
            cookie=cookie_of(request), frame=given.frame,
        )  # fmt: skip
    except (LaunchRefusedError, SignInRefusedError) as error:
        refusal = refused(request, error)
        return (
            _framed(request, sentence=str(error), status_code=error.status)
            if is_framed
            else refusal
        )
    response = RedirectResponse(started.address, status_code=303)
    # The platform's answer is another website's form, with which no cookie comes; the page after it
    # has this one.
    response.set_cookie(
        COOKIE, started.cookie, max_age=2 * FLOW_S, path=_PATH, httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


def _framed(
    request: Request,
    *,
    platform: str = "",
    frame: str = "",
    sentence: str = "",
    status_code: int = 200,
) -> Response:
    """The one page that another website's page may show: a button that opens a window, or why not."""
    response = page(
        "lti/frame.html",
        platform=platform, frame=frame, sentence=sentence, login=LOGIN, status_code=status_code,
    )  # fmt: skip
    response.headers["Content-Security-Policy"] = framed_policy(request.url.scheme)
    return response


@router.post(LAUNCH, dependencies=_FROM_PLATFORM)
async def launch(request: Request, given: Annotated[_LaunchForm, Form()]) -> Response:
    """Where the platform's page posts the token to."""
    try:
        name = await launches(request).check(given.id_token, given.state)
    except LaunchRefusedError as error:
        return refused(request, error)
    return RedirectResponse(f"{_CONTINUE}?launch={name}", status_code=303)


@router.get(
    _CONTINUE, dependencies=[Depends(Public("whoever comes by a launch may not be signed in yet"))]
)
async def continue_launch(
    request: Request, store: StoreDep, launch: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """In the window, with its cookie: to the page if the account is linked, or to the link."""
    service = launches(request)
    try:
        waiting = service.waiting(launch, cookie_of(request))
    except LaunchRefusedError as error:
        return refused(request, error)
    here, linked = await _holder(request, store), await _linked(waiting, store)
    if here is not None and here.language is not None:
        speak(language_of(here.language))
    if linked is None:
        return page(
            "lti/link.html",
            platform=waiting.title, launch=launch, person=here, address=f"{_CONTINUE}?launch={launch}",
        )  # fmt: skip
    if here is not None and here.id != linked.id:
        sentence = _(_OTHER, name=here.name, platform=waiting.title)
        return refused(request, LaunchRefusedError(sentence, "someone else is signed in", 409))
    try:
        target = _target(request, service, launch, waiting, linked)
        if here is not None:
            return RedirectResponse(target, status_code=303)
        outcome = await sign_in_service(request).with_account(
            linked, used_two_factors=False, address=caller_key(request), browser=browser_of(request)
        )
    except (LaunchRefusedError, SignInRefusedError) as error:
        return refused(request, error)
    if isinstance(outcome, CodeNeeded):
        return page("people/code.html", next=target, pending=outcome.pending)
    return signed_in(request, outcome.token, target)


@router.post(f"{_PATH}/link")
async def link(
    request: Request, viewer: SignedIn, store: StoreDep, form: Annotated[_LinkForm, Form()]
) -> Response:
    """Link the account on the platform to who is signed in, once."""
    service = launches(request)
    try:
        waiting = service.waiting(form.launch, cookie_of(request))
    except LaunchRefusedError as error:
        return refused(request, error)
    found = waiting.launch
    try:
        await store.run(
            lambda stores: stores.platforms.link(
                found.platform, found.deployment, found.subject, viewer.actor
            )
        )
        target = _target(request, service, form.launch, waiting, viewer.person)
    except UsageError as error:
        return error_response(request.headers, 409, _("This did not work"), str(error))
    except LaunchRefusedError as error:
        return refused(request, error)
    return RedirectResponse(target, status_code=303)


@router.post("/account/platforms/{account}/remove")
async def unlink(viewer: Owner, store: StoreDep, account: str) -> Response:
    """Remove the link to an account of one's own."""
    await store.run(lambda stores: stores.platforms.unlink(viewer.person.id, account, viewer.actor))
    return RedirectResponse("/account#platforms", status_code=303)


@router.get(KEYS, dependencies=[Depends(Public("public keys, with which platforms check ours"))])
async def keys(request: Request, store: StoreDep) -> Response:
    published, now = request.app.state.published_keys, store.people_clock.utc_ns()
    assert isinstance(published, PublishedKeys)
    return JSONResponse(await store.run(lambda _stores: published.at(now)))


def _target(
    request: Request, service: LaunchService, name: str, waiting: Waiting, person: Person
) -> str:
    """Where the launch ends: at the lesson of the link, at the choice of one, or at the start."""
    if waiting.launch.deep_linking is not None:
        if not may_at_all(person.roles, "share lesson"):
            raise LaunchRefusedError(_(_NO_TEACHER), "only a teacher chooses a lesson")
        return f"{CHOOSE}?launch={name}"
    service.end(name)
    base = address_for_people(request)
    address = waiting.launch.target
    path = re.split(r"[?#]", address[len(base) :])[0] if address.startswith(f"{base}/") else ""
    return path if _LESSON.fullmatch(path) else "/"


async def _holder(request: Request, store: StoreThread) -> Person | None:
    """Who is signed in in this browser."""
    secret, now = secret_of(request), store.people_clock.utc_ns()
    if secret.is_token:
        return None
    found = await store.run(lambda stores: secret.holder(stores, now))
    return None if found is None else found.person


async def _linked(waiting: Waiting, store: StoreThread) -> Person | None:
    """Whose the account is; None if it is nobody's, or of one who left."""
    found = waiting.launch
    owner = await store.run(
        lambda stores: stores.platforms.person_of(found.platform, found.deployment, found.subject)
    )
    person = None if owner is None else await store.run(lambda stores: stores.people.person(owner))
    return None if person is None or person.has_left else person


def cookie_of(request: Request) -> str:
    """What binds a launch to this browser."""
    return request.cookies.get(COOKIE, "")


def launches(request: Request) -> LaunchService:
    """The one of this application."""
    service = request.app.state.launches
    assert isinstance(service, LaunchService)
    return service


def refused(request: Request, error: LaunchRefusedError | SignInRefusedError) -> Response:
    """The page that says why; the log has neither token nor name."""
    if isinstance(error, LaunchRefusedError):
        request.app.state.refusal_counts.add("provider")
        log.warning("a launch from a learning platform was refused: %s", error.reason)
    return error_response(
        request.headers, error.status, _("Roomtone could not be opened"), str(error)
    )
