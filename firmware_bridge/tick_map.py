"""Where a hub's ticks lie on the boot clock.

A microcontroller counts with its own crystal and in 32 bits. About once a second the host asks for
the count. A regression maps the tick at which the request arrived to the time at which the host
*sent* it, with weights that fade by 1/30 a ping: sending is prompt, while arrivals wait for USB
polls and busy readers. The travel time of a request is taken as half of the smallest round trip.
(The idea is that of Klipper's clock synchronisation, as its documentation describes it.)

There are three additions. With few pings the slope leans on the crystal's nominal rate. A ping that
took much longer than the quickest counts for less, because on a busy machine requests wait as well.
And a new estimate does not make time jump: dates slide from the old line to the new one, so that
sample times always rise.

All times are nanoseconds of *observed* time. In a fast simulation delays grow with it; no constant
here is an absolute delay except the floor below which jitter does not matter.
"""

from __future__ import annotations

import math
from typing import Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIRST_PINGS", "PingVerdict", "TickMap"]

FIRST_PINGS: Final = 8
"""Pings after which dates are given."""

PingVerdict = Literal["used", "outlier", "restarted"]
_Ticks = TypeVar("_Ticks", float, NDArray[np.float64])

_FADE: Final = 1 / 30
_CRYSTAL_ERROR: Final = 1e-4
"""A crystal's usual error; the map also follows ten times as much, less quickly."""
_JITTER_FLOOR_NS: Final = 100_000.0
_OUTLIER_SIGMAS: Final = 5.0
_MAX_OUTLIERS: Final = 4
_AGE: Final = 1e-8
_WRAP: Final = 1 << 32


class TickMap:
    """The map for one start of one hub; a reset hub needs a new one."""

    def __init__(self, *, tick_hz: int) -> None:
        self._nominal = 1e9 / tick_hz
        """Nanoseconds a tick."""
        self._last_tick: int | None = None
        self._anchor_ns = 0
        self._anchor_tick: int | None = None
        self._first: list[tuple[float, float, float]] = []
        self._smallest_half_ns = math.inf
        self._smallest_at = 0.0
        self._widest_half_ns = 0.0
        # Faded sums of the regression: weight, means of time and tick, spreads around them.
        self._weight = 0.0
        self._time = 0.0
        self._tick = 0.0
        self._tick_tick = 0.0
        self._tick_time = 0.0
        self._lean = 0.0
        self._variance = 0.0
        self._outliers = 0
        self._last_ping = (0.0, 0.0)
        self._ping_gap = 0.0
        # The line in use, and how far dates are still away from it at `_slide_from`.
        self._slope = self._nominal
        self._line = (0.0, 0.0)
        self._slide_from = 0.0
        self._slide_ticks = 1.0
        self._slide_ns = 0.0
        self._latest_dated = -math.inf
        self.is_ready = False
        """True after the first pings: ticks can be dated."""

    @property
    def error_ns(self) -> int | None:
        """Estimated error of a date: half of the smallest round trip, the noise and the slide."""
        if not self.is_ready:
            return None
        noise = 2 * math.sqrt(self._variance / max(1.0, self._weight))
        return round(self._smallest_half_ns + noise + abs(self._slide_ns))

    def extend(self, tick: int) -> int:
        """The 64-bit tick for its lower 32 bits: the nearest one to the last extended tick."""
        if self._last_tick is None:
            self._last_tick = _WRAP + tick
        else:
            half = _WRAP >> 1
            ahead = ((tick - self._last_tick + half) & (_WRAP - 1)) - half
            self._last_tick += ahead
        return self._last_tick

    def ping(
        self, *, sent_ns: int, received_ns: int, receive_tick: int, transmit_tick: int
    ) -> PingVerdict:
        """Use one answered clock request.

        "restarted" means that the hub's count can't be from the start that this map is for: it went
        back, or is far outside the time between request and reply.
        """
        tick = self.extend(receive_tick)
        if self._anchor_tick is None:
            self._anchor_tick, self._anchor_ns = tick, sent_ns
        at, x = float(sent_ns - self._anchor_ns), float(tick - self._anchor_tick)
        round_trip = received_ns - sent_ns
        if (self.is_ready or self._first) and self._is_impossible(at, x, round_trip):
            return "restarted"
        self._ping_gap = x - self._last_ping[1]
        self._last_ping = (at, x)
        hub_ns = ((transmit_tick - receive_tick) & (_WRAP - 1)) * self._slope
        half_ns = max(0.0, round_trip - hub_ns) / 2
        self._note_half(half_ns, at)
        if not self.is_ready:
            self._first.append((at, x, half_ns))
            if len(self._first) == FIRST_PINGS:
                self._begin()
            return "used"
        return self._follow(at, x, half_ns)

    def date(self, ticks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Boot clock times of extended ticks, at least one; a later tick never gets an earlier time."""
        x = (ticks - (self._anchor_tick or 0)).astype(np.float64)
        self._latest_dated = max(self._latest_dated, float(x[-1]))
        return self._anchor_ns + np.rint(self._at(x)).astype(np.int64)

    def _is_impossible(self, at: float, x: float, round_trip: int) -> bool:
        if x < self._last_ping[1]:
            return True
        since_ns = at - self._last_ping[0]
        late_ns = (x - self._last_ping[1]) * self._slope - since_ns
        # The hub read the request at some time within the round trip. Half the interval is slack,
        # because the last ping's own delay is in `late_ns` too.
        slack_ns = since_ns / 2 + 20 * self._widest_half_ns + _JITTER_FLOOR_NS
        return not -slack_ns <= late_ns <= round_trip + slack_ns

    def _note_half(self, half_ns: float, at: float) -> None:
        self._widest_half_ns = max(self._widest_half_ns * (1 - _FADE), half_ns)
        aged = self._smallest_half_ns + (at - self._smallest_at) * _AGE
        if half_ns <= aged:
            self._smallest_half_ns, self._smallest_at = half_ns, at

    def _begin(self) -> None:
        """The first line; the first pings' scatter decides how much it leans on the crystal."""
        scatter = [at - x * self._nominal for at, x, _ in self._first]
        jitter_ns = max(_JITTER_FLOOR_NS, float(np.std(scatter)))
        self._lean = (jitter_ns / self._nominal / _CRYSTAL_ERROR) ** 2
        self._variance = jitter_ns**2
        for at, x, half_ns in self._first:
            self._add(at, x, self._trust(half_ns))
        self._first.clear()
        self.is_ready = True
        self._redraw()

    def _follow(self, at: float, x: float, half_ns: float) -> PingVerdict:
        predicted = self._time + (x - self._tick) * self._slope
        residual = at - predicted
        leaning = self._lean / (self._lean + self._tick_tick)
        unsure = 10 * _CRYSTAL_ERROR * leaning * (at - self._time)
        floor = max(_JITTER_FLOOR_NS * 5, self._smallest_half_ns)
        if abs(residual) > unsure + max(floor, _OUTLIER_SIGMAS * math.sqrt(self._variance)):
            # Too early can only be delay; too late, or many times in a row, means a wrong line.
            if residual < 0 and self._outliers < _MAX_OUTLIERS:
                self._outliers += 1
                return "outlier"
            self._variance = residual**2
        else:
            self._variance = (1 - _FADE) * self._variance + _FADE * residual**2
        self._outliers = 0
        self._lean *= 1 - _FADE
        self._add(at, x, self._trust(half_ns))
        self._redraw()
        return "used"

    def _trust(self, half_ns: float) -> float:
        """The weight of a ping: small if it took much longer than the quickest one."""
        usual_ns = max(_JITTER_FLOOR_NS, self._smallest_half_ns)
        return 1 / (1 + ((half_ns - self._smallest_half_ns) / usual_ns) ** 2)

    def _add(self, at: float, x: float, trust: float) -> None:
        keep = 1 - _FADE
        self._weight = self._weight * keep + trust
        dx, dt = x - self._tick, at - self._time
        self._tick += dx * trust / self._weight
        self._time += dt * trust / self._weight
        self._tick_tick = self._tick_tick * keep + trust * dx * (x - self._tick)
        self._tick_time = self._tick_time * keep + trust * dx * (at - self._time)

    def _redraw(self) -> None:
        """Compute the line again; the next date continues from the last one."""
        here = self._latest_dated
        shown_ns = self._at(here)
        self._slope = (self._tick_time + self._lean * self._nominal) / (
            self._tick_tick + self._lean
        )
        self._line = (self._tick, self._time + self._smallest_half_ns)
        self._slide_ns = 0.0
        if here > -math.inf:
            self._slide_from = here
            self._slide_ns = shown_ns - self._at(here)
            # Sliding never takes more than half of the speed of time.
            self._slide_ticks = max(self._ping_gap, 2 * abs(self._slide_ns) / self._slope)

    def _at(self, x: _Ticks) -> _Ticks:
        left = 1.0 - (x - self._slide_from) / self._slide_ticks
        share = np.minimum(np.maximum(left, 0.0), 1.0)
        at: _Ticks = self._line[1] + (x - self._line[0]) * self._slope + share * self._slide_ns
        return at
