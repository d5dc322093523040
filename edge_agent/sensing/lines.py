"""What one hub's seats, or the room's sound, have delivered, second by second.

A line settles each of its sampled seconds once, in their order: with all that came of it, as soon
as something later came. While a hub stalls, its seconds wait here and take no memory; what it brings
when it awakes is computed as if it had come in time. Pure: no clock, no message.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from contract.motion import LEAST_SHARE, LOWEST_RATE_HZ, MotionQuantities
from contract.parts import SOUND_LINE
from contract.quantities import ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.sound import SoundQuantities
from edge_agent.sensing.timed_buffer import TimedBuffer
from firmware_bridge.events import HubUp
from firmware_bridge.frames import LEVEL_INTERVAL_S

__all__ = ["LEVEL_NS", "Grid", "HubLine", "Line", "SoundLine"]

log = logging.getLogger(__name__)

LEVEL_NS: Final = round(LEVEL_INTERVAL_S * 1e9)
_MEMORY_S: Final = 4
"""After so many missing seconds the quantities remember nothing but a seat's floor."""
_LEAST_STEP: Final = 0.75
_LEAST_LEVEL_STEP: Final = 0.95
"""How near to each other, in steps, two samples or two levels may be dated: the error of the tick
map is well under a millisecond, so 5 ms of 20 and 6 of 125 are plenty."""
_SILENT_PERIODS: Final = 2
"""After so many sampled periods without a reading, a line that is up is not waited for until one
comes."""
_MAX_SPANS: Final = 64
"""Stretches of seconds that may wait, or are remembered as empty: some days of lessons."""

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where a run's seconds lie on the boot clock."""

    run_boot_ns: int
    period_ns: int

    def start_ns(self, seq: int) -> int:
        return self.run_boot_ns + seq * self.period_ns

    def end_ns(self, seq: int) -> int:
        return self.start_ns(seq + 1)

    def seq_at(self, boot_ns: int) -> int:
        """Below 0 for what lies before the run."""
        return (boot_ns - self.run_boot_ns) // self.period_ns


class _Quantities(Protocol):
    def update(self, rows: Values, /) -> Values: ...


class Line:
    """One source of readings."""

    def __init__(
        self,
        *,
        number: int,
        seats: tuple[int, ...],
        grid: Grid,
        buffer: TimedBuffer,
        least_step: float,
    ) -> None:
        self.number = number
        self.seats = seats
        self.is_up = False
        self.buffer = buffer
        self.step_ns = float(LEVEL_NS)
        self._grid = grid
        self._least_step = least_step
        self._quantities: _Quantities | None = None
        self._least_rows = 0.0
        self._nothing: Values = np.empty(0, np.float32)
        self._waiting: deque[tuple[int, int]] = deque(maxlen=_MAX_SPANS)
        """Sampled seconds, first … last, that passed without this line."""
        self._empty: deque[tuple[int, int]] = deque(maxlen=_MAX_SPANS)
        """Sampled seconds that were settled without a value."""
        self._dropped: deque[tuple[int, int]] = deque(maxlen=_MAX_SPANS)
        """Seconds of which readings came that could not be taken."""
        self._done = -1
        self._silent = 0

    @property
    def is_behind(self) -> bool:
        """Whether seconds wait for what may still come."""
        return bool(self._waiting)

    @property
    def waiting(self) -> tuple[tuple[int, int], ...]:
        """Those seconds, as first and last of each stretch."""
        return tuple(self._waiting)

    def wanted_from_ns(self, open_ns: int) -> int:
        """From when on readings are of use, if the open second begins at `open_ns`."""
        return self._grid.start_ns(self._waiting[0][0]) if self._waiting else open_ns

    def take(self, times: NDArray[np.int64], rows: Values, *, open_ns: int) -> None:
        """Put readings in their places; the open second begins at `open_ns`."""
        if not len(times):
            return
        self._silent = 0
        buffer, seq_at = self.buffer, self._grid.seq_at
        late, refused = buffer.late, buffer.refused
        buffer.add(times, rows, from_ns=self.wanted_from_ns(open_ns))
        late, refused = buffer.late - late, buffer.refused - refused
        if late:
            self.note_dropped(seq_at(int(times[0])), seq_at(int(times[late - 1])))
        if refused:
            self.note_dropped(seq_at(int(times[-refused])), seq_at(int(times[-1])))

    def has_all(self, seq: int) -> bool:
        """Whether it has delivered past a second's end.

        The dates of neighbouring readings may be a little nearer than a step, no more.
        """
        latest = self.buffer.latest_ns
        reach_ns = self._least_step * self.step_ns
        return latest is not None and latest + reach_ns >= self._grid.end_ns(seq)

    def is_awaited(self, seq: int) -> bool:
        """Whether a second should stay open for it a little longer."""
        return self.is_up and self._silent < _SILENT_PERIODS and not self.has_all(seq)

    def skip(self, seq: int) -> None:
        """This second is not sampled: forget what came for it."""
        if not self._waiting:
            self.buffer.forget(end_ns=self._grid.end_ns(seq))

    def close(self, seq: int) -> Values | None:
        """The values of the second that closes now; None: it goes on without this line.

        Whatever waits has to be caught up with before.
        """
        if not self._waiting and self.has_all(seq):
            return self._settled(seq)
        self._silent += 1
        _extend(self._waiting, seq)
        return None

    def caught_up(self, *, is_last: bool = False) -> Iterator[tuple[int, Values]]:
        """Seconds that waited and are whole by now, if there is any value in them.

        With `is_last` nothing more will come: what there is counts.
        """
        while self._waiting:
            first, last = self._waiting[0]
            if not is_last and not self.has_all(first):
                return
            came = self.buffer.first_ns
            if came is None or came >= self._grid.end_ns(first):
                # Nothing came of this one, nor of those up to what did come.
                while first <= last and (is_last or self.has_all(first)):
                    if came is not None and came < self._grid.end_ns(first):
                        break
                    _extend(self._empty, first)
                    first += 1
                self._waiting.popleft()
                if first <= last:
                    self._waiting.appendleft((first, last))
                continue
            self._waiting.popleft()
            if first < last:
                self._waiting.appendleft((first + 1, last))
            values = self._settled(first)
            if not np.isnan(values).all():
                yield first, values

    def note_dropped(self, first: int, last: int) -> None:
        """Readings of these seconds came, and could not be taken."""
        if last >= 0 and first <= last:
            self._dropped.append((max(0, first), last))

    def unused(self) -> Iterator[tuple[int, int]]:
        """Settled seconds without a value of which readings came all the same; each once."""
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

    def _settled(self, seq: int) -> Values:
        start_ns, end_ns = self._grid.start_ns(seq), self._grid.end_ns(seq)
        rows = self.buffer.take(start_ns=start_ns, end_ns=end_ns, step_ns=self.step_ns)
        if self._quantities is None:
            values = np.full_like(self._nothing, np.nan)
            if len(rows) >= self._least_rows:
                self.note_dropped(seq, seq)
        else:
            for _ in range(min(seq - self._done - 1, _MEMORY_S)):
                self._quantities.update(rows[:0])
            values = self._quantities.update(rows)
        self._done = seq
        if np.isnan(values).all():
            _extend(self._empty, seq)
        return values


class HubLine(Line):
    """The seats of one hub; values are (seats, seat quantities)."""

    def __init__(
        self, *, number: int, seats: tuple[int, ...], grid: Grid, max_buffered_s: int
    ) -> None:
        super().__init__(
            number=number, seats=seats, grid=grid,
            buffer=TimedBuffer(shape=(len(seats), 3), max_rows=0), least_step=_LEAST_STEP,
        )  # fmt: skip
        self._max_buffered_s = max_buffered_s
        self._rate_hz = 0.0
        self._nothing = np.empty((len(seats), len(SEAT_QUANTITIES)), np.float32)

    def has_new_rate(self, event: HubUp) -> bool:
        """Whether what is buffered has to be settled before this greeting is heeded."""
        return self._rate_hz not in (0.0, event.hello.sample_rate_hz)

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
        if rate == self._rate_hz and (self._quantities is not None or rate < LOWEST_RATE_HZ):
            return
        self._rate_hz, self.step_ns = rate, 1e9 / rate
        self._least_rows = LEAST_SHARE * rate
        self.buffer = TimedBuffer(
            shape=(len(self.seats), 3), max_rows=math.ceil(self._max_buffered_s * rate * 1.1),
            late=self.buffer.late, refused=self.buffer.refused,
        )  # fmt: skip
        self._quantities = None
        if rate >= LOWEST_RATE_HZ:
            self._quantities = MotionQuantities(seats=len(self.seats), rate_hz=rate)
        else:
            log.error(
                "%s samples at %g Hz; %g Hz is the least that quantities can be made of.",
                event.hub, rate, LOWEST_RATE_HZ,
            )  # fmt: skip


class SoundLine(Line):
    """The room's sound; values are (room quantities,)."""

    def __init__(self, *, grid: Grid, max_buffered_s: int) -> None:
        super().__init__(
            number=SOUND_LINE, seats=(), grid=grid,
            buffer=TimedBuffer(shape=(), max_rows=round(max_buffered_s / LEVEL_INTERVAL_S)),
            least_step=_LEAST_LEVEL_STEP,
        )  # fmt: skip
        self._nothing = np.empty(len(ROOM_QUANTITIES), np.float32)
        self._quantities = SoundQuantities()

    def greet(self) -> None:
        """A hub with a meter says HELLO."""
        self._silent = 0


def _extend(spans: deque[tuple[int, int]], seq: int) -> None:
    """Add a seq that is higher than all before, or touches the last span."""
    if spans and spans[-1][1] == seq - 1:
        spans[-1] = (spans[-1][0], seq)
    else:
        spans.append((seq, seq))
