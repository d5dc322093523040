"""What the writer of main.db remembers of a stream, and the rows of a tick."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

from contract.wire.payload import Layout
from ingest.stores.rules.admission import Ledger

__all__ = ["StreamState", "TickRows"]


@dataclass(slots=True)
class StreamState:
    """What the writer remembers of a stream, so that a tick needs no questions."""

    id: int
    start: int | None
    """Where its keys start; None until its first values arrive."""
    ledger: Ledger
    stretch: int = -1
    """The stretch that is known to be listed as having live rows."""
    layout: Layout | None = None
    layout_id: int = -1
    """The number of that layout."""
    placed_upto: int = -1
    """The seq up to which it lies in its cell of time: see `run_places.py`."""
    purged_seats: tuple[tuple[int, int, int], ...] = ()
    """(seat, first seq, last seq) of a seat's values that are never to be kept."""


class TickRows:
    """The rows of one tick, gathered so that each table is written by one statement."""

    __slots__ = ("_latest", "changes", "ledger", "live", "stretches")

    def __init__(self) -> None:
        self.live: list[tuple[int, bytes]] = []
        self.stretches: list[tuple[int, int]] = []
        self.ledger: dict[int, StreamState] = {}
        self.changes = array("q")
        self._latest: dict[int, int] = {}
        """Stream → where its latest change stands in `changes`."""

    def add_change(self, word: int, first: int, last: int) -> None:
        """Note that a stream has first … last now; joined with its latest change if it continues it."""
        changes = self.changes
        at = self._latest.get(word >> 2)
        if at is not None and changes[at] == word and changes[at + 2] == first - 1:
            changes[at + 2] = last
            return
        self._latest[word >> 2] = len(changes)
        changes.extend((word, first, last))
