"""Purges that stand: what they cover and arrives only now is not kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

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


class Standing:
    """The purges of a store, by room."""

    def __init__(self, purges: Iterable[Purge]) -> None:
        self._by_room: dict[str, list[Purge]] = {}
        for purge in purges:
            self._by_room.setdefault(purge.room, []).append(purge)

    def __bool__(self) -> bool:
        return bool(self._by_room)

    def __contains__(self, room: str) -> bool:
        return room in self._by_room

    def seqs(self, stream: Stream, timebases: list[Timebase]) -> list[tuple[int, int]]:
        """The seqs of a stream of which nothing is to be kept."""
        return [span for seat, span in self._covered(stream, timebases) if seat is None]

    def seats(self, stream: Stream, timebases: list[Timebase]) -> tuple[tuple[int, int, int], ...]:
        """(seat, first, last) of a stream where a seat's values are not to be kept."""
        return tuple(
            (seat, *span) for seat, span in self._covered(stream, timebases) if seat is not None
        )

    def _covered(
        self, stream: Stream, timebases: list[Timebase]
    ) -> Iterator[tuple[int | None, tuple[int, int]]]:
        for purge in self._by_room.get(stream.room, ()):
            for span in seqs_of_purge(purge, stream, timebases, SeqRanges()):
                yield purge.seat, span


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
