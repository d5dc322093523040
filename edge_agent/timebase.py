"""How well the machine's UTC is known, from the kernel or from a simulated clock."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from contract.clock import Clock, SystemClock

__all__ = ["ClockQuality", "QualitySource", "quality_of", "system_quality"]

_STA_UNSYNC: Final = 0x0040
_TIME_ERROR: Final = 5
_TIMESYNCD: Final = Path("/run/systemd/timesync/synchronized")
_UNKNOWN_NS: Final = 365 * 86_400 * 1_000_000_000
"""A clock that was never set may be off by any amount; a year stands for that."""
_TIMESYNCD_ERROR_NS: Final = 100_000_000
"""timesyncd reports no error; over the internet it stays well within 0.1 s."""


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


def boot_id() -> str:
    """The kernel's id of this boot; a random one if there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return os.urandom(16).hex()
