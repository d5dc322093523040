"""One's own account: password, second factor, and where one is signed in."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Any, Final

import segno
from fastapi import APIRouter, Depends, Form, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _
from dashboard_api.language import LANGUAGES, NAMES
from dashboard_api.language.dates import local_time_text
from dashboard_api.people.account_notices import account_notices
from dashboard_api.people.sign_in import SignInRefusedError
from dashboard_api.people.sign_in_routes import sign_in_service
from dashboard_api.views.dates import MAX_DAYS, day_of
from dashboard_api.web.access import Needs
from dashboard_api.web.network.callers import caller_key
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, StoreThread
from dashboard_api.web.viewer import Viewer
from school.people.passwords import check_strength, hash_password
from school.people.records import NEED_SECOND_FACTOR, ROLE_NAMES
from school.people.second_factor import new_key, uri_of, used_step

__all__ = ["Owner", "account_response", "router"]

router = APIRouter(include_in_schema=False)

_RECENT_NS: Final = 900 * SECOND_NS
_MAX_OWN: Final = 20
"""Of what a person did, the latest entries stand on their page."""
Text = Annotated[str, Field(max_length=1_000)]
Owner = Annotated[Viewer, Depends(Needs(None, is_without_second_factor=True))]


def _known(language: str) -> str:
    if language and language not in LANGUAGES:
        raise ValueError(_("these pages are not in this language"))
    return language


class _PasswordForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    old: Text = ""
    new: Text = ""


class _FactorForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: Annotated[str, Field(pattern="^[A-Z2-7]{32}$")]
    code: Text = ""
    password: Text = ""


class _LanguageForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    language: Annotated[str, AfterValidator(_known)] = ""
    """A tag, or nothing for what the browser asks for."""


@router.get("/account")
async def account_page(request: Request, viewer: Owner, store: StoreDep) -> Response:
    return await account_response(request, viewer, store)


@router.post("/account/password")
async def change_password(
    request: Request, viewer: Owner, store: StoreDep, form: Annotated[_PasswordForm, Form()]
) -> Response:
    person = viewer.person
    try:
        await _check_own(request, viewer, form.old)
        await asyncio.to_thread(check_strength, form.new, known=(person.name, person.sign_in_name))
    except (UsageError, SignInRefusedError) as error:
        return await account_response(request, viewer, store, trouble=str(error), status_code=422)
    hashed = await asyncio.to_thread(hash_password, form.new)
    await store.run(lambda stores: stores.people.set_password(person.id, hashed, viewer.actor))
    return RedirectResponse("/sign-in", status_code=303)


@router.post("/account/language")
async def choose_language(
    viewer: Owner, store: StoreDep, form: Annotated[_LanguageForm, Form()]
) -> Response:
    """The choice is for all pages, and for mails."""
    chosen, person = form.language or None, viewer.person.id
    await store.run(lambda stores: stores.people.languages.choose(person, chosen))
    return RedirectResponse("/account#language", status_code=303)


@router.post("/account/sessions/{session_id}/end")
async def end_session(viewer: Owner, session_id: str, store: StoreDep) -> Response:
    await store.run(
        lambda stores: stores.people.end_session(viewer.person.id, session_id, viewer.people_utc_ns)
    )
    return RedirectResponse("/account", status_code=303)


@router.post("/account/second-factor")
async def set_second_factor(
    request: Request, viewer: Owner, store: StoreDep, form: Annotated[_FactorForm, Form()]
) -> Response:
    """The key comes back with a code that proves that an app has it."""
    try:
        if viewer.person.has_password:
            await _check_own(request, viewer, form.password)
        else:
            _check_recent(viewer)
        step = _proven_step(form, viewer.people_utc_ns)
    except (UsageError, SignInRefusedError) as error:
        return await account_response(
            request, viewer, store, key=form.key, trouble=str(error), status_code=422
        )
    await store.run(
        lambda stores: stores.people.set_second_factor(
            viewer.person.id, form.key, viewer.actor, step
        )
    )
    return RedirectResponse("/account", status_code=303)


def _proven_step(form: _FactorForm, utc_ns: int) -> int:
    step = used_step(form.key, form.code, utc_ns, 0)
    if step is None:
        raise UsageError(_("The code does not fit: scan the picture again, and check the clock."))
    return step


async def _check_own(request: Request, viewer: Viewer, password: str) -> None:
    """Raise SignInRefusedError unless it is the viewer's password; guessing is as slow as elsewhere."""
    await sign_in_service(request).check_password(
        viewer.person.sign_in_name, password, address=caller_key(request)
    )


def _check_recent(viewer: Viewer) -> None:
    """Who has a school account alone has just signed in with it."""
    if viewer.session is None or (
        viewer.people_utc_ns - viewer.session.created_utc_ns > _RECENT_NS
    ):
        raise SignInRefusedError(_("You signed in a while ago: sign out, sign in, and try again."))


async def account_response(
    request: Request,
    viewer: Viewer,
    store: StoreThread,
    *,
    key: str = "",
    trouble: str = "",
    token: str = "",
    feed: str = "",
    status_code: int = 200,
) -> Response:
    """The account page; `token` and `feed` are new ones, which are shown this once."""
    person, now, zone = viewer.person, viewer.people_utc_ns, request.app.state.zone
    sessions = await store.run(lambda stores: stores.people.sessions(person.id, now))
    values: dict[str, Any] = {}
    if not person.has_second_factor:
        key = key or new_key()
        picture = segno.make(uri_of(key, person.sign_in_name), error="m")
        values = {"key": key, "picture": picture.svg_inline(scale=4, border=2, omitsize=True)}
    return page(
        "people/account.html",
        status_code=status_code,
        viewer=viewer,
        trouble=trouble,
        needs_factor=bool(person.roles & NEED_SECOND_FACTOR),
        sessions=[
            (session.id, session.browser, local_time_text(session.seen_utc_ns, zone),
             viewer.session is not None and session.id == viewer.session.id)
            for session in sessions
        ],
        identities=[
            (each.id, each.issuer, local_time_text(each.created_utc_ns, zone))
            for each in await store.run(lambda stores: stores.people.accounts(person.id))
        ],
        linked_platforms=[
            (each.id, each.platform, local_time_text(each.created_utc_ns, zone))
            for each in await store.run(lambda stores: stores.platforms.accounts(person.id))
        ],
        own_entries=[
            (local_time_text(entry.at_utc_ns, zone), entry)
            for entry in await store.run(lambda stores: stores.audit.of_person(person.id, _MAX_OWN))
        ],
        account_notices=await store.run(lambda stores: account_notices(stores, viewer, zone)),
        language_names=NAMES,
        token=token,
        feed=feed,
        tokens=[
            (each, local_time_text(each.expires_utc_ns - SECOND_NS, zone), each.expires_utc_ns <= now,
             "" if each.used_utc_ns is None else local_time_text(each.used_utc_ns, zone))
            for each in await store.run(lambda stores: stores.people.tokens.of_person(person.id))
        ],
        role_names={role: _(ROLE_NAMES[role]) for role in sorted(person.roles)},
        earliest=day_of(now, zone).isoformat(),
        latest=(day_of(now, zone) + timedelta(days=MAX_DAYS)).isoformat(),
        **values,
    )  # fmt: skip
