"""What upkeep works on: main.db and the day files, as their one writer has them open."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Protocol

from contract.wire.payload import Layout
from ingest.stores.format.day_files import DayFiles
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Damage, Stream

__all__ = ["OpenStore"]


class OpenStore(PeriodReader, Protocol):
    """The files, and what upkeep asks of who reads and writes them."""

    path: Path
    """Of main.db."""
    database: sqlite3.Connection
    days: DayFiles
    damage: list[Damage]
    """What turns out to be damaged is added to it."""
    not_due_before: dict[tuple[int, int], int]
    """(stream, stretch) → the UTC before which sealing need not look at it again."""

    def every_stream(self, room: str) -> list[Stream]: ...
    def layout(self, number: int) -> Layout: ...
    def live_stretches(self, stream_id: int, first: int, last: int) -> list[int]: ...
    def start(self, stream_id: int) -> int: ...
    def live_rows(
        self, stream_id: int, first: int, last: int
    ) -> tuple[list[tuple[int, bytes]], int]: ...
    def note_purged(self, stream_id: int, ranges: list[tuple[int, int]]) -> None:
        """Note seqs as kept, inside the transaction that is open."""
