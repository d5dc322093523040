"""The live page of a room, updated by Server-Sent Events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Annotated

from fastapi import APIRouter, FastAPI, Path, Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import HTMLResponse

from contract.clock import SECOND_NS, Clock
from dashboard_api.live.access import check_room, while_allowed
from dashboard_api.live.advances import Advances
from dashboard_api.live.program_state import Moment
from dashboard_api.live.program_watch import ProgramWatch
from dashboard_api.live.ready import ReadyWatch
from dashboard_api.live.reports import node_reports
from dashboard_api.live.rooms import LiveRooms
from dashboard_api.live.view import SPAN_S, UNSCORED_AFTER_S, live_view
from dashboard_api.model.routes import TrustNote, trust_note
from dashboard_api.views.movement import EPOCH_S
from dashboard_api.views.schemas import LiveJson
from dashboard_api.web.access import WatchesLive, secret_of
from dashboard_api.web.limits.stream_places import BoundedStream
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores, StoreThread
from ingest.stores.records import EpochRecord
from school.lessons.records import Lesson

__all__ = ["LiveFacts", "live_facts", "live_rooms", "router"]

router = APIRouter()

Room = Annotated[str, Path(description="The room's name.")]


@dataclass(frozen=True, slots=True)
class LiveFacts:
    """What is known beside the stores: the server's programs, and what has stopped."""

    programs: ProgramWatch
    advances: Advances
    clock: Clock
    zone: tzinfo | None
    ready: ReadyWatch = field(default_factory=ReadyWatch)


@router.get("/rooms/{room}/live", response_class=HTMLResponse, include_in_schema=False)
async def live_page(
    request: Request, viewer: WatchesLive, room: Room, store: StoreDep
) -> HTMLResponse:
    await store.run(lambda stores: check_room(stores, viewer, room))
    catalog = request.app.state.catalog
    live = await _read_live(store, room, live_facts(request.app))
    lesson = None if live.lesson is None else live.lesson.id
    reader = viewer.acting("read lesson")

    def read_note(stores: Stores) -> TrustNote:
        # Asked of the store again: the lesson may have changed hands since.
        seen = None if lesson is None else see_lesson(stores, reader, lesson)
        return trust_note(stores, catalog, seen)

    note = await store.run(read_note)
    return page("live/page.html", viewer=viewer, room=room, live=live, note=note)


@router.get("/api/rooms/{room}/live", tags=["rooms"], summary="The last five minutes of a room")
async def live(request: Request, viewer: WatchesLive, room: Room, store: StoreDep) -> LiveJson:
    """The content of the live page, once."""
    await store.run(lambda stores: check_room(stores, viewer, room))
    return await _read_live(store, room, live_facts(request.app))


@router.get(
    "/rooms/{room}/live/events",
    tags=["rooms"],
    summary="The last five minutes of a room, as a stream",
    response_class=EventSourceResponse,
)
async def live_events(
    request: Request, viewer: WatchesLive, room: Room, store: StoreDep
) -> EventSourceResponse:
    """Server-Sent Events named `live`; each has the same JSON as `/api/rooms/…/live`.

    There is one a second or more. If the server is too busy for that, it sends an empty event named
    `beat`; a client that gets neither for some seconds has lost the server.
    If too many are open, the answer is 429 with `Retry-After`.
    """
    state = request.app.state
    await store.run(lambda stores: check_room(stores, viewer, room))
    rooms = state.live_rooms
    assert isinstance(rooms, LiveRooms)
    return BoundedStream(
        while_allowed(rooms.follow(room), store, viewer, secret_of(request), room),
        person=viewer.person.id,
        places=state.stream_places,
        counts=state.refusal_counts,
    )


def live_rooms(app: FastAPI) -> LiveRooms:
    """The object that reads rooms for all open live pages."""
    store = app.state.store_thread
    assert isinstance(store, StoreThread)
    watch = ProgramWatch(app.state.data_dir, store.clock, app.state.shards)
    app.state.live_facts = LiveFacts(watch, Advances(), store.clock, app.state.zone)

    async def look(room: str) -> bytes:
        live = await _read_live(store, room, live_facts(app))
        return ServerSentEvent(data=live.model_dump_json(), event="live").encode()

    async def version() -> object:
        return await store.run(Stores.version), watch.revision

    return LiveRooms(look=look, version=version, beside=watch.run)


def live_facts(app: FastAPI) -> LiveFacts:
    """What this application knows beside the stores."""
    facts = app.state.live_facts
    assert isinstance(facts, LiveFacts)
    return facts


async def _read_live(store: StoreThread, room: str, facts: LiveFacts) -> LiveJson:
    return await store.run(lambda stores: _live(stores, room, facts))


def _live(stores: Stores, room: str, facts: LiveFacts) -> LiveJson:
    now = Moment(elapsed_ns=facts.clock.elapsed_ns(), utc_ns=facts.clock.utc_ns())
    # Whole seconds of UTC: the traces then move in whole steps and do not flicker.
    end = now.utc_ns // SECOND_NS * SECOND_NS
    start = end - SPAN_S * SECOND_NS
    lessons = stores.room_lessons(room, start, now.utc_ns + 1)
    lesson = next((each for each in lessons if each.is_on(now.utc_ns, stores.longest_ns)), None)
    # Who may watch now need not have been allowed to watch the lesson before.
    shown_ns = (
        max((each.over_utc_ns(stores.longest_ns) for each in lessons), default=start)
        if lesson is None
        else lesson.starts_utc_ns
    )
    epochs = [] if lesson is None else _epochs(stores, [lesson], max(start, shown_ns))
    shard = stores.shard_of(room)
    return live_view(
        room,
        stores.sensed.room(room, start, end).since(shown_ns),
        epochs,
        node_reports(stores, room, facts.advances, now),
        lesson=lesson,
        coming=stores.coming_lesson(room, now.utc_ns),
        now_utc_ns=now.utc_ns,
        zone=facts.zone,
        ingest=facts.programs.state("ingest", shard),
        score=facts.programs.state("score", shard),
        unscored_since_utc_ns=_unscored_since(lesson, epochs, facts.advances, now),
        paused_since_utc_ns=None if lesson is None else stores.control.paused_since(lesson.id),
        ready=facts.ready.sentence(stores, room, now) if lesson is None else "",
    )


def _unscored_since(
    lesson: Lesson | None, epochs: list[EpochRecord], advances: Advances, now: Moment
) -> int | None:
    """When the newest epoch of a lesson came, if no other follows.

    A lesson without any epoch may be one that can't be scored, so nothing is said of it.
    """
    if lesson is None:
        return None
    newest_utc_ns = max((each.utc_ns for each in epochs if each.lesson == lesson.id), default=None)
    if newest_utc_ns is None:
        return None
    ends_utc_ns = newest_utc_ns + EPOCH_S * SECOND_NS
    return advances.stopped_since(
        ("epochs", lesson.id), ends_utc_ns, true_utc_ns=ends_utc_ns, now=now,
        after_s=UNSCORED_AFTER_S,
    )  # fmt: skip


def _epochs(stores: Stores, lessons: list[Lesson], start_utc_ns: int) -> list[EpochRecord]:
    """The epochs of lessons from a time on, in order of time."""
    found = [
        record
        for lesson in lessons
        for record in stores.scores.epochs(lesson.id, after_utc_ns=start_utc_ns - 1)
    ]
    return sorted(found, key=lambda record: record.utc_ns)
