"""Reads all rooms and their kits from the stores, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from contract.clock import SECOND_NS
from contract.language import _
from dashboard_api.language.recorded import recorded_text
from dashboard_api.live.pauses import room_pause
from dashboard_api.live.program_state import Moment
from dashboard_api.live.reports import MAX_NOTICE_AGE_NS, node_reports
from dashboard_api.live.routes import LiveFacts
from dashboard_api.live.sentences import RoomFacts, server_sentences, since_text, when_text
from dashboard_api.live.view import SPAN_S, live_state, not_sensing, room_facts
from dashboard_api.reading.protocol import NotHereError
from dashboard_api.rooms.replica_sentences import replica_sentences
from dashboard_api.rooms.view import (
    Mark,
    RoomCard,
    advice_text,
    asked_text,
    kit_card,
    planned_card,
    room_card,
)
from dashboard_api.views.text import natural_key
from dashboard_api.web.store_thread import Stores, StoreThread
from ingest.doctor.nodes import clock_findings, notice_advice, stream_findings
from ingest.fleet.preflight import Preflight, preflight
from ingest.fleet.reading import newest_version, room_kits
from ingest.fleet.trouble import kit_troubles, room_troubles
from ingest.replicas.status import read_status
from school.rooms.records import Room

__all__ = ["AllRooms", "RoomMark", "read_marks", "read_rooms"]

_SOON_NS: Final = 3 * 86_400 * SECOND_NS
_ORDER: Final = ("check", "fine", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomMark:
    """What a teacher sees of a room's kits."""

    mark: Mark
    ready: Preflight | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What all rooms have in common."""

    names: list[str]
    rooms: Mapping[str, Room]
    schools: Mapping[str, str]
    """What the sites are called."""
    opted_out: tuple[tuple[str, int], ...]
    newest_software: str
    locked_out: frozenset[str] = frozenset()
    """The kits whose certificates are revoked, where the authority can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllRooms:
    """The rooms, those to be checked first, and what is wrong with the server itself."""

    rooms: tuple[RoomCard, ...]
    server: tuple[str, ...]
    is_elsewhere: bool = False
    """Whether kits are known to another dashboard alone."""

    @property
    def schools(self) -> list[tuple[str, list[RoomCard]]]:
        """The rooms with kits, by school; one part without a name where they are all of one school."""
        shown = [room for room in self.rooms if room.mark != "none"]
        names = sorted({room.school for room in shown}, key=natural_key)
        if len(names) < 2:
            return [("", shown)] if shown else []
        return [(name, [room for room in shown if room.school == name]) for name in names]

    @property
    def live(self) -> int:
        """How many kits are live."""
        return sum(room.live for room in self.rooms)

    @property
    def to_check(self) -> int:
        """How many rooms are to be checked."""
        return sum(room.mark == "check" for room in self.rooms)

    @property
    def kits(self) -> int:
        return sum(len(room.kits) for room in self.rooms)


async def read_rooms(
    store: StoreThread, facts: LiveFacts, locked_out: frozenset[str] = frozenset()
) -> AllRooms:
    """All rooms that a kit or a lesson has named.

    Each room is a query of its own, so that a live page does not wait for all of them.
    """
    if await store.run(lambda stores: stores.elsewhere is not None):
        return AllRooms(rooms=(), server=(str(NotHereError()),), is_elsewhere=True)
    known = replace(await store.run(_known), locked_out=locked_out)
    server = await store.run(partial(_server, facts=facts))
    cards = [
        await store.run(partial(_card, room=name, facts=facts, known=known)) for name in known.names
    ]
    cards.sort(
        key=lambda card: (_ORDER.index(card.mark), *map(natural_key, (card.title, card.room)))
    )
    return AllRooms(rooms=tuple(cards), server=server)


async def read_marks(
    store: StoreThread, facts: LiveFacts, rooms: Iterable[str]
) -> dict[str, RoomMark]:
    """Whether the kits of these rooms are as they should be, and nothing else of the rooms."""
    wanted = sorted(set(rooms))
    if not wanted:
        return {}
    known = await store.run(_known)
    cards = [
        await store.run(partial(_card, room=name, facts=facts, known=known)) for name in wanted
    ]
    return {card.room: RoomMark(mark=card.mark, ready=card.ready) for card in cards}


def _known(stores: Stores) -> Known:
    streams = stores.periods.runs("newest")
    rooms = stores.rooms.rooms()
    births = [stores.periods.birth(stream.id) for stream in streams]
    return Known(
        names=sorted(
            {stream.room for stream in streams} | {*rooms} | {*stores.sharing.all_rooms()}
        ),
        rooms=rooms,
        schools={site.name: site.title or site.name for site in stores.rooms.sites()},
        opted_out=tuple(stores.lessons.opted_out()),
        newest_software=newest_version(birth.software for birth in births if birth is not None),
    )


def _card(stores: Stores, room: str, facts: LiveFacts, known: Known) -> RoomCard:
    periods, now = stores.periods, _now(facts)
    lessons = stores.room_lessons(room, now.utc_ns, now.utc_ns + 1)
    lesson = next((each for each in lessons if each.is_on(now.utc_ns, stores.longest_ns)), None)
    coming = stores.lessons.lessons(
        room=room, from_utc_ns=now.utc_ns + 1, to_utc_ns=now.utc_ns + _SOON_NS
    )
    # Between lessons nothing is sensed, so there is nothing to read.
    end = now.utc_ns // SECOND_NS * SECOND_NS
    start = end if lesson is None else end - SPAN_S * SECOND_NS
    nodes = node_reports(stores, room, facts.advances, now)
    readings = stores.sensed.room(room, start, end)
    reason = not_sensing(readings if lesson is None else readings.since(lesson.starts_utc_ns))
    shard = stores.shard_of(room)
    ingest, score = facts.programs.state("ingest", shard), facts.programs.state("score", shard)
    since = None if lesson is None else stores.control.paused_since(lesson.id)
    pause = room_pause(nodes, since, now.utc_ns)
    state = live_state(
        nodes, lesson, now.utc_ns, reason=reason, ingest=ingest, is_scored=True, pause=pause
    )
    about = room_facts(
        room, state, nodes, reason, lesson=lesson, coming=coming[-1] if coming else None,
        now_utc_ns=now.utc_ns, zone=facts.zone, ingest=ingest, score=score, pause=pause,
    )  # fmt: skip
    found: dict[str, list[tuple[str, str]]] = {}
    for notice in periods.notices(room):
        if notice.last_utc_ns > now.utc_ns - MAX_NOTICE_AGE_NS:
            said = (recorded_text(notice.sentence), notice_advice(notice))
            found.setdefault(notice.node, []).append(said)
    for stream in periods.newest_runs(room):
        if periods.is_up(stream.id):
            said_of = [
                (said, advice)
                for _, said, advice in stream_findings(periods, stream, None, of_sensors=False)
            ]
            found.setdefault(stream.node, []).extend(said_of)
    kits = {
        kit.node: kit for kit in room_kits(periods, room, known.rooms, known.opted_out, now.utc_ns)
    }
    troubles = {
        name: list(
            kit_troubles(
                kit, at=lambda ns: since_text(ns, about), newest_software=known.newest_software
            )
        )
        for name, kit in kits.items()
    }
    cards = {
        node.node: kit_card(
            node, about, found.get(node.node, ()), kit=kits[node.node],
            troubles=troubles[node.node], is_locked_out=node.node in known.locked_out,
        )
        for node in nodes if node.node in kits
    }  # fmt: skip
    for name, kit in kits.items():
        if not kit.has_reported:
            cards[name] = planned_card(kit, troubles[name])
    asked = stores.control.last_requests(room)
    for name, card in cards.items():
        if (request := asked.get(name)) is not None:
            text = asked_text(request, when_text(request.asked_utc_ns, about))
            cards[name] = replace(card, asked=text)
    described = known.rooms.get(room)
    return room_card(
        about, [cards[name] for name in sorted(cards)],
        ready=preflight(list(kits.values()), server=server_sentences(replace(about, lesson=None))),
        troubles=list(room_troubles(room, list(kits.values()))),
        title=None if described is None else described.title,
        school="" if described is None else known.schools.get(described.site, described.site),
    )  # fmt: skip


def _server(stores: Stores, facts: LiveFacts) -> tuple[str, ...]:
    now = _now(facts).utc_ns
    programs: dict[str, None] = {}
    for shard in range(facts.programs.shards):
        about = RoomFacts(
            state="off", room="", lesson=None, coming=None, now_utc_ns=now, zone=facts.zone,
            ingest=facts.programs.state("ingest", shard), score=facts.programs.state("score", shard),
        )  # fmt: skip
        programs |= dict.fromkeys(server_sentences(about))
    clock = [
        advice_text(_("the server's clock {said}", said=each.said), each.advice)
        for each in clock_findings(stores.periods, now)
    ]
    copies = [
        sentence
        for data_dir in facts.programs.directories
        for sentence in replica_sentences(read_status(data_dir), now)
    ]
    return (*programs, *clock, *copies)


def _now(facts: LiveFacts) -> Moment:
    return Moment(elapsed_ns=facts.clock.elapsed_ns(), utc_ns=facts.clock.utc_ns())
