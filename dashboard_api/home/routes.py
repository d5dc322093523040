"""The start page: each role's own parts, or a page of what someone searches for."""

from __future__ import annotations

from datetime import tzinfo
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from dashboard_api.clips.clip_view import count_shown
from dashboard_api.cohorts.cohort_view import named_on_start
from dashboard_api.commissioning.authority import locked_out_nodes
from dashboard_api.cycle.view import cycle_page
from dashboard_api.debrief.step_view import open_step_line
from dashboard_api.home.counts import read_counts
from dashboard_api.home.parts import StartPage
from dashboard_api.inbox.lines import Inbox, inbox_lines
from dashboard_api.inbox.news import news_of
from dashboard_api.lessons.filters import ListFilters
from dashboard_api.lessons.notice_view import notice_lines, offer_lines, reminder_lines
from dashboard_api.live.routes import live_facts
from dashboard_api.model.trust import trust_text
from dashboard_api.observing.own_view import open_sheets
from dashboard_api.people.account_notices import account_notices
from dashboard_api.pulse.asking import pulse_of
from dashboard_api.rooms.read_rooms import read_marks, read_rooms
from dashboard_api.web.access import SignedIn
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.sharing.policy import may_at_all, reaches

__all__ = ["router"]

router = APIRouter()


@router.get("/", response_class=HTMLResponse, include_in_schema=False)
async def start_page(
    request: Request,
    viewer: SignedIn,
    store: StoreDep,
    filters: Annotated[ListFilters, Query()],
) -> HTMLResponse:
    roles, zone = viewer.person.roles, request.app.state.zone
    reached = reaches(roles, "read lesson")
    start = StartPage(request, viewer, store)
    trust = await store.run(lambda stores: trust_text(stores.count_verdicts()))
    if reached and filters.is_search:
        return page(
            "home/found.html",
            viewer=viewer, trust=trust, filters=filters,
            choices=await start.choices(), found=await start.found(filters),
        )  # fmt: skip
    own = await start.own() if "own" in reached else None
    shared = await start.shared() if "shared" in reached else None
    if shared is not None and not shared.lessons and "coach" not in roles:
        shared = None  # a teacher with whom nobody shares anything
    rooms = counts = None
    if not reached and may_at_all(roles, "read kits"):
        rooms = await read_rooms(
            store, live_facts(request.app), await locked_out_nodes(request.app)
        )
    if may_at_all(roles, "read counts"):
        counts = await read_counts(request, store, rooms)
    ahead = own.rooms_ahead if own and may_at_all(roles, "watch live") else ()
    return page(
        "home/page.html",
        viewer=viewer,
        trust=trust,
        account_notices=await store.run(lambda stores: account_notices(stores, viewer, zone)),
        notices=await store.run(lambda stores: notice_lines(stores, viewer, zone)),
        reminders=await store.run(lambda stores: reminder_lines(stores, viewer, zone)),
        offers=await store.run(lambda stores: offer_lines(stores, viewer, zone)),
        observing=await store.run(lambda stores: open_sheets(stores, viewer, zone)),
        step=await store.run(lambda stores: open_step_line(stores, viewer.person.id, zone))
        if own
        else None,
        cycle=await store.run(lambda stores: cycle_page(stores, viewer, zone, has_forms=False))
        if may_at_all(roles, "keep cycle")
        else None,
        clips_shown=await store.run(lambda stores: count_shown(stores, viewer)),
        cohorts=await store.run(lambda stores: named_on_start(stores, viewer, zone)),
        filters=filters,
        choices=await start.choices() if reached else None,
        own=own,
        inbox=await store.run(
            lambda stores: _inbox(
                stores, viewer, zone, has_mail=request.app.state.mailer is not None
            )
        ),
        pulse=await store.run(lambda stores: pulse_of(stores, viewer, request.app.state.questions)),
        marks=await read_marks(store, live_facts(request.app), ahead),
        shared=shared,
        rooms=rooms,
        counts=counts,
    )


def _inbox(stores: Stores, viewer: Viewer, zone: tzinfo | None, *, has_mail: bool) -> Inbox:
    news = news_of(stores, viewer.person, viewer.utc_ns, viewer.people_utc_ns, zone)
    lines = inbox_lines(stores, news, zone)
    return Inbox(
        lines=lines,
        more=len(news) - len(lines),
        can_mail=has_mail and "@" in viewer.person.sign_in_name,
        is_mailed=stores.sharing.inbox.is_mailed(viewer.person.id),
    )
