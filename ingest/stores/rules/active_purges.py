"""Purges that stand: what they cover and arrives only now is not kept."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import MISSING
from contract.ranges import SeqRanges
from contract.wire.messages import Timebase
from contract.wire.payload import Batch, Layout
from ingest.stores.records import Purge, Stream
from ingest.stores.rules.admission import HIGHEST_SEQ
from ingest.stores.rules.dating import seqs_between

__all__ = ["Standing", "blanked", "seqs_of_purge", "without_seats"]

_ALL: Final = range(HIGHEST_SEQ + 1)
_PURGES: Final = "SELECT id, room, seat, from_utc_ns, to_utc_ns FROM purges "
_CONCERNED: Final = """
UPDATE purges SET is_due = 1 WHERE room IN (SELECT room FROM streams WHERE node = ? AND boot = ?)
"""


class _Reader(Protocol):
    """What is asked of the store."""

    def stream(self, stream_id: int) -> Stream: ...
    def timebases(self, stream: Stream) -> list[Timebase]: ...


class Standing:
    """The purges of a store, by room."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._by_room: dict[str, list[Purge]] = defaultdict(list)
        for purge in _purges(database, ""):
            self._by_room[purge.room].append(purge)

    def __bool__(self) -> bool:
        return bool(self._by_room)

    def __contains__(self, room: str) -> bool:
        return room in self._by_room

    def due(self, database: sqlite3.Connection) -> list[Purge]:
        """Those that were cut short, or concern what has been dated since."""
        return _purges(database, "WHERE is_due") if self._by_room else []

    def concern(self, database: sqlite3.Connection, dated: Iterable[tuple[str, str]]) -> bool:
        """Whether boots of nodes that are now dated may lie in a purge; notes which."""
        if not self._by_room:
            return False
        return database.executemany(_CONCERNED, dated).rowcount > 0

    def make_due(self, database: sqlite3.Connection, room: str) -> None:
        """Have a room's purges done again: there is something that they may concern."""
        database.execute("UPDATE purges SET is_due = 1 WHERE room = ?", (room,))

    def seqs(self, reader: _Reader, stream_id: int) -> list[tuple[int, int]]:
        """The seqs of a stream of which nothing is to be kept."""
        identity, timebases = _known(reader, stream_id)
        return [
            span
            for purge in self._by_room[identity.room]
            if purge.seat is None
            for span in seqs_of_purge(purge, identity, timebases, SeqRanges())
        ]

    def seats(self, reader: _Reader, stream_id: int) -> tuple[tuple[int, int, int], ...]:
        """(seat, first, last) of a stream where a seat's values are not to be kept."""
        identity, timebases = _known(reader, stream_id)
        return tuple(
            (purge.seat, *span)
            for purge in self._by_room[identity.room]
            if purge.seat is not None
            for span in seqs_of_purge(purge, identity, timebases, SeqRanges())
        )


def seqs_of_purge(
    purge: Purge, stream: Stream, timebases: list[Timebase], known: SeqRanges
) -> list[tuple[int, int]]:
    """The seqs of a stream that a purge covers.

    Where nothing dates the stream these are all that are `known`, if the purge is of everything,
    and else none.
    """
    if any(record.synchronised for record in timebases):
        found = seqs_between(stream, timebases, purge.from_utc_ns, purge.to_utc_ns)
        return [(first, min(last, _ALL[-1])) for first, last in found if first in _ALL]
    return known.spans() if purge.from_utc_ns == 0 else []


def blanked(values: NDArray[np.uint16], layout: Layout, seat: int) -> bool:
    """Make a seat's values in rows missing, in place; whether there were any."""
    if seat not in layout.seats:
        return False
    columns = slice(
        layout.seats.index(seat), len(layout.seat_codes) * len(layout.seats), len(layout.seats)
    )
    if (values[:, columns] == MISSING).all():
        return False
    values[:, columns] = MISSING
    return True


def _known(reader: _Reader, stream_id: int) -> tuple[Stream, list[Timebase]]:
    identity = reader.stream(stream_id)
    return identity, reader.timebases(identity)


def _purges(database: sqlite3.Connection, which: str) -> list[Purge]:
    return [
        Purge(id=number, room=room, seat=seat, from_utc_ns=start, to_utc_ns=end)
        for number, room, seat, start, end in database.execute(_PURGES + which)
    ]


def without_seats(batch: Batch, purged: Sequence[tuple[int, int, int]]) -> NDArray[np.uint16]:
    """A batch's values without those of purged seats."""
    values = batch.values
    for seat, first, last in purged:
        if first > batch.last_seq or last < batch.first_seq:
            continue
        values = values.copy()
        blanked(
            values[max(0, first - batch.first_seq) : last - batch.first_seq + 1],
            batch.layout,
            seat,
        )
    return values
