"""One fault at one place: what it may use, what it must show, and what came of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from roomtone.audit.oracle import Comparison, Sound
from roomtone.audit.tally import tally
from roomtone.faults.children import FaultError
from roomtone.faults.room import Plan, Room
from roomtone.faults.server import Server

__all__ = ["Case", "Fault", "Result"]

_DRAIN_S: Final = 60.0
_LEAST_A_SECOND: Final = 250.0
"""Periods of backlog that are kept in a second even on a machine with much else to do."""

_WARM_S: Final = (0.7, 1.4)
"""Real time that a lesson runs before it is struck, at least and at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row of the registry."""

    run: Callable[[Case], None]
    places: tuple[str, ...]
    quick: tuple[str, ...] = ()
    """The places at which `--quick` runs it."""
    is_long: bool = False
    """It takes minutes, and begins before the others."""


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
    """Kept with another value than was sampled, or without having been sampled."""
    gap_s: float
    recovery_s: float | None
    struck: tuple[str, ...]
    """What shows that the fault took effect."""
    gaps: dict[str, int]
    """Reason → seat-seconds."""
    worst_cut: int
    """How many samples at most were dated over the edge of a second."""
    sound_sampled: int
    """Seconds of the room's sound that went over the line."""
    sound_kept: int
    """… that are kept, each once and equal to the last bit, or `error` says so."""
    seed: int
    drawn: dict[str, float]
    """What the seed has drawn for this fault: when it strikes, how long, where, how much."""
    notes: tuple[str, ...]
    error: str | None

    @property
    def is_good(self) -> bool:
        faults = self.lost or self.doubled or self.out_of_order or self.changed
        return not faults and self.error is None and bool(self.struck) and self.kept > 0


@dataclass(slots=True, kw_only=True)
class Case:
    """Handed to a fault's `run`. Times are real seconds."""

    fault: str
    where: str
    folder: Path
    seed: int
    shared_server: Callable[[], Server]
    say: Callable[[str], None]
    struck: list[str] = field(default_factory=list)
    recovery_s: float | None = None
    found: Comparison = field(default_factory=Comparison)
    errors: list[str] = field(default_factory=list)
    drawn: dict[str, float] = field(default_factory=dict)
    has_books: bool = True
    """The edge lived to tell its last count: it is held to account as well."""
    _over_s: float | None = None

    def draw(self, what: str, low: float, high: float) -> float:
        """A figure between two from the seed: the same for the same fault, place, seed and name."""
        generator = random.Random(f"{self.seed} {self.fault} {self.where} {what}")
        found = self.drawn[what] = round(generator.uniform(low, high), 3)
        return found

    def pick(self, what: str, n: int) -> int:
        """A whole number from 0 to n - 1, likewise."""
        generator = random.Random(f"{self.seed} {self.fault} {self.where} {what}")
        found = generator.randrange(n)
        self.drawn[what] = found
        return found

    @contextmanager
    def room(
        self, plan: Plan | None = None, *, server: Server | None = None, name: str | None = None
    ) -> Iterator[Room]:
        """A room with its hubs on; nothing else of it runs yet."""
        name = name or f"{self.fault}-{self.where}".replace("_", "-")[:32]
        plan = plan or Plan(seed=self.seed)
        with Room(name, server or self.shared_server(), plan, folder=self.folder / name) as room:
            yield room

    @contextmanager
    def lesson(self, plan: Plan | None = None, *, server: Server | None = None) -> Iterator[Room]:
        """A room in which a lesson has been on for a moment; judged on leaving."""
        with self.room(plan, server=server) as room:
            room.begin()
            room.sample_for(self.draw("strikes_after_s", *_WARM_S))
            yield room
            room.finish()
            self.judge(room)

    def hit(self, proof: str) -> None:
        """The fault took effect, and this shows it."""
        self.struck.append(proof)
        self.say(f"{self.fault}/{self.where}: {proof}")

    def fizzled(self, why: str) -> FaultError:
        """What to raise when the fault did not take effect."""
        return FaultError(f"the fault did not take effect: {why}")

    def over(self) -> None:
        """The fault has ended: from here on recovery is measured."""
        self._over_s = time.monotonic()

    def recovered(self) -> None:
        if self._over_s is None:
            raise FaultError("recovery can't be measured before the fault is over.")
        self.recovery_s = time.monotonic() - self._over_s

    def recover(self, room: Room, *, backlog: int = 0) -> None:
        """Wait until the room has caught up, and measure it; `backlog` periods may take longer."""
        room.wait_until_caught_up(_DRAIN_S + backlog / _LEAST_A_SECOND)
        self.recovered()

    def judge(self, room: Room, only: Collection[int] | None = None) -> None:
        """Ask the oracle, and compare with the edge's own counters."""
        found = room.judge(only)
        self.found = found if not self.found.sampled else _sum(self.found, found)
        if self.has_books:
            books = tally(room.reader, room=room.name)
            if books.lost or books.doubled or books.waiting:
                self.errors.append(f"the edge's own books do not balance: {books.as_dict()}")

    def result(self, error: str | None) -> Result:
        found = self.found
        errors = [error] if error else []
        if not self.struck:
            errors.append("nothing shows that the fault took effect")
        errors += self.errors
        sound = found.sound
        if not sound.is_whole:
            errors.append(
                f"of the room's sound {sound.lost} s are lost, {sound.doubled} doubled, "
                f"{sound.changed} changed"
            )
        if sound.sampled and not sound.kept:
            errors.append("nothing of the room's sound is kept")
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


def _sum(one: Comparison, other: Comparison) -> Comparison:
    return Comparison(
        sampled=one.sampled + other.sampled,
        kept=one.kept + other.kept,
        lost=one.lost + other.lost,
        doubled=one.doubled + other.doubled,
        changed=one.changed + other.changed,
        invented=one.invented + other.invented,
        out_of_order=one.out_of_order + other.out_of_order,
        gap=one.gap + other.gap,
        gap_s=one.gap_s + other.gap_s,
        gap_reasons=one.gap_reasons + other.gap_reasons,
        unverified=one.unverified + other.unverified,
        worst_cut=max(one.worst_cut, other.worst_cut),
        sound=Sound(
            sampled=one.sound.sampled + other.sound.sampled,
            kept=one.sound.kept + other.sound.kept,
            lost=one.sound.lost + other.sound.lost,
            doubled=one.sound.doubled + other.sound.doubled,
            changed=one.sound.changed + other.sound.changed,
            gap=one.sound.gap + other.sound.gap,
            worst_cut=max(one.sound.worst_cut, other.sound.worst_cut),
        ),
        notes=one.notes + other.notes,
    )
