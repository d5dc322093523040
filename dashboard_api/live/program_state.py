"""What is known of another program of this server, from what its heartbeat shows over time.

Pure: times are passed in. `program_watch.py` listens and calls this.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final, Literal

from contract.clock import SECOND_NS
from ingest.monitoring.heartbeat import Beat

__all__ = ["UNKNOWN", "Moment", "ProcessLook", "ProgramState", "Sightings"]

WAIT_S: Final = 1.0
"""A heartbeat that is this late counts as one missed."""
MISSED: Final = 3
"""Missed beats in a row after which a program that does nothing counts as hanging."""
BUSY_S: Final = 15.0
"""So long may a program that works, or waits for a disk or a processor, miss its beats."""
GONE_NS: Final = SECOND_NS
"""So long may nobody listen: one program may just be taking another one's place."""
MISSING_NS: Final = 3 * SECOND_NS // 2
"""So long may something be missing before it is shown: a connection may just be made again."""

State = Literal["unknown", "works", "gone", "hangs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time on both clocks: one for waiting, which is never scaled, and the page's own UTC."""

    elapsed_ns: int
    utc_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLook:
    """What the kernel says of a process."""

    state: str
    """Its letter: R runs, S sleeps, D waits for a disk, T is suspended."""
    cpu_ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramState:
    """Whether a program works, and since when not."""

    state: State
    since_utc_ns: int | None = None
    """When it was last seen to work; None if it never was."""
    missing: tuple[tuple[str, int], ...] = ()
    """What a program that runs is missing to do its work, each with the UTC since when."""


UNKNOWN: Final = ProgramState(state="unknown")


class Sightings:
    """Turns what was seen of one program into its state."""

    def __init__(self) -> None:
        self.state = UNKNOWN
        self._gone_since_ns: int | None = None
        self._missed = 0
        self._process: ProcessLook | None = None
        self._missing: dict[str, Moment] = {}

    def heard(self, beat: Beat, now: Moment) -> None:
        """A beat has come."""
        self._forget_silence()
        known = self._missing
        self._missing = {name: known.get(name, now) for name in beat.missing}
        if not beat.is_turning:
            self._fail("hangs")
            return
        self.state = ProgramState(
            state="works",
            since_utc_ns=now.utc_ns,
            missing=tuple(
                (name, since.utc_ns)
                for name, since in self._missing.items()
                if now.elapsed_ns - since.elapsed_ns >= MISSING_NS
            ),
        )

    def gone(self, now: Moment) -> None:
        """Nobody listens where the program would."""
        if self._gone_since_ns is None:
            self._forget_silence()
            self._gone_since_ns = now.elapsed_ns
        never = self.state.since_utc_ns is None
        if never or now.elapsed_ns - self._gone_since_ns >= GONE_NS:
            self._fail("gone")

    def missed(self, process: ProcessLook | None) -> None:
        """No beat has come for `WAIT_S`; `process` is None if the kernel does not say."""
        self._missed += 1
        before, self._process = self._process, process
        if process is not None and process.state in "Tt":
            self._fail("hangs")
            return
        limit = BUSY_S / WAIT_S if _is_busy(before, process) else MISSED
        if self._missed >= limit:
            self._fail("hangs")

    def unknowable(self) -> None:
        """Nothing can be known of it: it may run elsewhere, or as another user."""
        self._forget_silence()
        self._missing = {}
        self.state = replace(UNKNOWN, since_utc_ns=self.state.since_utc_ns)

    def _forget_silence(self) -> None:
        self._gone_since_ns, self._missed, self._process = None, 0, None

    def _fail(self, state: State) -> None:
        self.state = ProgramState(state=state, since_utc_ns=self.state.since_utc_ns)


def _is_busy(before: ProcessLook | None, now: ProcessLook | None) -> bool:
    """Whether a process that is late does something, or waits for the machine."""
    if now is None:
        return False
    waits: Collection[str] = ("R", "D")
    return now.state in waits or (before is not None and now.cpu_ticks > before.cpu_ticks)
