"""How well the machine's UTC is known, from the kernel or from a simulated clock, and its steps."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from contract.clock import SECOND_NS, Clock, SystemClock
from contract.wire.messages import Timebase
from edge_agent.identity import Identity

__all__ = ["ClockQuality", "QualitySource", "UtcWatch", "quality_of", "system_quality"]

log = logging.getLogger(__name__)

_STA_UNSYNC: Final = 0x0040
_TIME_ERROR: Final = 5
_TIMESYNCD: Final = Path("/run/systemd/timesync/synchronized")
_UNKNOWN_NS: Final = 365 * 86_400 * 1_000_000_000
"""A clock that was never set may be off by any amount; a year stands for that."""
_TIMESYNCD_ERROR_NS: Final = 100_000_000
"""timesyncd reports no error; over the internet it stays well within 0.1 s."""
_MIN_STEP_NS: Final = 200_000_000
"""A slewed clock moves by half a millisecond a second, and a busy machine takes some time between
reading two clocks; a step is larger than both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockQuality:
    """Whether UTC is set by a time source, and how far off it may be."""

    synchronised: bool
    error_ns: int


QualitySource = Callable[[], ClockQuality]

_SIMULATED: Final = ClockQuality(synchronised=True, error_ns=0)


def quality_of(clock: Clock) -> QualitySource:
    """The source of quality that goes with a clock: a simulated one is right by definition."""
    return system_quality if isinstance(clock, SystemClock) else lambda: _SIMULATED


def system_quality() -> ClockQuality:
    """Ask the kernel's clock discipline, then look for systemd-timesyncd's marker file."""
    state = _adjtimex()
    if state is not None and state.synchronised:
        return state
    if _TIMESYNCD.exists():
        return ClockQuality(synchronised=True, error_ns=_TIMESYNCD_ERROR_NS)
    return ClockQuality(synchronised=False, error_ns=_UNKNOWN_NS)


class _Timex(ctypes.Structure):
    """struct timex of Linux on 64-bit machines, adjtimex(2)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", ctypes.c_long * 2),
        ("tick", ctypes.c_long),
        ("rest", ctypes.c_long * 32),
    )


@cache
def _kernel_call() -> Callable[[object], int] | None:
    """The C library's adjtimex, looked up once: each look-up leaks some kilobytes."""
    call: Callable[[object], int] | None = getattr(ctypes.CDLL(None), "adjtimex", None)
    return call


def _adjtimex() -> ClockQuality | None:
    """What the kernel says; None where it can't be asked."""
    call = _kernel_call()
    if call is None:
        return None
    timex = _Timex()  # modes 0: read only
    state = call(ctypes.byref(timex))
    if state < 0:
        return None
    return quality_from(state, timex.status, timex.maxerror)


def quality_from(state: int, status: int, max_error_us: int) -> ClockQuality:
    """Read adjtimex's return value, its status bits and its largest error."""
    if state == _TIME_ERROR or status & _STA_UNSYNC:
        return ClockQuality(synchronised=False, error_ns=_UNKNOWN_NS)
    return ClockQuality(synchronised=True, error_ns=max(0, max_error_us) * 1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class UtcNews:
    """What a look at the clock has shown."""

    has_changed: bool
    """It became synchronised, or is no longer synchronised."""
    step: tuple[bytes, bytes] | None
    """If UTC was stepped, the timebases of the last look and of this one."""


class UtcWatch:
    """Looks at the clock once a second. `now_ns` is elapsed time."""

    def __init__(self, *, identity: Identity, clock: Clock, ask: QualitySource) -> None:
        self._identity = identity
        self._clock = clock
        self._ask = ask
        self._quality = ClockQuality(synchronised=False, error_ns=0)
        self._looked_ns: int | None = None
        self._last: tuple[int, int] | None = None
        """The boot clock at the last look, and the UTC at its zero; None if it was not synchronised."""

    @property
    def synchronised(self) -> bool:
        """Whether UTC was set by a time source at the last look."""
        return self._quality.synchronised

    def look(self, now_ns: int) -> UtcNews | None:
        """The news of this second; None if the last look was less than a second ago."""
        if self._looked_ns is not None and now_ns - self._looked_ns < SECOND_NS:
            return None
        self._looked_ns = now_ns
        was, self._quality = self._quality, self._ask()
        return UtcNews(
            has_changed=self._quality.synchronised != was.synchronised, step=self._step()
        )

    def timebase(self) -> Timebase:
        return self._timebase(self._clock.boot_ns(), self._clock.boot_zero_utc_ns())

    def _step(self) -> tuple[bytes, bytes] | None:
        """The timebases before and after a step, for the readings before and after it.

        Changes of a clock that is not synchronised do not count: nothing is dated by it.
        """
        now = self._clock.boot_ns(), self._clock.boot_zero_utc_ns()
        before, self._last = self._last, now if self._quality.synchronised else None
        if before is None or self._last is None or abs(now[1] - before[1]) <= _MIN_STEP_NS:
            return None
        log.warning("UTC was stepped by %.1f s.", (now[1] - before[1]) / SECOND_NS)
        return self._timebase(*before).encode(), self._timebase(*now).encode()

    def _timebase(self, boot_ns: int, zero_ns: int) -> Timebase:
        return Timebase(
            node=self._identity.node,
            run=self._identity.run,
            boot=self._identity.boot,
            boot_ns=boot_ns,
            utc_ns=max(0, zero_ns + boot_ns),
            error_ns=self._quality.error_ns,
            synchronised=self._quality.synchronised,
        )
