"""Time as the programs see it, passed in everywhere so that a test or a simulation can own it.

Two kinds of time are kept apart. *Elapsed* time drives network, spill and retry timers and is
always real. *Observed* time is what readings are placed on: the boot clock and UTC. A simulation
may run observed time faster than elapsed time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, Protocol

from contract.errors import UsageError

__all__ = ["Clock", "ManualClock", "ScaledClock", "SystemClock", "simulated_clock"]

SECOND_NS = 1_000_000_000
_HIGHEST_SPEED: Final = 1000


class Clock(Protocol):
    """Where a program gets its time from. All values are nanoseconds."""

    def elapsed_ns(self) -> int:
        """Monotonic time for timers; never scaled."""

    def boot_ns(self) -> int:
        """The observed boot clock: monotonic, and restarts at each boot."""

    def utc_ns(self) -> int:
        """Observed UTC since 1970-01-01."""

    def boot_zero_utc_ns(self) -> int:
        """UTC minus boot clock, read together: the UTC at which the boot clock showed zero."""

    def elapsed_until(self, boot_ns: int) -> float:
        """Seconds of elapsed time until the boot clock shows `boot_ns`; 0 or less if it has."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clocks; the boot clock is CLOCK_MONOTONIC."""

    def elapsed_ns(self) -> int:
        return time.monotonic_ns()

    def boot_ns(self) -> int:
        return time.monotonic_ns()

    def utc_ns(self) -> int:
        return time.time_ns()

    def boot_zero_utc_ns(self) -> int:
        before_ns = time.monotonic_ns()
        utc_ns = time.time_ns()
        return utc_ns - (before_ns + time.monotonic_ns()) // 2

    def elapsed_until(self, boot_ns: int) -> float:
        return (boot_ns - time.monotonic_ns()) / SECOND_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledClock:
    """Observed time runs `speed` times as fast as elapsed time from a shared anchor on.

    Every process of a simulation that is given the same three numbers sees the same observed
    time, because `anchor_ns` is on the machine's monotonic clock. Before the anchor, observed
    time runs at the same rate.
    """

    speed: float
    anchor_ns: int
    utc_at_anchor_ns: int

    def elapsed_ns(self) -> int:
        return time.monotonic_ns()

    def boot_ns(self) -> int:
        return self.anchor_ns + round((time.monotonic_ns() - self.anchor_ns) * self.speed)

    def utc_ns(self) -> int:
        return self.boot_zero_utc_ns() + self.boot_ns()

    def boot_zero_utc_ns(self) -> int:
        return self.utc_at_anchor_ns - self.anchor_ns

    def elapsed_until(self, boot_ns: int) -> float:
        return (boot_ns - self.boot_ns()) / self.speed / SECOND_NS


@dataclass(slots=True)
class ManualClock:
    """A clock for tests: it stands still until it is moved."""

    now_ns: int = 0
    utc_at_boot_ns: int = 1_760_000_000 * SECOND_NS

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND_NS)

    def elapsed_ns(self) -> int:
        return self.now_ns

    def boot_ns(self) -> int:
        return self.now_ns

    def utc_ns(self) -> int:
        return self.utc_at_boot_ns + self.now_ns

    def boot_zero_utc_ns(self) -> int:
        return self.utc_at_boot_ns

    def elapsed_until(self, boot_ns: int) -> float:
        return (boot_ns - self.now_ns) / SECOND_NS


def simulated_clock(text: str) -> ScaledClock:
    """The clock that SPEED:ANCHOR_NS:UTC_NS describes; raises UsageError."""
    try:
        speed, anchor_ns, utc_ns = text.split(":")
        clock = ScaledClock(
            speed=float(speed), anchor_ns=int(anchor_ns), utc_at_anchor_ns=int(utc_ns)
        )
    except ValueError:
        clock = None
    if clock is None or not 0 < clock.speed <= _HIGHEST_SPEED:
        raise UsageError(
            f"--simulated-clock is {text!r}, expected SPEED:ANCHOR_NS:UTC_NS, such as "
            "20:123456789:1760000000000000000, with a speed of at most 1000."
        )
    return clock
