"""What the stores know of one kit, read for a page or a command."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.clock import SECOND_NS
from contract.quantities.table import MISSING
from contract.wire.messages import Birth, Health, SensorFault
from ingest.stores.clock_records import ClockClaim
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Stream
from ingest.stores.rules.dating import UNDATED, utc_of
from school.rooms.records import Kit

__all__ = ["HubFacts", "KitFacts", "kit_facts"]

_LOOK_BACK: Final = 60
"""The last periods that say whether a sensor reports; a minute, as long as a seat may be late."""
_OLD_NS: Final = 7 * 86_400 * SECOND_NS
"""What was sensed before says nothing of a sensor now, and may be retired already."""
_BATTERY: Final = "battery_percent"
_SIGNAL: Final = "signal_percent"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFacts:
    """One hub or other source of seats."""

    name: str
    firmware: str
    seats: tuple[int, ...]
    battery_percent: int | None = None
    """None where the hub does not say: most have no battery."""
    signal_percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KitFacts:
    """A kit: its newest run, and what its technician has described."""

    node: str
    room: str
    is_up: bool
    has_reported: bool = True
    """False for one that is only described."""
    software: str = ""
    started_utc_ns: int | None = None
    """When its newest run began; None while nothing dates it."""
    newest_utc_ns: int | None = None
    """The end of the newest period that is kept."""
    hubs: tuple[HubFacts, ...] = ()
    described: Kit | None = None
    described_in: str = ""
    """The other room in whose description it is."""
    is_room_described: bool = False
    opted_out: frozenset[int] = frozenset()
    reporting: frozenset[int] | None = None
    """Seats with a value in the last minute that was sensed; None where there is no such minute."""
    clock_error_ns: int | None = None
    """How far its clock may be wrong; None if it is not synchronised."""
    clock_claim: ClockClaim | None = None
    """What it says of its clock, if that is not believed."""
    waiting_s: float = 0.0
    """How long a stretch waits in it to be sent."""
    outbox_bytes: int = 0
    health: Health | None = None

    @property
    def seats(self) -> tuple[int, ...]:
        """The seats that it should sense: as it says itself, else as they are described."""
        own = {seat for hub in self.hubs for seat in hub.seats}
        if not own and self.described is not None:
            own = set(self.described.seats)
        return tuple(sorted(own - self.opted_out))

    @property
    def silent(self) -> tuple[int, ...]:
        """Its seats that gave no value in the last minute that was sensed."""
        if self.reporting is None:
            return ()
        return tuple(seat for seat in self.seats if seat not in self.reporting)

    @property
    def faults(self) -> tuple[SensorFault, ...]:
        """What it says is wrong with its sensors."""
        return () if self.health is None else self.health.faults


def kit_facts(
    reader: PeriodReader,
    stream: Stream,
    *,
    now_utc_ns: int,
    opted_out: Collection[int] = (),
) -> KitFacts:
    """Read a kit's newest run."""
    birth, health = reader.birth(stream.id), reader.health(stream.id)
    spans = reader.kept(stream.id).spans()
    last = spans[-1][1] if spans else None
    at_ns = stream.run_boot_ns + (last or 0) * stream.period_ns
    records = reader.timebases(stream, from_boot_ns=at_ns, to_boot_ns=at_ns)
    newest = _dated(int(utc_of(stream, [last or 0], records)[0]))
    began = _dated(int(utc_of(stream, [0], records)[0]))
    seats = [] if birth is None else [seat for hub in birth.hubs for seat in hub.seats]
    ended = None if last is None or newest is None else newest + stream.period_ns
    error = next((each.error_ns for each in reversed(records) if each.synchronised), None)
    return KitFacts(
        node=stream.node, room=stream.room, is_up=reader.is_up(stream.id),
        software="" if birth is None else birth.software,
        started_utc_ns=began, newest_utc_ns=ended,
        hubs=_hubs(birth, health), opted_out=frozenset(opted_out),
        reporting=None if ended is None or last is None or ended < now_utc_ns - _OLD_NS
        else _reporting(reader, stream, last),
        clock_error_ns=error, clock_claim=reader.clock_claim(stream),
        waiting_s=0.0 if health is None else health.waiting / max(len(set(seats)), 1),
        outbox_bytes=0 if health is None else health.outbox_bytes, health=health,
    )  # fmt: skip


def _dated(utc_ns: int) -> int | None:
    return None if utc_ns == UNDATED else utc_ns


def _hubs(birth: Birth | None, health: Health | None) -> tuple[HubFacts, ...]:
    if birth is None:
        return ()
    counters = {} if health is None else health.hubs
    return tuple(
        HubFacts(
            name=hub.hub, firmware=hub.firmware, seats=hub.seats,
            battery_percent=counters.get(hub.hub, {}).get(_BATTERY),
            signal_percent=counters.get(hub.hub, {}).get(_SIGNAL),
        )
        for hub in birth.hubs
    )  # fmt: skip


def _reporting(reader: PeriodReader, stream: Stream, last: int) -> frozenset[int] | None:
    """The seats with a value in the last minute; None if all of it is a gap."""
    found: set[int] = set()
    is_sensed = False
    for periods in reader.read(stream.id, max(0, last - _LOOK_BACK + 1), last):
        values = periods.layout.seat_values(periods.values)
        is_sensed = is_sensed or bool(len(periods.seqs))
        has_value = (values != MISSING).any(axis=(0, 2)) if len(values) else np.zeros(0, bool)
        found.update(
            seat
            for seat, is_there in zip(periods.layout.seats, has_value, strict=False)
            if is_there
        )
    return frozenset(found) if is_sensed else None
