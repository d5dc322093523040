"""Counts a room's seat-seconds by outcome, from the store and the node's own counters.

*Sampled* means that the edge received good frames; *lost* means sampled, but neither kept, nor
waiting, nor put aside, nor inside a recorded gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.errors import DecodeError
from contract.quantities.table import MISSING
from contract.topics import Topic
from contract.wire.payload import Batch, GapReason, decode
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Aside, Periods
from ingest.stores.upkeep.aside_pages import every_aside

__all__ = ["Tally", "tally"]

_AFTER_SAMPLING: Final[frozenset[GapReason]] = frozenset({"died", "outbox_full", "damaged"})
_NOT_SENSED_ON_PURPOSE: Final[frozenset[GapReason]] = frozenset({"off", "paused"})
_EVERYTHING: Final = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Seat-seconds, summed over the runs of a room's nodes."""

    sampled: int
    published: int
    kept: int
    waiting: int
    kept_aside: int
    gap: int
    lost: int
    doubled: int

    @property
    def is_whole(self) -> bool:
        """Whether something was sampled, and all of it is kept once and without a gap."""
        return self.sampled == self.kept > 0 and not (
            self.lost or self.doubled or self.gap or self.waiting or self.kept_aside
        )


def seat_seconds(periods: Periods | Batch) -> int:
    """Number of (seat, period) pairs with at least one value."""
    seats = periods.layout.seat_values(periods.values)
    return int((seats != MISSING).any(axis=2).sum())


def tally(reader: PeriodReader, *, room: str) -> Tally:
    """Count a room at rest: its senders are idle, its messages have arrived."""
    sampled = published = waiting = kept = doubled = gap = given_up = 0
    for stream in reader.streams(room):
        health = reader.health(stream.id)
        if health is not None:
            sampled += health.sampled
            published += health.published
            waiting += health.waiting
        seqs = []
        for periods in reader.read(stream.id, 0, _EVERYTHING):
            kept += seat_seconds(periods)
            seqs.append(periods.seqs)
        if seqs:
            every = np.concatenate(seqs)
            doubled += len(every) - len(np.unique(every))
        for record in reader.gaps(stream.id):
            length = (record.last_seq - record.first_seq + 1) * len(record.seats)
            if record.reason not in _NOT_SENSED_ON_PURPOSE:
                gap += length
            if record.reason in _AFTER_SAMPLING:
                given_up += length
    kept_aside = sum(_aside_seat_seconds(message, room) for message in every_aside(reader))
    missing = sampled - kept - waiting - kept_aside - given_up
    return Tally(
        sampled=sampled,
        published=published,
        kept=kept,
        waiting=waiting,
        kept_aside=kept_aside,
        gap=gap,
        lost=max(missing, 0),
        # More kept than sampled can only mean that something is kept twice.
        doubled=doubled + max(-missing, 0),
    )


def _aside_seat_seconds(message: Aside, room: str) -> int:
    try:
        topic = Topic.parse(message.topic)
        if topic.room != room or topic.kind != "data":
            return 0
        batch = decode(message.payload)
    except DecodeError:
        return 0
    return seat_seconds(batch) if isinstance(batch, Batch) else 0
