"""The calendar of what one plans: making its address on the account page, and reading it."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _, speaking
from dashboard_api.language.choosing import language_of
from dashboard_api.people.account_routes import account_response
from dashboard_api.people.calendar_feed import calendar_of, planned_for
from dashboard_api.views.dates import MAX_DAYS
from dashboard_api.web.access import Public, SignedIn
from dashboard_api.web.lookup import NotFoundError
from dashboard_api.web.network.callers import address_for_people
from dashboard_api.web.store_thread import StoreDep, Stores

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_YEAR_NS = int(timedelta(days=MAX_DAYS).total_seconds()) * SECOND_NS


@router.post("/account/calendar")
async def make_address(request: Request, viewer: SignedIn, store: StoreDep) -> Response:
    """The page that answers is the only one that ever shows the address."""

    def make(stores: Stores) -> str:
        until_ns = viewer.people_utc_ns + _YEAR_NS
        return stores.people.tokens.make_calendar(
            viewer.person, _("Calendar"), viewer.actor, until_ns=until_ns
        )

    try:
        token = await store.run(make)
    except UsageError as error:
        return await account_response(request, viewer, store, trouble=str(error), status_code=422)
    feed = f"{address_for_people(request)}/calendar/{token}.ics"
    return await account_response(request, viewer, store, feed=feed)


@router.get(
    "/calendar/{token}.ics",
    dependencies=[Depends(Public("calendars send no cookie; the secret in the address opens it"))],
)
async def feed(request: Request, store: StoreDep, token: str) -> Response:
    """What its owner plans, for whoever has the address."""
    address, now = address_for_people(request), store.people_clock.utc_ns()

    def read(stores: Stores) -> bytes:
        found = stores.people.tokens.find(token, now)
        person = (
            None if found is None or not found.is_calendar else stores.people.person(found.person)
        )
        if person is None or person.has_left:
            raise NotFoundError(_("This address opens nothing: it is unknown, revoked or too old."))
        with speaking(language_of(person.language)):
            return calendar_of(planned_for(stores, person, address, now), person.id, now)

    made = await store.run(read)
    return Response(made, media_type="text/calendar; charset=utf-8")
