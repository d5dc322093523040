"""Watches UTC for a run: its offset to the boot clock, how well it is known, and steps."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.wire.messages import Timebase
from edge_agent.identity import Identity
from edge_agent.timebase import ClockQuality, QualitySource

__all__ = ["UtcNews", "UtcWatch"]

log = logging.getLogger(__name__)

_MIN_STEP_NS: Final = 200_000_000
"""A slewed clock moves by half a millisecond a second, and a busy machine takes some time between
reading two clocks; a step is larger than both."""


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
