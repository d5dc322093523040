"""What a store in memory keeps of one stream."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import MISSING
from contract.wire.messages import Birth
from contract.wire.payload import Layout
from ingest.stores.records import GapRecord, Stream
from ingest.stores.rules.admission import STRETCH, Ledger
from ingest.stores.rules.seal_schedule import Kind, columns_of

__all__ = ["KeptStream"]


@dataclass(slots=True)
class KeptStream:
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
            row[columns_of(kind, layout)] = MISSING
            if (row == MISSING).all():
                del self.rows[seq]
