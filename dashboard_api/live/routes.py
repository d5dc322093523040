"""The live page of a room, updated by Server-Sent Events."""

from __future__ import annotations

from datetime import tzinfo
from typing import Annotated, Final

from fastapi import APIRouter, FastAPI, Path, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import HTMLResponse

from contract.clock import SECOND_NS
from contract.topics import NAME
from dashboard_api.live.rooms import LiveRooms
from dashboard_api.live.view import SPAN_S, NodeReport, live_view
from dashboard_api.model.routes import trust_note
from dashboard_api.views.readings import read_room
from dashboard_api.views.schemas import LiveJson
from dashboard_api.views.text import notice_sentence
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores, StoreThread
from dashboard_api.web.stream_places import BoundedStream
from ingest.stores.records import EpochRecord
from ingest.stores.rules.dating import UNDATED, utc_of
from school.lessons.records import Lesson

__all__ = ["live_rooms", "router"]

router = APIRouter()

MAX_NOTICE_AGE_NS: Final = 86_400 * SECOND_NS
"""How long the page shows a problem of a kit."""

Room = Annotated[str, Path(pattern=f"^{NAME}$", description="The room's name.")]


@router.get("/rooms/{room}/live", response_class=HTMLResponse, include_in_schema=False)
async def live_page(request: Request, room: Room, store: StoreDep) -> HTMLResponse:
    zone, catalog = request.app.state.zone, request.app.state.catalog
    live = await _read_live(store, room, zone)
    lesson = None if live.lesson is None else live.lesson.id
    note = await store.run(lambda stores: trust_note(stores, catalog, lesson))
    return page("live/page.html", room=room, live=live, note=note)


@router.get("/api/rooms/{room}/live", tags=["rooms"], summary="The last five minutes of a room")
async def live(request: Request, room: Room, store: StoreDep) -> LiveJson:
    """The content of the live page, once."""
    return await _read_live(store, room, request.app.state.zone)


@router.get(
    "/rooms/{room}/live/events",
    tags=["rooms"],
    summary="The last five minutes of a room, as a stream",
    response_class=EventSourceResponse,
)
async def live_events(request: Request, room: Room) -> EventSourceResponse:
    """Server-Sent Events named `live`; each has the same JSON as `/api/rooms/…/live`.

    If too many are open, the answer is 429 with `Retry-After`.
    """
    state = request.app.state
    rooms = state.live_rooms
    assert isinstance(rooms, LiveRooms)
    return BoundedStream(
        rooms.follow(room),
        places=state.stream_places,
        counts=state.refusal_counts,
    )


def live_rooms(app: FastAPI) -> LiveRooms:
    """The object that reads rooms for all open live pages."""
    store = app.state.store_thread
    assert isinstance(store, StoreThread)

    async def look(room: str) -> bytes:
        live = await _read_live(store, room, app.state.zone)
        return ServerSentEvent(data=live.model_dump_json(), event="live").encode()

    return LiveRooms(look=look, version=lambda: store.run(Stores.version))


async def _read_live(store: StoreThread, room: str, zone: tzinfo | None) -> LiveJson:
    now = store.clock.utc_ns()
    return await store.run(lambda stores: _live(stores, room, now, zone))


def _live(stores: Stores, room: str, now_utc_ns: int, zone: tzinfo | None) -> LiveJson:
    # Whole seconds of UTC: the traces then move in whole steps and do not flicker.
    end = now_utc_ns // SECOND_NS * SECOND_NS
    start = end - SPAN_S * SECOND_NS
    lessons = stores.room_lessons(room, start, now_utc_ns + 1)
    return live_view(
        room,
        read_room(stores.periods, room, start, end),
        _epochs(stores, lessons, start),
        _nodes(stores, room, now_utc_ns),
        lesson=next((each for each in lessons if each.is_on(now_utc_ns, stores.longest_ns)), None),
        coming=stores.coming_lesson(room, now_utc_ns),
        now_utc_ns=now_utc_ns,
        zone=zone,
    )


def _epochs(stores: Stores, lessons: list[Lesson], start_utc_ns: int) -> list[EpochRecord]:
    """The epochs of lessons from a time on, in order of time."""
    found = [
        record
        for lesson in lessons
        for record in stores.scores.epochs(lesson.id, after_utc_ns=start_utc_ns - 1)
    ]
    return sorted(found, key=lambda record: record.utc_ns)


def _nodes(stores: Stores, room: str, now_utc_ns: int) -> list[NodeReport]:
    """The newest run of each of a room's nodes, by name."""
    periods = stores.periods
    notices: dict[str, list[str]] = {}
    for notice in periods.notices(room):
        if notice.last_utc_ns > now_utc_ns - MAX_NOTICE_AGE_NS:
            notices.setdefault(notice.node, []).append(notice_sentence(notice))
    reports: list[NodeReport] = []
    for stream in periods.newest_runs(room):
        kept = periods.kept(stream.id).spans()
        seen: int | None = None
        if kept:
            at_ns = stream.run_boot_ns + kept[-1][1] * stream.period_ns
            records = periods.timebases(stream, from_boot_ns=at_ns, to_boot_ns=at_ns)
            last = int(utc_of(stream, [kept[-1][1]], records)[0])
            # A period is complete at its end.
            seen = None if last == UNDATED else last + stream.period_ns
        reports.append(
            NodeReport(
                node=stream.node,
                is_up=periods.is_up(stream.id),
                newest_utc_ns=seen,
                birth=periods.birth(stream.id),
                health=periods.health(stream.id),
                notices=tuple(notices.get(stream.node, ())),
                clock=periods.clock_claim(stream),
            )
        )
    return reports
