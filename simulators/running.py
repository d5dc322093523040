"""A running virtual classroom: its hubs on pseudo-terminals, each in its own thread.

with VirtualClassroom(classroom=Classroom(load_scenario("lively_class"), seed=1),
                      clock=SystemClock()) as running:
    print(running.ports)
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from contract.clock import Clock, ScaledClock, SystemClock
from simulators.behaviour.streams import stream
from simulators.classroom import Classroom
from simulators.hubs.virtual_hub import HubTrace, LinkFaults, VirtualHub, running
from simulators.truth import Truth

__all__ = ["VirtualClassroom", "clock_at"]

_CRYSTAL_PPM: Final = 30.0


def clock_at(speed: float) -> Clock:
    """The machine's clock, or one whose observed time runs `speed` times as fast."""
    if speed == 1.0:
        return SystemClock()
    now_ns, utc_ns = time.monotonic_ns(), time.time_ns()
    return ScaledClock(speed=speed, anchor_ns=now_ns, utc_at_anchor_ns=utc_ns)


class VirtualClassroom:
    """The hubs of one classroom. A context manager: entering starts them, leaving stops them.

    The lesson begins at the start. A host may connect later and misses what was before. With `folder`, each port has a name there, `hub-1`,
    `hub-2`, …, that stays the same when a hub is unplugged.
    """

    def __init__(
        self,
        *,
        classroom: Classroom,
        clock: Clock,
        folder: Path | None = None,
        faults: LinkFaults | None = None,
    ) -> None:
        self.classroom = classroom
        self.clock = clock
        self._start_ns: int | None = None
        self._folder = folder
        self._faults = faults
        self._hubs: tuple[VirtualHub, ...] = ()
        self._running = ExitStack()

    def __enter__(self) -> Self:
        """Open the ports and start; raises OSError if the system has no terminal left."""
        self._start_ns = self.clock.boot_ns()
        signals = self.classroom.hub_signals()
        drift = stream(self.classroom.seed, "hubs").uniform(-1.0, 1.0, len(signals)) * _CRYSTAL_PPM
        self._hubs = tuple(
            VirtualHub(
                signal=signal,
                clock=self.clock,
                hub_id=f"hub-{i}",
                link=None if self._folder is None else self._folder / f"hub-{i}",
                start_ns=self._start_ns,
                drift_ppm=float(drift[i - 1]),
                faults=self._faults,
                seed=self.classroom.seed + i,
            )
            for i, signal in enumerate(signals, 1)
        )
        self._running.enter_context(running(self._hubs))
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def hubs(self) -> tuple[VirtualHub, ...]:
        """The hubs, to reboot or unplug; empty before the start."""
        return self._hubs

    @property
    def ports(self) -> tuple[str, ...]:
        """The paths for a host to open, one per hub."""
        return tuple(hub.path for hub in self._hubs)

    @property
    def start_ns(self) -> int:
        """When the lesson's first second begins, on the boot clock."""
        if self._start_ns is None:
            raise RuntimeError("the classroom has not been started")
        return self._start_ns

    @property
    def starts_utc_ns(self) -> int:
        """The same in UTC."""
        return self.clock.boot_zero_utc_ns() + self.start_ns

    @property
    def lesson_s(self) -> float:
        """Elapsed time of the lesson, in observed seconds."""
        return (self.clock.boot_ns() - self.start_ns) / 1e9

    @property
    def is_over(self) -> bool:
        """Whether the lesson's last second has passed."""
        return self.lesson_s >= self.classroom.scenario.periods

    def truth(self) -> Truth:
        """Who did what in each second of the lesson."""
        return self.classroom.truth()

    def trace(self) -> dict[str, HubTrace]:
        """What each hub has sent to its line so far, by the hub's name."""
        return {hub.hub_id: hub.trace() for hub in self._hubs}

    def stop(self) -> None:
        """Stop all hubs and close their ports; may be called twice."""
        self._running.close()
