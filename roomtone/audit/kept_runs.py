"""Reads a room's data from the store, in seconds of the boot clock, for the audit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.wire.payload import GapReason
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Stream

__all__ = ["KeptGap", "KeptRun", "kept_runs"]

_EVERYTHING: Final = 1 << 36


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptGap:
    """A recorded gap, in seconds of the boot clock (first and last included)."""

    first_s: int
    last_s: int
    seats: frozenset[int]
    reason: GapReason
    has_room: bool = True
    """Whether the room's values are missing as well."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptRun:
    """One run, in the order in which the store returns it."""

    run: int
    first_s: int
    """Second of the boot clock of seq 0."""
    seconds: NDArray[np.int64]
    """(n,) of each period, on the boot clock."""
    values: dict[int, NDArray[np.uint16]]
    """Seat → (n, 13)"""
    gaps: tuple[KeptGap, ...]
    room: NDArray[np.uint16] | None = None
    """(n, 5)"""


def kept_runs(reader: PeriodReader, room: str) -> list[KeptRun]:
    """Read a room's data as any other program reads it."""
    return [_kept_run(reader, stream) for stream in reader.streams(room)]


def _kept_run(reader: PeriodReader, stream: Stream) -> KeptRun:
    seqs: list[NDArray[np.int64]] = []
    columns: dict[int, list[NDArray[np.uint16]]] = {}
    room: list[NDArray[np.uint16]] = []
    for periods in reader.read(stream.id, 0, _EVERYTHING):
        seqs.append(periods.seqs)
        room.append(periods.layout.room_values(periods.values))
        cube = periods.layout.seat_values(periods.values)
        for i, seat in enumerate(periods.layout.seats):
            columns.setdefault(seat, []).append(cube[:, i])
    numbers = np.concatenate(seqs) if seqs else np.empty(0, np.int64)
    return KeptRun(
        run=stream.run,
        first_s=stream.run_boot_ns // SECOND_NS,
        seconds=(stream.run_boot_ns + numbers * stream.period_ns) // SECOND_NS,
        values={seat: np.concatenate(parts) for seat, parts in columns.items()},
        room=np.concatenate(room) if room else None,
        gaps=tuple(
            KeptGap(
                first_s=(stream.run_boot_ns + gap.first_seq * stream.period_ns) // SECOND_NS,
                last_s=(stream.run_boot_ns + gap.last_seq * stream.period_ns) // SECOND_NS,
                seats=frozenset(gap.seats),
                reason=gap.reason,
                has_room=gap.kind != "seat",
            )
            for gap in reader.gaps(stream.id)
        ),
    )
