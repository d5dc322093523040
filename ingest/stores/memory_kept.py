"""What a store in memory knows of one stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.messages import Birth, Timebase
from contract.payload import Layout
from contract.quantities import MISSING
from ingest.stores.admission import STRETCH, Ledger
from ingest.stores.protocol import Which
from ingest.stores.records import GapRecord, Stream
from ingest.stores.stretches import Kind

__all__ = ["MemoryKept", "some_runs"]


@dataclass(slots=True)
class MemoryKept:
    """All that is known of one stream."""

    stream: Stream
    first_received_utc_ns: int
    ledger: Ledger = field(default_factory=lambda: Ledger((), ()))
    rows: dict[int, tuple[Layout, NDArray[np.uint16], bool]] = field(default_factory=dict)
    gaps: list[GapRecord] = field(default_factory=list)
    birth: Birth | None = None
    is_up: bool = False
    unsealed: set[int] = field(default_factory=set)
    """Seqs that have not been sealed."""
    days: dict[int, set[str]] = field(default_factory=dict)
    """Stretch → the days it was sealed under."""

    def blank(self, stretch: int, kind: Kind) -> None:
        """Forget the sealed values of a kind in one stretch."""
        span = range(stretch * STRETCH, (stretch + 1) * STRETCH)
        for seq in self.rows.keys() & set(span) - self.unsealed:
            layout, row, _ = self.rows[seq]
            cut = len(layout.seat_codes) * len(layout.seats)
            if kind == "seat":
                row[:cut] = MISSING
            else:
                row[cut:] = MISSING
            if (row == MISSING).all():
                del self.rows[seq]


def some_runs(
    every: Iterable[MemoryKept], timebases: Mapping[str, Mapping[Any, Timebase]], which: Which
) -> list[MemoryKept]:
    """The runs that `PeriodReader.runs` asks for."""
    runs = [kept for kept in every if kept.stream.main is None]
    if which == "up":
        return [kept for kept in runs if kept.is_up]
    if which == "newest":
        newest = {kept.stream.node: kept for kept in runs}
        return sorted(newest.values(), key=lambda kept: kept.stream.id)
    return [
        kept
        for kept in runs
        if not any(each.synchronised for each in timebases.get(kept.stream.boot or "", {}).values())
    ]
