"""One fault at one place: the tools it may use, its evidence, and its result."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from roomtone.audit.oracle import AuditResult
from roomtone.audit.tally import tally
from roomtone.faults.children import FaultError
from roomtone.faults.room import FaultRoom, RoomPlan
from roomtone.faults.server import Server

__all__ = ["Case", "Fault", "Result"]

_DRAIN_S: Final = 60.0
_MIN_KEPT_PER_SECOND: Final = 250.0
"""Periods of backlog that even a busy machine stores per second."""

_WARM_S: Final = (0.7, 1.4)
"""Real time before the fault strikes: minimum and maximum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row of the registry."""

    run: Callable[[Case], None]
    places: tuple[str, ...]
    quick: tuple[str, ...] = ()
    """The places that `--quick` runs."""
    is_long: bool = False
    """It takes minutes, and starts before the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of the table. Counts are seat-seconds; the last two are seconds."""

    fault: str
    where: str
    sampled: int
    kept: int
    lost: int
    doubled: int
    out_of_order: int
    changed: int
    """Kept with a wrong value, or without having been sampled."""
    gap_s: float
    recovery_s: float | None
    struck: tuple[str, ...]
    """Evidence that the fault took effect."""
    gaps: dict[str, int]
    """Reason → seat-seconds."""
    worst_cut: int
    """Maximum number of samples dated across the edge of a second."""
    sound_sampled: int
    """Seconds of the room's sound that went over the line."""
    sound_kept: int
    """Seconds of sound kept; `error` says if any of them is not kept once and exactly equal."""
    seed: int
    drawn: dict[str, float]
    """The values drawn from the seed for this fault: when it strikes, how long, where, how much."""
    notes: tuple[str, ...]
    error: str | None

    @property
    def is_good(self) -> bool:
        faults = self.lost or self.doubled or self.out_of_order or self.changed
        return not faults and self.error is None and bool(self.struck) and self.kept > 0


@dataclass(slots=True, kw_only=True)
class Case:
    """The argument of a fault's `run`. Times are real seconds."""

    fault: str
    where: str
    folder: Path
    seed: int
    shared_server: Callable[[], Server]
    report: Callable[[str], None]
    struck: list[str] = field(default_factory=list)
    recovery_s: float | None = None
    found: AuditResult = field(default_factory=AuditResult)
    errors: list[str] = field(default_factory=list)
    drawn: dict[str, float] = field(default_factory=dict)
    has_counters: bool = True
    """Whether the edge could send its last counters; then they are checked as well."""
    _over_s: float | None = None

    def draw(self, what: str, low: float, high: float) -> float:
        """Draw a number between two; the same seed, fault, place and name give the same number."""
        generator = random.Random(f"{self.seed} {self.fault} {self.where} {what}")
        found = self.drawn[what] = round(generator.uniform(low, high), 3)
        return found

    def pick(self, what: str, n: int) -> int:
        """Draw a whole number from 0 to n - 1 in the same way."""
        generator = random.Random(f"{self.seed} {self.fault} {self.where} {what}")
        found = generator.randrange(n)
        self.drawn[what] = found
        return found

    def room(
        self, plan: RoomPlan | None = None, *, server: Server | None = None, name: str | None = None
    ) -> FaultRoom:
        """A room whose hubs run once it is entered; its edge is not started yet."""
        name = name or f"{self.fault}-{self.where}".replace("_", "-")[:32]
        plan = plan or RoomPlan(seed=self.seed)
        return FaultRoom(name, server or self.shared_server(), plan, folder=self.folder / name)

    @contextmanager
    def lesson(
        self, plan: RoomPlan | None = None, *, server: Server | None = None
    ) -> Iterator[FaultRoom]:
        """A room with a lesson that has just begun; judged on leaving."""
        with self.room(plan, server=server) as room:
            room.begin()
            room.sample_for(self.draw("strikes_after_s", *_WARM_S))
            yield room
            room.finish()
            self.judge(room)

    def took_effect(self, proof: str) -> None:
        """Record evidence that the fault took effect."""
        self.struck.append(proof)
        self.report(f"{self.fault}/{self.where}: {proof}")

    def no_effect(self, why: str) -> FaultError:
        """The error to raise if the fault did not take effect."""
        return FaultError(f"the fault did not take effect: {why}")

    def over(self) -> None:
        """Record the end of the fault; recovery is measured from here."""
        self._over_s = time.monotonic()

    def recovered(self) -> None:
        if self._over_s is None:
            raise FaultError("Recovery can't be measured before the fault is over.")
        self.recovery_s = time.monotonic() - self._over_s

    def recover(self, room: FaultRoom, *, backlog: int = 0) -> None:
        """Wait until the room has caught up, and measure the time; a `backlog` may take longer."""
        room.wait_until_caught_up(_DRAIN_S + backlog / _MIN_KEPT_PER_SECOND)
        self.recovered()

    def judge(self, room: FaultRoom, only: Collection[int] | None = None) -> None:
        """Audit the room, and check the edge's own counters."""
        room.judge(self.found, only)
        if self.has_counters:
            counters = tally(room.reader, room=room.name)
            if counters.lost or counters.doubled or counters.waiting:
                self.errors.append(f"the edge's own counters do not add up: {asdict(counters)}")

    def result(self, error: str | None) -> Result:
        found = self.found
        errors = [error] if error else []
        if not self.struck:
            errors.append("nothing shows that the fault took effect")
        errors += self.errors
        sound = found.sound
        if not sound.is_exact:
            errors.append(
                f"{sound.lost} s of the room's sound are lost, {sound.doubled} doubled, "
                f"{sound.changed + sound.invented} changed"
            )
        if sound.sampled and not sound.kept:
            errors.append("none of the room's sound is kept")
        return Result(
            fault=self.fault,
            where=self.where,
            sampled=found.sampled,
            kept=found.kept,
            lost=found.lost,
            doubled=found.doubled,
            out_of_order=found.out_of_order,
            changed=found.changed + found.invented,
            gap_s=float(found.gap_s),
            recovery_s=None if self.recovery_s is None else round(self.recovery_s, 2),
            struck=tuple(self.struck),
            gaps=dict(found.gap_reasons),
            worst_cut=found.worst_cut,
            sound_sampled=sound.sampled,
            sound_kept=sound.kept,
            seed=self.seed,
            drawn=dict(self.drawn),
            notes=tuple(found.notes),
            error="; ".join(errors) or None,
        )
