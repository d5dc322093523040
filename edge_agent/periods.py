"""Readings become periods: whole seconds of the boot clock, counted since the run began.

Pure: events in, periods out; when to close a period is decided by the caller. Each hub has its
own samples and its own quantities; what a hub did not deliver is missing, never made up.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract import quantities
from contract.motion import LOWEST_RATE_HZ, MotionQuantities
from contract.payload import Layout
from contract.quantities import MISSING, SEAT_QUANTITIES
from contract.sound import SoundQuantities
from edge_agent.timed_buffer import TimedBuffer
from firmware_bridge.events import HubDown, HubEvent, HubUp, Levels, Samples
from firmware_bridge.frames import LEVEL_INTERVAL_S

__all__ = ["MICROPHONE", "Period", "PeriodAssembler"]

log = logging.getLogger(__name__)

MICROPHONE: Final = "(microphone)"
"""Under this levels of the node's own microphone come; no hub can be called so."""

_MEMORY_S: Final = 4
"""After so many missing seconds the quantities remember nothing but a seat's floor."""
_LEVEL_NS: Final = round(LEVEL_INTERVAL_S * 1e9)
_LEAST_STEP: Final = 0.75
_LEAST_LEVEL_STEP: Final = 0.95
"""How near to each other, in steps, two samples or two levels may be dated: the error of the tick
map is well under a millisecond, so 5 ms of 20 and 6 of 125 are plenty."""
_SILENT_PERIODS: Final = 2
"""After so many sampled periods without a level, levels are not waited for until one comes; a hub
that is up and gives no sample likewise."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Period:
    """One closed second: a row of u16 values as `Layout` orders them."""

    seq: int
    boot_ns: int
    values: NDArray[np.uint16]
    seats_sampled: int
    seats_missing: int
    """Seats that were due and have no values."""

    @property
    def is_empty(self) -> bool:
        """Neither a seat nor the room has a value."""
        return bool((self.values == MISSING).all())


class _HubLine:
    """What one hub has delivered and what its seats remember."""

    def __init__(self, seats: tuple[int, ...], *, most_buffered_s: int) -> None:
        self.seats = seats
        self._most_buffered_s = most_buffered_s
        self.is_up = False
        self.step_ns = 0.0
        self.buffer = TimedBuffer(shape=(len(seats), 3), most=0)
        self._quantities: MotionQuantities | None = None
        self._skipped = 0
        self._silent = 0

    def greet(self, event: HubUp) -> None:
        """A HELLO: the rate may have changed; a seat's floor stays as long as it has not."""
        hello, rate = event.hello, event.hello.sample_rate_hz
        if hello.seats != len(self.seats):
            log.warning(
                "%s has %d seats, the settings name %d: check [[hub]] seats.",
                event.hub, hello.seats, len(self.seats),
            )  # fmt: skip
        self.is_up = True
        self._silent = 0
        self.buffer.latest_ns = None
        if self._quantities is not None and self._quantities.rate_hz == rate:
            return
        self.step_ns = 1e9 / rate
        self.buffer = TimedBuffer(
            shape=(len(self.seats), 3), most=math.ceil(self._most_buffered_s * rate * 1.1)
        )
        self._quantities = None
        if rate >= LOWEST_RATE_HZ:
            self._quantities = MotionQuantities(seats=len(self.seats), rate_hz=rate)
        else:
            log.error(
                "%s samples at %g Hz; %g Hz is the least that quantities can be made of.",
                event.hub, rate, LOWEST_RATE_HZ,
            )  # fmt: skip

    def add(self, event: Samples, *, from_ns: int, excluded: Collection[int]) -> None:
        rows, wide = event.acceleration, event.acceleration.shape[1]
        if excluded or wide != len(self.seats):
            rows = np.full((len(event.boot_ns), len(self.seats), 3), np.nan, np.float32)
            for i, seat in enumerate(self.seats[:wide]):
                if seat not in excluded:
                    rows[:, i] = event.acceleration[:, i]
        self._silent = 0
        self.buffer.add(event.boot_ns, rows, from_ns=from_ns)

    def has_all_until(self, end_ns: int) -> bool:
        if self._silent >= _SILENT_PERIODS:
            return True
        latest = self.buffer.latest_ns
        return latest is not None and latest + _LEAST_STEP * self.step_ns >= end_ns

    def skip(self, end_ns: int) -> None:
        self.buffer.forget(end_ns=end_ns)
        self._skipped += 1

    def close(self, start_ns: int, end_ns: int) -> NDArray[np.float32]:
        if self._quantities is None:
            return np.full((len(self.seats), len(SEAT_QUANTITIES)), np.nan, np.float32)
        rows = self.buffer.take(start_ns=start_ns, end_ns=end_ns, step_ns=self.step_ns)
        self._silent = 0 if len(rows) else self._silent + 1
        for _ in range(min(self._skipped, _MEMORY_S)):
            self._quantities.update(rows[:0])
        self._skipped = 0
        return self._quantities.update(rows)


class PeriodAssembler:
    """Holds the open period. The caller closes or skips it, always one after the other."""

    def __init__(
        self,
        *,
        run_boot_ns: int,
        period_ns: int,
        hubs: Sequence[tuple[str, tuple[int, ...]]],
        sound: str,
        most_buffered_s: int,
    ) -> None:
        self.layout = Layout(tuple(seat for _, seats in hubs for seat in seats))
        self.excluded: frozenset[int] = frozenset()
        """Seats whose samples are dropped before anything is computed."""
        self._run_boot_ns = run_boot_ns
        self._period_ns = period_ns
        self._hubs = {
            name: _HubLine(seats, most_buffered_s=most_buffered_s) for name, seats in hubs
        }
        self._sound_source = sound
        self._sound_from = MICROPHONE if sound == "microphone" else None
        self._levels = TimedBuffer(shape=(), most=round(most_buffered_s / LEVEL_INTERVAL_S))
        self._sound = SoundQuantities()
        self._silent = 0
        self._seq = 0

    @property
    def seq(self) -> int:
        """The open period's."""
        return self._seq

    @property
    def start_ns(self) -> int:
        """Boot clock at the start of the open period."""
        return self._run_boot_ns + self._seq * self._period_ns

    @property
    def end_ns(self) -> int:
        return self.start_ns + self._period_ns

    def take(self, event: HubEvent) -> None:
        """Put a reading in its place."""
        match event:
            case Samples():
                self._hubs[event.hub].add(event, from_ns=self.start_ns, excluded=self.excluded)
            case Levels():
                self._take_levels(event)
            case HubUp():
                self._hubs[event.hub].greet(event)
                if self._sound_source == "hub" and event.hello.has_levels:
                    # Where two hubs have a meter, the one that was up first is the room's.
                    self._sound_from = self._sound_from or event.hub
                    self._silent = 0
            case HubDown(hub=hub):
                if hub in self._hubs:
                    self._hubs[hub].is_up = False
                if hub == self._sound_from:
                    self._sound_from = None
                    self._levels.latest_ns = None
            case _:
                pass

    @property
    def filled(self) -> float:
        """How much of its room the fullest buffer has taken, from 0 to 1."""
        return max(self._levels.filled, *(hub.buffer.filled for hub in self._hubs.values()))

    def has_all(self) -> bool:
        """Whether every hub that is up, and the sound, have delivered past the period's end.

        The dates of neighbouring samples may be a little nearer than a step, no more.
        """
        end = self.end_ns
        if any(hub.is_up and not hub.has_all_until(end) for hub in self._hubs.values()):
            return False
        if self._sound_from is None or self._silent >= _SILENT_PERIODS:
            return True
        latest = self._levels.latest_ns
        return latest is not None and latest + _LEAST_LEVEL_STEP * _LEVEL_NS >= end

    def skip(self) -> None:
        """Pass over the open period and forget what came for it."""
        end = self.end_ns
        for hub in self._hubs.values():
            hub.skip(end)
        self._levels.forget(end_ns=end)
        self._sound = SoundQuantities()
        self._seq += 1

    def close(self) -> Period:
        """Close the open period with what has come for it."""
        seq, start, end = self._seq, self.start_ns, self.end_ns
        seat = np.concatenate([hub.close(start, end) for hub in self._hubs.values()])
        levels = self._levels.take(start_ns=start, end_ns=end, step_ns=_LEVEL_NS)
        self._silent = 0 if len(levels) else self._silent + 1
        room = self._sound.update(levels)
        self._seq += 1
        values = self.layout.rows(
            quantities.encode(seat, "seat")[None], quantities.encode(room, "room")[None]
        )
        has_values = ~np.isnan(seat[:, 0])
        sampled = int(has_values.sum())
        due = sum(number not in self.excluded for number in self.layout.seats)
        return Period(
            seq=seq, boot_ns=start, values=values[0],
            seats_sampled=sampled, seats_missing=due - sampled,
        )  # fmt: skip

    def counters(self) -> dict[str, dict[str, int]]:
        """Samples that could not be used, by hub."""
        return {
            name: {"samples_late": hub.buffer.late, "samples_refused": hub.buffer.refused}
            for name, hub in self._hubs.items()
        }

    def _take_levels(self, event: Levels) -> None:
        if event.hub != self._sound_from:
            return
        self._silent = 0
        middle = event.boot_ns + _LEVEL_NS // 2
        self._levels.add(middle, event.laeq, from_ns=self.start_ns)
