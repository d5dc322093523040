"""The list of people: inviting, roles, and which names in timetables are theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.people.mail import Mailer, MailError
from dashboard_api.people.people_filters import PeopleFilters
from dashboard_api.people.people_list import people_list
from dashboard_api.web.access import ChangesPeople, ReadsPeople
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.network.callers import address_for_people
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.people.records import ROLES, Person, Role

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Field(max_length=200)]
Filters = Annotated[PeopleFilters, Query()]
"""A form's address has those of the list, so that the same part of it comes back."""


@dataclass(frozen=True, slots=True)
class _Invited:
    """A person and the token of their new link."""

    person: Person
    token: str
    has_accounts: bool
    """Whether they have linked school accounts, which stay."""


class _NewPersonForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Text = ""
    sign_in_name: Text = ""
    roles: Annotated[list[Role], Field(max_length=len(ROLES))] = []


class _RolesForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    roles: Annotated[list[Role], Field(max_length=len(ROLES))] = []


class _NameForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    teacher: Text


class _SchoolForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    site: Text = ""


@router.get("/people")
async def people_page(
    request: Request, viewer: ReadsPeople, store: StoreDep, filters: Filters
) -> Response:
    zone = request.app.state.zone
    return await store.run(lambda stores: people_list(stores, viewer, zone, filters))


@router.post("/people")
async def add_person(
    request: Request,
    viewer: ChangesPeople,
    store: StoreDep,
    filters: Filters,
    form: Annotated[_NewPersonForm, Form()],
) -> Response:
    """Add someone, and show the link with which they choose a password."""
    zone = request.app.state.zone

    def add(stores: Stores) -> Response | _Invited:
        try:
            _check_roles(form.roles)
            person = stores.people.add(form.name, form.sign_in_name, form.roles, viewer.actor)
        except UsageError as error:
            return people_list(stores, viewer, zone, filters, trouble=str(error))
        return _invite(stores, viewer, person)

    return await _shown(request, viewer, await store.run(add))


@router.post("/people/{person_id}/invitation")
async def invite(
    request: Request, viewer: ChangesPeople, store: StoreDep, person_id: str
) -> Response:
    """A new link, for someone who has lost the first one or forgot the password."""
    invited = await store.run(lambda stores: _invite(stores, viewer, _found(stores, person_id)))
    return await _shown(request, viewer, invited)


@router.post("/people/{person_id}/roles")
async def set_roles(
    request: Request,
    viewer: ChangesPeople,
    store: StoreDep,
    person_id: str,
    filters: Filters,
    form: Annotated[_RolesForm, Form()],
) -> Response:
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        person = _found(stores, person_id)
        try:
            _check_roles(form.roles)
            _check_not_oneself(viewer, person, form.roles)
        except UsageError as error:
            return people_list(stores, viewer, zone, filters, trouble=str(error))
        if frozenset(form.roles) != person.roles:
            stores.people.set_roles(person.id, form.roles, viewer.actor)
        return RedirectResponse(filters.address_of(person.id), status_code=303)

    return await store.run(change)


@router.post("/people/{person_id}/names")
async def tie_name(
    request: Request,
    viewer: ChangesPeople,
    store: StoreDep,
    person_id: str,
    filters: Filters,
    form: Annotated[_NameForm, Form()],
) -> Response:
    """Say that a teacher's name in timetables means this person."""
    zone = request.app.state.zone

    def tie(stores: Stores) -> Response:
        person = _found(stores, person_id)
        if "teacher" not in person.roles:
            sentence = _("{name} is not a teacher, so no lesson can be theirs.", name=person.name)
            return people_list(stores, viewer, zone, filters, trouble=sentence)
        stores.sharing.tie_name(form.teacher, person.id, viewer.actor)
        return RedirectResponse(filters.address_of(person.id), status_code=303)

    return await store.run(tie)


@router.post("/people/{person_id}/school")
async def set_school(
    request: Request,
    viewer: ChangesPeople,
    store: StoreDep,
    person_id: str,
    filters: Filters,
    form: Annotated[_SchoolForm, Form()],
) -> Response:
    """Say which school somebody belongs to; none if it is empty."""
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        person = _found(stores, person_id)
        try:
            stores.programme.put_people({person.id: form.site}, viewer.actor)
        except UsageError as error:
            return people_list(stores, viewer, zone, filters, trouble=str(error))
        return RedirectResponse(filters.address_of(person.id), status_code=303)

    return await store.run(change)


@router.post("/people/{person_id}/identities/{identity}/remove")
async def remove_account(
    request: Request,
    viewer: ChangesPeople,
    store: StoreDep,
    person_id: str,
    identity: str,
    filters: Filters,
) -> Response:
    """Remove a school account of someone's, such as one that others have got into."""
    zone = request.app.state.zone

    def remove(stores: Stores) -> Response:
        person = _found(stores, person_id)
        try:
            stores.people.unlink_account(person.id, identity, viewer.actor)
        except UsageError as error:
            return people_list(stores, viewer, zone, filters, trouble=str(error))
        return RedirectResponse(filters.address_of(person.id), status_code=303)

    return await store.run(remove)


def _check_roles(roles: Sequence[Role]) -> None:
    if not roles:
        raise UsageError(_("Choose at least one role."))


def _check_not_oneself(viewer: Viewer, person: Person, roles: Sequence[Role]) -> None:
    """Else a school could lose its last administrator."""
    if person.id == viewer.person.id and "administrator" not in roles:
        raise UsageError(
            _("You can't stop being an administrator yourself; another one can do that.")
        )


def _found(stores: Stores, person_id: str) -> Person:
    person = stores.people.person(person_id)
    if person is None or person.has_left:
        raise NotFoundError(_("There is no such person."))
    return person


def _invite(stores: Stores, viewer: Viewer, person: Person) -> _Invited:
    accounts = stores.people.accounts(person.id)
    return _Invited(person, stores.people.invite(person.id, viewer.actor), bool(accounts))


async def _shown(request: Request, viewer: Viewer, invited: Response | _Invited) -> Response:
    """Show the link, and send it if there is a mail server."""
    if isinstance(invited, Response):
        return invited
    person = invited.person
    link = f"{address_for_people(request)}/invitation/{invited.token}"
    mailer: Mailer | None = request.app.state.mailer
    is_sent, trouble = False, ""
    if mailer is not None:
        try:
            await mailer.send_link(person, link)
            is_sent = True
        except MailError as error:
            trouble = str(error)
    return page(
        "people/invited.html",
        viewer=viewer, person=person, link=link, is_sent=is_sent, trouble=trouble,
        has_accounts=invited.has_accounts,
    )  # fmt: skip
