"""The live page of a room: it moves by itself, by Server-Sent Events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import tzinfo
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import HTMLResponse

from contract.clock import SECOND_NS
from contract.topics import NAME
from dashboard_api.answers import LiveAnswer
from dashboard_api.desk import AskDesk, StoreDesk, Stores
from dashboard_api.model_page import trust_note
from dashboard_api.readings import read_room
from dashboard_api.rendering import page
from dashboard_api.views.live_view import SPAN_S, NodeReport, live_view
from ingest.dating import UNDATED, utc_of
from ingest.stores.records import EpochRecord, Lesson

__all__ = ["router"]

router = APIRouter()

POLL_S: Final = 0.05
"""How often the stores are asked whether something was written; this is cheap."""
SHORTEST_STEP_S: Final = 0.1
"""No page needs to be told more often, however fast a backlog arrives."""
LONGEST_STEP_S: Final = 1.0
"""Time passes on the page even when nothing arrives."""

Room = Annotated[str, Path(pattern=f"^{NAME}$", description="The room's name.")]


@router.get("/rooms/{room}/live", response_class=HTMLResponse, include_in_schema=False)
async def live_page(request: Request, room: Room, desk: AskDesk) -> HTMLResponse:
    zone, shelf = request.app.state.zone, request.app.state.shelf
    live = await _look(desk, room, zone)
    lesson = None if live.lesson is None else live.lesson.id
    note = await desk.ask(lambda stores: trust_note(stores, shelf, lesson))
    return page("live.html", room=room, live=live, note=note)


@router.get("/api/rooms/{room}/live", tags=["rooms"], summary="The last five minutes of a room")
async def live(request: Request, room: Room, desk: AskDesk) -> LiveAnswer:
    """What the live page shows, once."""
    return await _look(desk, room, request.app.state.zone)


@router.get(
    "/rooms/{room}/live/events",
    tags=["rooms"],
    summary="The last five minutes of a room, again and again",
    response_class=EventSourceResponse,
)
async def live_events(request: Request, room: Room, desk: AskDesk) -> EventSourceResponse:
    """Server-Sent Events named `live`; each holds a whole answer, as `/api/rooms/…/live` gives."""
    return EventSourceResponse(_events(desk, room, request.app.state.zone), ping=15)


async def _events(
    desk: StoreDesk, room: str, zone: tzinfo | None
) -> AsyncIterator[ServerSentEvent]:
    loop = asyncio.get_running_loop()
    while True:
        sent = loop.time()
        version = await desk.ask(Stores.version)
        answer = await _look(desk, room, zone)
        yield ServerSentEvent(data=answer.model_dump_json(), event="live")
        await asyncio.sleep(SHORTEST_STEP_S)
        # Another program writes the stores: there is no event to wait for.
        while loop.time() - sent < LONGEST_STEP_S and version == await desk.ask(  # noqa: ASYNC110
            Stores.version
        ):
            await asyncio.sleep(POLL_S)


async def _look(desk: StoreDesk, room: str, zone: tzinfo | None) -> LiveAnswer:
    now = desk.clock.utc_ns()
    return await desk.ask(lambda stores: _live(stores, room, now, zone))


def _live(stores: Stores, room: str, now_utc_ns: int, zone: tzinfo | None) -> LiveAnswer:
    lessons = stores.all_lessons(room)
    # On whole seconds of UTC, so that the traces move by whole steps and do not shimmer.
    end = now_utc_ns // SECOND_NS * SECOND_NS
    start = end - SPAN_S * SECOND_NS
    coming = [lesson for lesson in lessons if lesson.starts_utc_ns > now_utc_ns]
    return live_view(
        room,
        read_room(stores.periods, room, start, end),
        _epochs(stores, lessons, start, end),
        _nodes(stores, room),
        lesson=next((each for each in lessons if each.is_on(now_utc_ns, stores.longest_ns)), None),
        coming=min(coming, key=lambda lesson: lesson.starts_utc_ns, default=None),
        now_utc_ns=now_utc_ns,
        zone=zone,
    )


def _epochs(
    stores: Stores, lessons: list[Lesson], start_utc_ns: int, end_utc_ns: int
) -> list[EpochRecord]:
    """The epochs of a span, of whichever lessons fall into it, in order of time."""
    found = [
        record
        for lesson in lessons
        if lesson.starts_utc_ns < end_utc_ns
        and lesson.over_utc_ns(stores.longest_ns) > start_utc_ns
        for record in stores.scores.epochs(lesson.id, after_utc_ns=start_utc_ns - 1)
    ]
    return sorted(found, key=lambda record: record.utc_ns)


def _nodes(stores: Stores, room: str) -> list[NodeReport]:
    """The newest run of each of a room's nodes, by name."""
    periods = stores.periods
    reports: list[NodeReport] = []
    for stream in periods.newest_runs(room):
        kept = list(periods.kept(stream.id))
        seen: int | None = None
        if kept:
            at_ns = stream.run_boot_ns + kept[-1][1] * stream.period_ns
            records = periods.timebases(stream, from_boot_ns=at_ns, to_boot_ns=at_ns)
            last = int(utc_of(stream, [kept[-1][1]], records)[0])
            # A period is known when it has closed.
            seen = None if last == UNDATED else last + stream.period_ns
        reports.append(
            NodeReport(
                node=stream.node,
                is_up=periods.is_up(stream.id),
                newest_utc_ns=seen,
                birth=periods.birth(stream.id),
                health=periods.health(stream.id),
                clock=periods.clock_claim(stream),
            )
        )
    return reports
