"""Compares the store at rest with what truly went over the hubs' lines.

From the trace of each line the oracle computes, with the shared quantity code and on the grid of
periods that the edge's birth told, what every seat-second should hold, and looks for it in the
store: each once, in order, and equal to the last bit.

One freedom is unavoidable: ticks are dated with an error of some milliseconds, so a sample taken
at the very edge of a second may count for its neighbour. But between two periods there is one
cut: every sample before it belongs to the first, every sample after it to the second. So the
oracle may move that cut by as many samples as the dating error allows, and nothing else. With the
cut in its place the values must be exactly equal.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.motion import LEAST_SHARE
from contract.payload import GapReason
from contract.quantities import MISSING
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Stream
from roomtone.expected import Line, LineFollower

__all__ = ["Blind", "Comparison", "KeptGap", "KeptRun", "Line", "compare", "kept_runs"]

_EVERYTHING: Final = 1 << 36


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptGap:
    """A recorded gap, in seconds of the boot clock (first and last are in it)."""

    first_s: int
    last_s: int
    seats: frozenset[int]
    reason: GapReason


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptRun:
    """One run as the store gives it, in the order in which the store gives it."""

    run: int
    first_s: int
    """Second of the boot clock at which seq 0 lies."""
    seconds: NDArray[np.int64]
    """(n,) of each period, on the boot clock."""
    values: dict[int, NDArray[np.uint16]]
    """Seat → (n, 13)"""
    gaps: tuple[KeptGap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """Seconds in which a line's samples could reach nobody: why is known and was caused."""

    first_s: int
    last_s: int
    why: str
    line: str | None = None
    """The hub; None: all of them."""


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What the oracle found. Everything but `gap_s` and `worst_cut` is in seat-seconds."""

    sampled: int = 0
    """Those for which enough samples went over the line."""
    kept: int = 0
    lost: int = 0
    doubled: int = 0
    changed: int = 0
    """Kept, but not what was sampled."""
    invented: int = 0
    """Kept, though nothing was sampled."""
    out_of_order: int = 0
    gap: int = 0
    gap_s: int = 0
    """Seconds with at least one seat that was sensed and is in a gap, or was not seen."""
    gap_reasons: Counter[str] = field(default_factory=Counter)
    """Reason → seat-seconds. `unseen: …` stands for blind seconds: known, but in no record."""
    unverified: int = 0
    """Kept, but of samples that nobody can know of: at the edge of a blind second."""
    worst_cut: int = 0
    """The largest move of a cut between two periods, in samples."""
    notes: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not (self.lost or self.doubled or self.changed or self.invented or self.out_of_order)


def compare(
    *,
    runs: Sequence[KeptRun],
    lines: Sequence[Line],
    sensed: Iterable[tuple[int, int]],
    blind: Sequence[Blind] = (),
    most_shift_s: float = 0.01,
) -> Comparison:
    """Hold the store's runs of one room against its lines.

    `sensed` are the seconds (first, end) of the boot clock in which lessons were on.
    `most_shift_s` is how far a sample may have been dated from where it was taken.
    """
    found = Comparison()
    wanted = {second for first, end in sensed for second in range(first, end)}
    in_order = sorted(runs, key=lambda run: run.first_s)
    _check_order(found, in_order)
    gap_seconds: set[int] = set()
    for line in lines:
        unseen = _unseen(blind, line.name)
        unsure = 1 + math.ceil(most_shift_s * line.rate_hz)
        kept = _kept_of(in_order, line)
        _check_kept(found, line, kept, wanted, unsure)
        gap_seconds |= _check_due(found, line, kept, wanted, unsure, in_order, unseen)
        for run in in_order:
            if not len(run.seconds):
                continue
            follower = LineFollower(
                line, most_shift_s=most_shift_s, unseen=unseen.keys(), given_up=_given_up(run)
            )
            verdict = follower.follow(run.seconds, run.values)
            found.changed += verdict.changed
            found.unverified += verdict.unverified
            found.worst_cut = max(found.worst_cut, verdict.worst_cut)
            found.notes += verdict.notes
    found.gap_s = len(gap_seconds)
    return found


def _check_order(found: Comparison, runs: Sequence[KeptRun]) -> None:
    """Within a run seconds rise; a later run of the same boot begins after the one before."""
    last = -1
    for run in runs:
        for second, is_there in zip(run.seconds.tolist(), _any_seat(run), strict=True):
            if not is_there:
                continue
            if second < last:
                found.out_of_order += 1
                found.notes.append(f"second {second} stands after second {last}")
            last = max(last, second)


def _any_seat(run: KeptRun) -> list[bool]:
    if not run.values:
        return [False] * len(run.seconds)
    rows = np.stack([(values != MISSING).any(axis=1) for values in run.values.values()])
    return [bool(there) for there in np.atleast_1d(rows.any(axis=0))]


def _kept_of(runs: Sequence[KeptRun], line: Line) -> dict[int, Counter[int]]:
    """Seat → how often each second is kept with values, over all runs."""
    kept: dict[int, Counter[int]] = {seat: Counter() for seat in line.seats}
    for run in runs:
        for seat in line.seats:
            if seat in run.values:
                there = (run.values[seat] != MISSING).any(axis=1)
                kept[seat].update(run.seconds[there].tolist())
    return kept


def _unseen(blind: Sequence[Blind], line: str) -> dict[int, str]:
    return {
        second: span.why
        for span in blind
        if span.line in (None, line)
        for second in range(span.first_s, span.last_s + 1)
    }


def _given_up(run: KeptRun) -> frozenset[int]:
    """Seconds whose values were computed by the edge, though they are in a gap now."""
    return frozenset(
        second
        for gap in run.gaps
        if gap.reason in ("outbox_full", "damaged")
        for second in range(gap.first_s, gap.last_s + 1)
    )


def _check_kept(
    found: Comparison,
    line: Line,
    kept: dict[int, Counter[int]],
    wanted: set[int],
    unsure: int,
) -> None:
    """Whatever is kept must be there once, and must have been sampled."""
    least = LEAST_SHARE * line.rate_hz - unsure
    counts = line.counts_by_second()
    nothing = np.zeros(len(line.seats), np.int64)
    for i, seat in enumerate(line.seats):
        for second, times in kept[seat].items():
            found.doubled += times - 1
            if times > 1:
                found.notes.append(f"seat {seat}: second {second} is kept {times} times")
            if second not in wanted or counts.get(second, nothing)[i] < least:
                found.invented += 1
                found.notes.append(f"seat {seat}: second {second} is kept, and was not sampled")


def _check_due(
    found: Comparison,
    line: Line,
    kept: dict[int, Counter[int]],
    wanted: set[int],
    unsure: int,
    runs: Sequence[KeptRun],
    unseen: dict[int, str],
) -> set[int]:
    """Whatever was sampled must be kept or in a gap; returns the seconds in gaps."""
    least = LEAST_SHARE * line.rate_hz
    counts = line.counts_by_second()
    nothing = np.zeros(len(line.seats), np.int64)
    gap_seconds: set[int] = set()
    for second in sorted(wanted):
        have = counts.get(second, nothing)
        for i, seat in enumerate(line.seats):
            if kept[seat][second]:
                found.sampled += 1
                found.kept += 1
                continue
            if have[i] < least:
                continue
            why = _gap_reason(runs, seat, second)
            if why is None and second in unseen:
                why = f"unseen: {unseen[second]}"
            if why is None and have[i] < least + unsure:
                continue
            found.sampled += 1
            if why is None:
                found.lost += 1
                found.notes.append(f"seat {seat}: second {second} is lost")
            else:
                found.gap += 1
                found.gap_reasons[why] += 1
                gap_seconds.add(second)
    return gap_seconds


def _gap_reason(runs: Sequence[KeptRun], seat: int, second: int) -> str | None:
    for run in runs:
        for gap in run.gaps:
            if gap.first_s <= second <= gap.last_s and seat in gap.seats:
                # A lesson was on, so nothing was "off".
                return None if gap.reason == "off" else gap.reason
    return None


def kept_runs(reader: PeriodReader, room: str) -> list[KeptRun]:
    """What a room's store holds, read as any other program reads it."""
    return [_kept_run(reader, stream) for stream in reader.streams(room)]


def _kept_run(reader: PeriodReader, stream: Stream) -> KeptRun:
    seqs: list[NDArray[np.int64]] = []
    columns: dict[int, list[NDArray[np.uint16]]] = {}
    for periods in reader.read(stream.id, 0, _EVERYTHING):
        seqs.append(periods.seqs)
        cube = periods.layout.seat_values(periods.values)
        for i, seat in enumerate(periods.layout.seats):
            columns.setdefault(seat, []).append(cube[:, i])
    numbers = np.concatenate(seqs) if seqs else np.empty(0, np.int64)
    return KeptRun(
        run=stream.run,
        first_s=stream.run_boot_ns // SECOND_NS,
        seconds=(stream.run_boot_ns + numbers * stream.period_ns) // SECOND_NS,
        values={seat: np.concatenate(parts) for seat, parts in columns.items()},
        gaps=tuple(
            KeptGap(
                first_s=(stream.run_boot_ns + gap.first_seq * stream.period_ns) // SECOND_NS,
                last_s=(stream.run_boot_ns + gap.last_seq * stream.period_ns) // SECOND_NS,
                seats=frozenset(gap.seats),
                reason=gap.reason,
            )
            for gap in reader.gaps(stream.id)
        ),
    )
