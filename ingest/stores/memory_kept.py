"""What a store in memory keeps of one stream."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contract.messages import Birth
from contract.payload import Layout
from ingest.stores.admission import Ledger
from ingest.stores.records import GapRecord, Stream

__all__ = ["Kept"]


@dataclass(slots=True)
class Kept:
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
