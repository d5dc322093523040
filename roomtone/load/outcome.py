"""What became of a load: counted in the store, compared value by value, and said in sentences."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Final

from ingest.stores.protocol import PeriodReader, ScoreStore
from models.features.seat_features import MIN_EPOCHS
from roomtone.load.messages import Kit
from roomtone.load.plan import EPOCH, LoadPlan
from roomtone.load.processes import ProcessUse
from roomtone.load.watching import lesson_id

__all__ = ["KeptCount", "Outcome", "count_kept", "count_scored"]

_EVERYTHING: Final = 1 << 36


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCount:
    """The periods that a store has of a load."""

    kept: int
    """Each once, with the values that were sent."""
    changed: int
    """With other values."""
    doubled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The figures of a load. Counts are periods: one second of one room each."""

    rooms: int
    seats: int
    rate: float
    minutes: float
    sent: int
    kept: int
    scored: int | None
    """None where the scorer is not ours to read; so are the delays of scores."""
    late_p50_s: float | None
    late_p99_s: float | None
    late_max_s: float | None
    changed: int
    doubled: int
    resent: int
    messages: int
    values: int
    send_late_p99_s: float
    """The sender's own part: from the end of a second to its publication."""
    ack_p50_s: float
    ack_p99_s: float
    faults: tuple[str, ...]
    processes: list[ProcessUse]

    @property
    def is_whole(self) -> bool:
        """Everything that was due was kept and, where that is known, scored."""
        due = self.rooms * round(self.minutes * 60)
        return (
            self.sent == self.kept == due
            and not (self.changed or self.doubled)
            and self.scored in (None, due)
        )

    def as_json(self) -> str:
        return json.dumps(asdict(self))

    def lines(self) -> list[str]:
        """What a person reads."""
        due = self.rooms * round(self.minutes * 60)
        sent = (
            f"sent       {self.sent:,} of {due:,} seconds of {self.rooms:,} rooms with {self.seats} "
            f"seats ({self.values:,} values) in {self.messages:,} messages; {self.resent:,} again"
        )
        kept = (
            f"kept       {self.kept:,}; {self.doubled:,} twice, {self.changed:,} with other values; "
            f"acknowledged {self.ack_p50_s:.2f} s (p99 {self.ack_p99_s:.2f} s) after a second's end"
        )
        lines = [sent, kept]
        if self.scored is not None:
            late = "nothing was scored"
            if self.late_p99_s is not None:
                late = (
                    f"to be seen {self.late_p50_s:.2f} s (p99 {self.late_p99_s:.2f} s, at most "
                    f"{self.late_max_s:.2f} s) after the end of {EPOCH} seconds"
                )
            lines.append(f"scored     {self.scored:,}; {late}")
        lines.append(
            f"sender     {self.send_late_p99_s:.3f} s late at p99: these are in all delays above"
        )
        lines += [
            f"{each.name:<10} {each.cpu_s:.1f} s of CPU, {each.cpu_share:.1%} of a core; "
            f"{each.memory_quarter_mb:.0f} MB after a quarter of the time, {each.memory_mb:.0f} MB at "
            f"the end, {each.memory_peak_mb:.0f} MB at most"
            for each in self.processes
        ]
        if not self.is_whole:
            lines.append("not whole  something was lost, changed, doubled, or not scored")
        return lines


def count_kept(reader: PeriodReader, kits: list[Kit]) -> KeptCount:
    """Read every room's periods, as any other program does, and compare all values."""
    kept = changed = doubled = 0
    for kit in kits:
        seqs: list[int] = []
        for stream in reader.streams(kit.room):
            if stream.key != (kit.node, kit.run, 0):
                continue
            for periods in reader.read(stream.id, 0, _EVERYTHING):
                rows = [kit.row_of(seq) for seq in periods.seqs.tolist()]
                is_same = periods.layout == kit.rows.layout
                right = int(
                    (periods.values == kit.rows.values[rows]).all(axis=1).sum() if is_same else 0
                )
                kept += right
                changed += len(rows) - right
                seqs += periods.seqs.tolist()
        doubled += len(seqs) - len(set(seqs))
    return KeptCount(kept=kept, changed=changed, doubled=doubled)


def count_scored(scores: ScoreStore, plan: LoadPlan) -> int:
    """The periods of all epochs that were scored.

    In a lesson's first minute seats have no normal yet, so that an epoch has no movement. Later one
    without movement is a hole.
    """
    return EPOCH * sum(
        epoch.first_seq < MIN_EPOCHS * EPOCH or math.isfinite(epoch.zones[0].movement_db)
        for room in range(plan.rooms)
        for epoch in scores.epochs(lesson_id(room))
    )
