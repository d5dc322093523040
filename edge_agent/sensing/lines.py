"""What one hub's seats, or the room's sound, have delivered, second by second.

A line settles each of its sampled seconds once and in order: as soon as a later reading comes, from
all readings of that second. While a hub stalls, its seconds wait here and take no memory. What it
brings later is computed as if it had come in time. Pure: no clock, no message.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities.motion import LOWEST_RATE_HZ, MIN_SHARE, MotionQuantities
from contract.quantities.sound import SoundQuantities
from contract.quantities.switches import SWITCH_RATE_HZ, SwitchQuantities
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.wire.parts import SOUND_LINE
from edge_agent.sensing.timed_buffer import TimedBuffer
from firmware_bridge.events import HubUp
from firmware_bridge.frames import LEVEL_INTERVAL_S

__all__ = ["LEVEL_NS", "Grid", "HubLine", "SoundLine", "SourceLine", "SwitchLine"]

log = logging.getLogger(__name__)

LEVEL_NS: Final = round(LEVEL_INTERVAL_S * 1e9)
_MEMORY_S: Final = 4
"""After so many missing seconds the quantities remember only a seat's floor."""
_MIN_STEP: Final = 0.75
_MIN_LEVEL_STEP: Final = 0.95
"""The smallest distance, in steps, between the dates of two samples or levels. The error of the
tick map is well under a millisecond, so a margin of 5 ms in 20, or 6 in 125, is enough."""
_SILENT_PERIODS: Final = 2
"""After so many sampled periods without a reading, periods no longer wait for a line that is up,
until a reading comes."""
_MAX_SPANS: Final = 64
"""Stretches of seconds that may wait, or are remembered as empty: a few days of lessons."""

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where a run's seconds are on the boot clock."""

    run_boot_ns: int
    period_ns: int

    def start_ns(self, seq: int) -> int:
        return self.run_boot_ns + seq * self.period_ns

    def end_ns(self, seq: int) -> int:
        return self.start_ns(seq + 1)

    def seq_at(self, boot_ns: int) -> int:
        """The seq of a time; negative before the run."""
        return (boot_ns - self.run_boot_ns) // self.period_ns


class SourceLine:
    """One source of readings: a hub's seats, or the sound."""

    def __init__(
        self,
        *,
        number: int,
        seats: tuple[int, ...],
        grid: Grid,
        buffer: TimedBuffer,
        min_step: float,
    ) -> None:
        self.number = number
        self.seats = seats
        self.is_up = False
        self.buffer = buffer
        self.late = 0
        """Readings that came after their second was settled."""
        self.refused = 0
        """Readings that came when the buffer was full."""
        self.step_ns = float(LEVEL_NS)
        self._grid = grid
        self._min_step = min_step
        self._quantities: MotionQuantities | SoundQuantities | SwitchQuantities | None = None
        self._min_rows = 0.0
        self._nothing: Values = np.empty(0, np.float32)
        self.waiting: deque[tuple[int, int]] = deque(maxlen=_MAX_SPANS)
        """Sampled seconds, first … last, that closed without this line: it may still bring them."""
        self._empty: deque[tuple[int, int]] = deque(maxlen=_MAX_SPANS)
        """Sampled seconds that were settled without a value."""
        self._dropped: deque[tuple[int, int]] = deque(maxlen=_MAX_SPANS)
        """Seconds with readings that could not be used."""
        self._done = -1
        self._silent = 0

    def wanted_from_ns(self, open_ns: int) -> int:
        """The time from which readings are useful, if the open second begins at `open_ns`."""
        return self._grid.start_ns(self.waiting[0][0]) if self.waiting else open_ns

    def take(self, times: NDArray[np.int64], rows: Values, *, open_ns: int) -> None:
        """Take readings; the open second begins at `open_ns`."""
        if not len(times):
            return
        self._silent = 0
        seq_at = self._grid.seq_at
        late, refused = self.buffer.add(times, rows, from_ns=self.wanted_from_ns(open_ns))
        self.late += late
        self.refused += refused
        if late:
            self.note_dropped(seq_at(int(times[0])), seq_at(int(times[late - 1])))
        if refused:
            self.note_dropped(seq_at(int(times[-refused])), seq_at(int(times[-1])))

    def has_all(self, seq: int) -> bool:
        """Whether it has delivered readings up to a second's end.

        The dates of neighbouring readings may be a little closer than a step.
        """
        latest = self.buffer.latest_ns
        reach_ns = self._min_step * self.step_ns
        return latest is not None and latest + reach_ns >= self._grid.end_ns(seq)

    def is_awaited(self, seq: int) -> bool:
        """Whether a second should stay open for this line a little longer."""
        return self.is_up and self._silent < _SILENT_PERIODS and not self.has_all(seq)

    def skip(self, seq: int) -> None:
        """This second is not sampled: forget its readings."""
        if not self.waiting:
            self.buffer.forget(end_ns=self._grid.end_ns(seq))

    def close(self, seq: int) -> Values | None:
        """The values of the second that closes now; None if it closes without this line.

        Call `settle_late` first.
        """
        if not self.waiting and self.has_all(seq):
            return self._settle(seq)
        self._silent += 1
        _extend(self.waiting, seq)
        return None

    def settle_late(self, *, is_last: bool = False) -> Iterator[tuple[int, Values]]:
        """Settle the waiting seconds that are complete by now; yields those with a value.

        With `is_last` no more readings will come, so every waiting second is complete.
        """
        came = self.buffer.first_ns
        while self.waiting and (is_last or self.has_all(self.waiting[0][0])):
            first, last = self.waiting.popleft()
            if first < last:
                self.waiting.appendleft((first + 1, last))
            if came is None or came >= self._grid.end_ns(first):
                _extend(self._empty, first)
                continue
            values = self._settle(first)
            came = self.buffer.first_ns
            if not np.isnan(values).all():
                yield first, values

    def note_dropped(self, first: int, last: int) -> None:
        """Readings of these seconds came and could not be used."""
        if last >= 0 and first <= last:
            self._dropped.append((max(0, first), last))

    def unused(self) -> Iterator[tuple[int, int]]:
        """Settled seconds without a value for which readings came all the same; each one once."""
        if not self._dropped:
            return
        still: list[tuple[int, int]] = []
        for low, high in self._dropped:
            for first, last in list(self._empty):
                begin, end = max(low, first), min(high, last)
                if begin > end:
                    continue
                yield begin, end
                self._empty.remove((first, last))
                rest = ((first, begin - 1), (end + 1, last))
                self._empty.extend((a, b) for a, b in rest if a <= b)
            if high > self._done:
                still.append((low, high))
        self._dropped.clear()
        self._dropped.extend(still)

    def _settle(self, seq: int) -> Values:
        start_ns, end_ns = self._grid.start_ns(seq), self._grid.end_ns(seq)
        rows = self.buffer.take(start_ns=start_ns, end_ns=end_ns, step_ns=self.step_ns)
        if self._quantities is None:
            values = np.full_like(self._nothing, np.nan)
            if len(rows) >= self._min_rows:
                self.note_dropped(seq, seq)
        else:
            for _ in range(min(seq - self._done - 1, _MEMORY_S)):
                self._quantities.update(rows[:0])
            values = self._quantities.update(rows)
        self._done = seq
        if np.isnan(values).all():
            _extend(self._empty, seq)
        return values


class HubLine(SourceLine):
    """The seats of one hub; values are (seats, seat quantities)."""

    def __init__(
        self, *, number: int, seats: tuple[int, ...], grid: Grid, max_buffered_s: int
    ) -> None:
        super().__init__(
            number=number, seats=seats, grid=grid,
            buffer=TimedBuffer(shape=(len(seats), 3), max_rows=0), min_step=_MIN_STEP,
        )  # fmt: skip
        self._max_buffered_s = max_buffered_s
        self._rate_hz = 0.0
        self._nothing = np.empty((len(seats), len(SEAT_QUANTITIES)), np.float32)

    def has_new_rate(self, event: HubUp) -> bool:
        """Whether buffered readings must be settled before this HELLO takes effect."""
        return self._rate_hz not in (0.0, event.hello.sample_rate_hz)

    def greet(self, event: HubUp) -> None:
        """Take a HELLO: the rate may have changed; if not, each seat keeps its floor."""
        hello, rate = event.hello, event.hello.sample_rate_hz
        if hello.seats != len(self.seats):
            log.warning(
                "%s has %d seats, the settings name %d: check [[hub]] seats.",
                event.hub, hello.seats, len(self.seats),
            )  # fmt: skip
        self.is_up = True
        self._silent = 0
        self.buffer.latest_ns = None
        if rate == self._rate_hz and (self._quantities is not None or rate < LOWEST_RATE_HZ):
            return
        self._rate_hz, self.step_ns = rate, 1e9 / rate
        self._min_rows = MIN_SHARE * rate
        self.buffer = TimedBuffer(
            shape=(len(self.seats), 3), max_rows=math.ceil(self._max_buffered_s * rate * 1.1)
        )
        self._quantities = None
        if rate >= LOWEST_RATE_HZ:
            self._quantities = MotionQuantities(seats=len(self.seats), rate_hz=rate)
        else:
            log.error(
                "%s samples at %g Hz; quantities need at least %g Hz.",
                event.hub, rate, LOWEST_RATE_HZ,
            )  # fmt: skip


class SwitchLine(SourceLine):
    """Seats with switches; values are (seats, seat quantities), most of them missing."""

    def __init__(
        self, *, number: int, seats: tuple[int, ...], grid: Grid, max_buffered_s: int
    ) -> None:
        super().__init__(
            number=number, seats=seats, grid=grid,
            buffer=TimedBuffer(
                shape=(len(seats),), max_rows=math.ceil(max_buffered_s * SWITCH_RATE_HZ * 1.1)
            ),
            min_step=_MIN_STEP,
        )  # fmt: skip
        self.step_ns = 1e9 / SWITCH_RATE_HZ
        self._nothing = np.empty((len(seats), len(SEAT_QUANTITIES)), np.float32)
        self._quantities = SwitchQuantities(seats=len(seats))

    def has_new_rate(self, event: HubUp) -> bool:
        return event.hello.sample_rate_hz != SWITCH_RATE_HZ

    def greet(self, event: HubUp) -> None:
        self.is_up = not self.has_new_rate(event)
        self._silent = 0
        self.buffer.latest_ns = None


class SoundLine(SourceLine):
    """The room's sound; values are (room quantities,)."""

    def __init__(self, *, grid: Grid, max_buffered_s: int) -> None:
        super().__init__(
            number=SOUND_LINE, seats=(), grid=grid,
            buffer=TimedBuffer(shape=(3,), max_rows=round(max_buffered_s / LEVEL_INTERVAL_S)),
            min_step=_MIN_LEVEL_STEP,
        )  # fmt: skip
        self._nothing = np.empty(len(ROOM_QUANTITIES), np.float32)
        self._quantities = SoundQuantities()

    def greet(self) -> None:
        """A hub with a meter has sent a HELLO."""
        self._silent = 0


def _extend(spans: deque[tuple[int, int]], seq: int) -> None:
    """Add a seq that is higher than all before it, or that extends the last span."""
    if spans and spans[-1][1] == seq - 1:
        spans[-1] = (spans[-1][0], seq)
    else:
        spans.append((seq, seq))
