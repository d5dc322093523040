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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities.motion import MIN_SHARE
from contract.quantities.table import MISSING
from roomtone.audit.expected import LEVELS_A_SECOND, AuditLine, FollowResult, LineFollower
from roomtone.audit.kept_runs import KeptRun

__all__ = ["AuditResult", "Blind", "SoundResult", "audit_room"]

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
class SoundResult:
    """The result for the room's sound, in seconds."""

    sampled: int = 0
    kept: int = 0
    lost: int = 0
    doubled: int = 0
    changed: int = 0
    """Kept, but different from what was sampled, or not sampled at all."""
    gap: int = 0
    worst_cut: int = 0
    """In levels of an eighth of a second."""

    @property
    def is_whole(self) -> bool:
        return not (self.lost or self.doubled or self.changed)


@dataclass(slots=True, kw_only=True)
class AuditResult:
    """The result of an audit. All counts but `gap_s` and `worst_cut` are in seat-seconds."""

    sampled: int = 0
    """Seat-seconds with enough samples on the line."""
    kept: int = 0
    lost: int = 0
    doubled: int = 0
    changed: int = 0
    """Kept, but different from what was sampled."""
    invented: int = 0
    """Kept, although nothing was sampled."""
    out_of_order: int = 0
    gap: int = 0
    gap_s: int = 0
    """Seconds with at least one sampled seat that is in a gap, or in a blind second."""
    gap_reasons: Counter[str] = field(default_factory=Counter)
    """Reason → seat-seconds. `unseen: …` means blind seconds, which no record mentions."""
    unverified: int = 0
    """Kept, but not verifiable, because it is at the edge of a blind second."""
    worst_cut: int = 0
    """The largest shift of a cut between two periods, in samples."""
    sound: SoundResult = field(default_factory=SoundResult)
    notes: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        wrong = self.lost or self.doubled or self.changed or self.invented or self.out_of_order
        return not wrong and self.sound.is_whole


def audit_room(
    *,
    runs: Sequence[KeptRun],
    lines: Sequence[AuditLine],
    sensed: Iterable[tuple[int, int]],
    blind: Sequence[Blind] = (),
    earlier: Sequence[KeptRun] = (),
    max_shift_s: float = 0.01,
) -> AuditResult:
    """Compare the store's runs of one room with its lines.

    `sensed` are the seconds (first, end) of the boot clock with lessons. `earlier` is the content
    of the store before it was damaged: it shows the cuts there. `max_shift_s` is the maximum error
    of a sample's date.
    """
    found = AuditResult()
    wanted = {second for first, end in sensed for second in range(first, end)}
    in_order = sorted(runs, key=lambda run: run.first_s)
    _check_order(found, in_order)
    gap_seconds: set[int] = set()
    for line in lines:
        unseen = _unseen(blind, line.name)
        unsure = 1 + math.ceil(max_shift_s * line.rate_hz)
        kept = _kept_of(in_order, line)
        _check_kept(found, line, kept, wanted, unsure)
        gap_seconds |= _check_due(found, line, kept, wanted, unsure, in_order, unseen)
        for run in in_order:
            if not len(run.seconds):
                continue
            follower = LineFollower(
                line.motion(), max_shift_s=max_shift_s, unseen=unseen.keys(),
                given_up=_given_up(run),
            )  # fmt: skip
            verdict = follower.follow(*_undamaged(run, earlier, line.seats))
            found.changed += verdict.changed
            found.unverified += verdict.unverified
            found.worst_cut = max(found.worst_cut, verdict.worst_cut)
            found.notes += verdict.notes
        if len(line.levels):
            _compare_sound(found, line, in_order, wanted, unseen, earlier, max_shift_s)
    found.gap_s = len(gap_seconds)
    return found


def _compare_sound(
    found: AuditResult,
    line: AuditLine,
    runs: Sequence[KeptRun],
    wanted: set[int],
    unseen: dict[int, str],
    earlier: Sequence[KeptRun],
    max_shift_s: float,
) -> None:
    """The same for the room's sound; this line has the levels."""
    sound, counts = found.sound, line.levels_by_second()
    unsure = 1 + math.ceil(max_shift_s * LEVELS_A_SECOND)
    least = MIN_SHARE * LEVELS_A_SECOND
    kept = Counter[int]()
    for run in runs:
        if run.room is not None:
            kept.update(run.seconds[(run.room != MISSING).any(axis=1)].tolist())
    for second in sorted(wanted | kept.keys()):
        have, times = counts.get(second, 0), kept[second]
        is_in_gap = _is_sound_gap(runs, second) or second in unseen
        if times:
            sound.sampled += 1
            sound.kept += 1
            sound.doubled += times - 1
            if second not in wanted or have < least - unsure:
                sound.changed += 1
                found.notes.append(f"sound: second {second} is kept, but was not sampled")
        elif have >= least + (0 if is_in_gap else unsure):
            sound.sampled += 1
            sound.gap += is_in_gap
            if not is_in_gap:
                sound.lost += 1
                found.notes.append(f"sound: second {second} is lost")
    for run in runs:
        if run.room is not None and len(run.seconds):
            verdict = _followed_sound(line, run, unseen, earlier, max_shift_s)
            sound.changed += verdict.changed
            sound.worst_cut = max(sound.worst_cut, verdict.worst_cut)
            found.notes += verdict.notes


def _followed_sound(
    line: AuditLine,
    run: KeptRun,
    unseen: dict[int, str],
    earlier: Sequence[KeptRun],
    max_shift_s: float,
) -> FollowResult:
    follower = LineFollower(
        line.sound(), max_shift_s=max_shift_s, unseen=unseen.keys(), given_up=_given_up(run)
    )
    return follower.follow(*_undamaged(run, earlier, None))


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


def _is_sound_gap(runs: Sequence[KeptRun], second: int) -> bool:
    return any(
        gap.has_room and gap.reason not in _NO_EXCUSE and gap.first_s <= second <= gap.last_s
        for run in runs
        for gap in run.gaps
    )


def _check_order(found: AuditResult, runs: Sequence[KeptRun]) -> None:
    """Seconds must rise within a run, and a later run of the same boot must begin later."""
    last = -1
    for run in runs:
        for second, is_there in zip(run.seconds.tolist(), _any_seat(run), strict=True):
            if not is_there:
                continue
            if second < last:
                found.out_of_order += 1
                found.notes.append(f"second {second} comes after second {last}")
            last = max(last, second)


def _any_seat(run: KeptRun) -> list[bool]:
    if not run.values:
        return [False] * len(run.seconds)
    rows = np.stack([(values != MISSING).any(axis=1) for values in run.values.values()])
    return [bool(there) for there in np.atleast_1d(rows.any(axis=0))]


def _kept_of(runs: Sequence[KeptRun], line: AuditLine) -> dict[int, Counter[int]]:
    """Seat → number of times each second is kept with values, over all runs."""
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
    """Seconds whose values the edge computed, although they are in a gap now."""
    return frozenset(
        second
        for gap in run.gaps
        if gap.reason in ("outbox_full", "damaged")
        for second in range(gap.first_s, gap.last_s + 1)
    )


def _check_kept(
    found: AuditResult,
    line: AuditLine,
    kept: dict[int, Counter[int]],
    wanted: set[int],
    unsure: int,
) -> None:
    """Every kept second must exist only once, and must have been sampled."""
    least = MIN_SHARE * line.rate_hz - unsure
    counts = line.counts_by_second()
    nothing = np.zeros(len(line.seats), np.int64)
    for i, seat in enumerate(line.seats):
        for second, times in kept[seat].items():
            found.doubled += times - 1
            if times > 1:
                found.notes.append(f"seat {seat}: second {second} is kept {times} times")
            if second not in wanted or counts.get(second, nothing)[i] < least:
                found.invented += 1
                found.notes.append(f"seat {seat}: second {second} is kept, but was not sampled")


def _check_due(
    found: AuditResult,
    line: AuditLine,
    kept: dict[int, Counter[int]],
    wanted: set[int],
    unsure: int,
    runs: Sequence[KeptRun],
    unseen: dict[int, str],
) -> set[int]:
    """Every sampled second must be kept or in a gap; returns the seconds in gaps."""
    least = MIN_SHARE * line.rate_hz
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
            is_covered = gap.first_s <= second <= gap.last_s and seat in gap.seats
            if is_covered and gap.reason not in _NO_EXCUSE:
                return gap.reason
    return None
