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

    __slots__ = ("changes", "ledger", "live", "stretches")

    def __init__(self) -> None:
        self.live: list[tuple[int, bytes]] = []
        self.stretches: list[tuple[int, int]] = []
        self.ledger: dict[int, StreamState] = {}
        self.changes = array("q")
