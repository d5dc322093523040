"""A source on the test's own thread: waiting moves the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from contract.clock import ManualClock
from edge_agent.sources.protocol import Wiring
from firmware_bridge.events import HubDown, HubEvent, HubSamples, HubUp

SECOND = 1_000_000_000


class TurningStop:
    """An event that is set after some seconds of the clock; each wait moves the clock."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        self._clock = clock
        self._until_ns = clock.now_ns + round(seconds * SECOND)

    def is_set(self) -> bool:
        return self._clock.now_ns >= self._until_ns

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.advance(max(timeout or 0.0, 0.0005))
        return self.is_set()


@dataclass
class Bench:
    """A clock, a gate that a test opens, and what a source has said."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(now_ns=100 * SECOND))
    events: list[HubEvent] = field(default_factory=list)
    excluded: frozenset[int] = frozenset()
    is_on: Callable[[int], bool] = lambda _: True

    def is_open(self, boot_ns: int) -> bool:
        return self.is_on(boot_ns)

    @property
    def wiring(self) -> Wiring:
        return Wiring(
            clock=self.clock, sink=self.events.append, gate=self, gather_s=lambda: 0.0,
            max_undated=100,
        )  # fmt: skip

    def stop_after(self, seconds: float) -> TurningStop:
        return TurningStop(self.clock, seconds)

    @property
    def times(self) -> np.ndarray:
        found = [each.boot_ns for each in self.events if isinstance(each, HubSamples)]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    @property
    def acceleration(self) -> np.ndarray:
        found = [each.acceleration for each in self.events if isinstance(each, HubSamples)]
        return np.concatenate(found)

    @property
    def downs(self) -> list[str]:
        return [each.reason for each in self.events if isinstance(each, HubDown)]

    @property
    def ups(self) -> list[HubUp]:
        return [each for each in self.events if isinstance(each, HubUp)]


@pytest.fixture
def bench() -> Bench:
    return Bench()
