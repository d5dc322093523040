"""Compares the store at rest with what truly went over the hubs' lines.

From the trace of each line, the oracle computes the expected values of every seat-second and every
second of the room's sound, with the shared quantity code and on the grid of periods from the edge's
birth. The store has to have each of them once, in order, and exactly equal.

One tolerance is unavoidable: ticks are dated with an error of some milliseconds, so a sample close
to the edge of a second may count for its neighbour. But between two periods there is one cut: every
sample before it belongs to the first, every sample after it to the second. The oracle may move that
cut by as many samples as the dating error allows, and nothing else. With the right cut the values
must be exactly equal.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities.motion import MIN_SHARE
from contract.quantities.table import MISSING
from roomtone.audit.expected import LEVELS_A_SECOND, AuditLine, FollowResult, LineFollower
from roomtone.audit.kept_runs import KeptRun

__all__ = ["AuditResult", "Blind", "Outcome", "audit_room"]

_NO_EXCUSE: Final = frozenset({"off", "serial"})
"""Gap reasons that can't be true for a second of a lesson whose samples went over the line. Seconds
in which nobody could receive them are known from `Blind`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """Seconds in which nobody could receive a line's samples, for a known reason that the fault caused."""

    first_s: int
    last_s: int
    why: str
    line: str | None = None
    """The hub; None: all hubs."""


@dataclass(slots=True, kw_only=True)
class Outcome(FollowResult):
    """What became of the seats' seconds, or of the seconds of the room's sound."""

    sampled: int = 0
    """Seconds with enough samples on the line."""
    kept: int = 0
    lost: int = 0
    doubled: int = 0
    invented: int = 0
    """Kept, although nothing was sampled."""
    gap: int = 0

    @property
    def is_exact(self) -> bool:
        return not (self.lost or self.doubled or self.changed or self.invented)


@dataclass(slots=True, kw_only=True)
class AuditResult(Outcome):
    """The result of an audit. All counts but `gap_s` and `worst_cut` are in seat-seconds."""

    out_of_order: int = 0
    gap_s: int = 0
    """Seconds with at least one sampled seat that is in a gap, or in a blind second."""
    gap_reasons: Counter[str] = field(default_factory=Counter)
    """Reason → seat-seconds. `unseen: …` means blind seconds, which no record mentions."""
    sound: Outcome = field(init=False)

    def __post_init__(self) -> None:
        self.sound = Outcome(notes=self.notes)

    @property
    def is_whole(self) -> bool:
        return self.is_exact and not self.out_of_order and self.sound.is_exact


def audit_room(
    *,
    runs: Sequence[KeptRun],
    lines: Sequence[AuditLine],
    sensed: Iterable[tuple[int, int]],
    blind: Sequence[Blind] = (),
    earlier: Sequence[KeptRun] = (),
    max_shift_s: float = 0.01,
    found: AuditResult | None = None,
) -> AuditResult:
    """Compare the store's runs of one room with its lines.

    `sensed` are the seconds (first, end) of the boot clock with lessons. `earlier` is the content
    of the store before it was damaged: it shows the cuts there. `max_shift_s` is the maximum error
    of a sample's date. The result is added to `found`.
    """
    found = AuditResult() if found is None else found
    wanted = {second for first, end in sensed for second in range(first, end)}
    in_order = sorted(runs, key=lambda run: run.first_s)
    _check_order(found, in_order)
    gap_seconds: set[int] = set()
    for line in lines:
        audit = _LineAudit(
            line=line,
            runs=in_order,
            wanted=wanted,
            unseen=_unseen(blind, line.name),
            earlier=earlier,
            max_shift_s=max_shift_s,
        )
        counts = line.counts_by_second()
        for i, seat in enumerate(line.seats):
            own = {second: int(row[i]) for second, row in counts.items()}
            gaps = audit.check(found, seat, own)
            found.gap_reasons.update(gaps.values())
            gap_seconds |= gaps.keys()
        audit.follow(found, line.seats)
        if len(line.levels):
            audit.check(found.sound, None, line.levels_by_second())
            audit.follow(found.sound, None)
    found.gap_s += len(gap_seconds)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _LineAudit:
    """The store's runs beside one line. A seat is its number; None is the room's sound."""

    line: AuditLine
    runs: Sequence[KeptRun]
    wanted: set[int]
    unseen: dict[int, str]
    earlier: Sequence[KeptRun]
    max_shift_s: float

    def check(self, result: Outcome, seat: int | None, counts: Mapping[int, int]) -> dict[int, str]:
        """Every kept second must exist once and have been sampled, and every sampled second must be
        kept or in a gap; returns second → reason of the latter.

        `counts` are the samples on the line by second.
        """
        name = "sound" if seat is None else f"seat {seat}"
        rate_hz = LEVELS_A_SECOND if seat is None else self.line.rate_hz
        least, unsure = MIN_SHARE * rate_hz, 1 + math.ceil(self.max_shift_s * rate_hz)
        kept = self._kept(seat)
        for second, times in kept.items():
            result.doubled += times - 1
            if times > 1:
                result.notes.append(f"{name}: second {second} is kept {times} times")
            if second not in self.wanted or counts.get(second, 0) < least - unsure:
                result.invented += 1
                result.notes.append(f"{name}: second {second} is kept, but was not sampled")
        gaps: dict[int, str] = {}
        for second in sorted(self.wanted):
            have = counts.get(second, 0)
            if kept[second]:
                result.sampled += 1
                result.kept += 1
            elif have >= least:
                why = self._gap_reason(seat, second)
                if why is not None:
                    result.sampled += 1
                    result.gap += 1
                    gaps[second] = why
                elif have >= least + unsure:
                    result.sampled += 1
                    result.lost += 1
                    result.notes.append(f"{name}: second {second} is lost")
        return gaps

    def follow(self, result: Outcome, seats: Sequence[int] | None) -> None:
        """Compare the kept values of these seats, or of the sound, with the line."""
        track = self.line.sound() if seats is None else self.line.motion()
        for run in self.runs:
            if not len(run.seconds) or (seats is None and run.room is None):
                continue
            follower = LineFollower(
                track, max_shift_s=self.max_shift_s, unseen=self.unseen.keys(),
                given_up=_given_up(run),
            )  # fmt: skip
            follower.follow(*_undamaged(run, self.earlier, seats), result)

    def _kept(self, seat: int | None) -> Counter[int]:
        """How often each second is kept with values, over all runs."""
        kept = Counter[int]()
        for run in self.runs:
            values = run.room if seat is None else run.values.get(seat)
            if values is not None:
                kept.update(run.seconds[(values != MISSING).any(axis=1)].tolist())
        return kept

    def _gap_reason(self, seat: int | None, second: int) -> str | None:
        for run in self.runs:
            for gap in run.gaps:
                is_covered = gap.has_room if seat is None else seat in gap.seats
                is_covered = is_covered and gap.first_s <= second <= gap.last_s
                if is_covered and gap.reason not in _NO_EXCUSE:
                    return gap.reason
        return f"unseen: {self.unseen[second]}" if second in self.unseen else None


def _undamaged(
    run: KeptRun, earlier: Sequence[KeptRun], seats: Sequence[int] | None
) -> tuple[NDArray[np.int64], NDArray[np.uint16]]:
    """Seconds and rows of some seats, or of the sound (None), with the values from before damage."""
    if not earlier:
        return run.seconds, _rows(run, seats)
    rows = dict(zip(run.seconds.tolist(), _rows(run, seats), strict=True))
    given_up = _given_up(run)
    for before in earlier:
        if before.run == run.run:
            for second, row in zip(before.seconds.tolist(), _rows(before, seats), strict=True):
                is_gone = second not in rows or (rows[second] == MISSING).all()
                if second in given_up and is_gone:
                    rows[second] = row
    seconds = sorted(rows)
    return np.array(seconds, np.int64), np.stack([rows[second] for second in seconds])


def _rows(run: KeptRun, seats: Sequence[int] | None) -> NDArray[np.uint16]:
    if seats is not None:
        return np.stack([run.values[seat] for seat in seats], axis=1)
    assert run.room is not None
    return run.room[:, None, :]


def _check_order(found: AuditResult, runs: Sequence[KeptRun]) -> None:
    """Seconds must rise within a run, and a later run of the same boot must begin later."""
    last = -1
    for run in runs:
        is_there = np.zeros(len(run.seconds), bool)
        for values in run.values.values():
            is_there |= (values != MISSING).any(axis=1)
        for second in run.seconds[is_there].tolist():
            if second < last:
                found.out_of_order += 1
                found.notes.append(f"second {second} comes after second {last}")
            last = max(last, second)


def _unseen(blind: Sequence[Blind], line: str) -> dict[int, str]:
    return {
        second: span.why
        for span in blind
        if span.line in (None, line)
        for second in range(span.first_s, span.last_s + 1)
    }


def _given_up(run: KeptRun) -> frozenset[int]:
    """Seconds whose values the edge computed, although they are in a gap now."""
    return frozenset(
        second
        for gap in run.gaps
        if gap.reason in ("outbox_full", "damaged")
        for second in range(gap.first_s, gap.last_s + 1)
    )
