"""The seat quantities: thirteen numbers each second from a seat's acceleration.

The edge calls `MotionQuantities.update` once a second; `lesson_quantities` drives the same code
over a whole lesson, so training sees exactly what the edge would have sent. NumPy alone.

Levels are 10·lg of a mean square over the three axes, in dB re 1 mg, never under -40 dB. Gravity
is the mean of a second. The order and the units are those of `quantities.SEAT_QUANTITIES`, and
docs/quantities.md explains each one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import SEAT_QUANTITIES

__all__ = ["BANDS_HZ", "LOWEST_LEVEL_DB", "LOWEST_RATE_HZ", "MotionQuantities", "lesson_quantities"]

BANDS_HZ: Final = ((0.3, 1.0), (1.0, 3.0), (3.0, 6.0), (6.0, 12.0), (12.0, 24.0))
LOWEST_LEVEL_DB: Final = -40.0
LOWEST_RATE_HZ: Final = 20.0
"""Below this a quarter-second has too few samples to find the floor and the wiggles."""

MIN_SHARE: Final = 0.6
"""The share of the expected samples that a period needs; with fewer a seat has no values."""
_MG: Final = 1000.0

# The seat's own floor, in dB re 1 mg: it falls to a quieter second within some ten seconds and
# rises by 0.3 dB a minute, so that neither a minute of writing nor a slow sensor drift moves it.
_FLOOR_LOWEST: Final = -6.0
_FLOOR_HIGHEST: Final = 18.0  # 8 mg, the noisiest sensor's peak
_FLOOR_START_HIGHEST: Final = 12.0
_FLOOR_FALL: Final = 0.12
_FLOOR_RISE_DB: Final = 0.005
_STILL_OVER_FLOOR_DB: Final = 6.0

# A movement begins where a quarter-second passes 20 mg and 12 dB over the floor, and ends 6 dB
# lower: under 20 mg lies writing, over it the wiggles.
_WIGGLE_LEVEL_DB: Final = 26.0
_WIGGLE_OVER_FLOOR_DB: Final = 12.0
_WIGGLE_HYSTERESIS_DB: Final = 6.0

_MIN_GRAVITY_MG: Final = 300.0

Array = NDArray[np.float32]


@dataclass(frozen=True)
class _Window:
    """A Hann window over whole seconds, and the bands to look for in it; all seats share one."""

    seconds: int
    bands_hz: tuple[tuple[float, float], ...]

    def __deepcopy__(self, memo: object) -> _Window:
        """Itself: it never changes, so all copies share what it caches."""
        return self

    @cached_property
    def lines_hz(self) -> NDArray[np.float64]:
        """The frequencies whose sums the bands need."""
        step = 1.0 / self.seconds
        line = np.arange(round(self.bands_hz[-1][1] / step) + 2) * step
        touched = (line + step / 2 > self.bands_hz[0][0]) & (line - step / 2 < self.bands_hz[-1][1])
        return np.asarray(line[touched])

    @cached_property
    def constants(self) -> Array:
        """The sums of a constant 1 in each second."""
        # Piece by piece, because a Pi has little memory.
        fine = sum(self.waves(4096, first).sum(axis=2) for first in range(0, 4096, 64))
        return np.asarray(fine, dtype=np.float32)

    @cached_property
    def weights(self) -> Array:
        """The window's mean in each second, the latest first."""
        return np.asarray(self._hann.mean(axis=1), dtype=np.float32)

    @cached_property
    def energies(self) -> Array:
        """The mean of its square."""
        return np.asarray((self._hann**2).mean(axis=1), dtype=np.float32)

    @property
    def _hann(self) -> NDArray[np.float64]:
        hann = np.sin(np.pi * (np.arange(self.seconds * 64) + 0.5) / 64 / self.seconds) ** 2
        return np.asarray(hann.reshape(self.seconds, -1)[::-1])

    def waves(self, n: int, first: int | None = None) -> NDArray[np.float64]:
        """Cosines and sines under the window for a second that lies `lag` seconds back.

        At all n places in the second, or at the 64 from `first` on.
        """
        lag = np.arange(self.seconds)[:, None]
        places = np.arange(n) if first is None else np.arange(first, first + 64)
        at = self.seconds - 1 - lag + (places + 0.5) / n
        turn = 2.0 * np.pi * self.lines_hz[:, None] * at[:, None, :]
        hann = np.sin(np.pi * at / self.seconds) ** 2
        waves = np.concatenate([np.cos(turn), np.sin(turn)], axis=1)
        return np.asarray(waves * hann[:, None, :] / n)


@lru_cache(maxsize=64)
def _basis(window: _Window, n: int) -> tuple[Array, Array]:
    """The sums as a matrix for n samples, and what each line adds to each band.

    Up to 46 KB each. A second at 50 Hz has 49 to 51 samples, so hubs need only a few of them. A
    line that loses many frames needs more, and rare ones are computed again.
    """
    step = 1.0 / window.seconds
    shares = []
    for low, high in window.bands_hz:
        edges = np.minimum(high, window.lines_hz + step / 2) - np.maximum(
            low, window.lines_hz - step / 2
        )
        share = np.clip(edges / step, 0.0, 1.0)
        # Above half the rate there is only an alias: scale up what is below it instead.
        seen = np.where(window.lines_hz <= n / 2, share, 0.0)
        shares.append(seen * share.sum() / seen.sum())
    both_halves = np.tile(np.array(shares), 2)
    waves = window.waves(n).reshape(-1, n)
    return waves.astype(np.float32), both_halves.astype(np.float32)


_window: Final = lru_cache(maxsize=8)(_Window)


class _BandPower:
    """Mean squares in bands, from a Hann window over the last few whole seconds.

    The window's Fourier sums are kept as running sums for the windows that end now and in the
    next seconds, so each second is turned into them once. The sums take the samples at their
    true places in the second, so any number of samples will do and none has to be invented. What
    is missing of the window counts as no movement, and its energy is corrected for that.
    """

    def __init__(self, *, seconds: int, bands_hz: tuple[tuple[float, float], ...], seats: int):
        self._window = _window(seconds, bands_hz)
        self._sums = np.zeros((seconds, 2 * self._window.lines_hz.size, seats, 3), np.float32)

    def update(self, motion: Array, gravity: Array, known: NDArray[np.bool_]) -> Array:
        """(seats, bands) of the window that ends with this second.

        `motion` is (n, seats, 3) about the second's own mean; `gravity` (seconds, seats, 3) and
        `known` (seconds, seats) are the means of the last seconds, the latest first.
        """
        window = self._window
        waves, shares = _basis(window, motion.shape[0])
        self._sums += (waves @ motion.reshape(motion.shape[0], -1)).reshape(self._sums.shape)
        present = known.astype(np.float32)
        weight = window.weights @ present
        energy = window.energies @ present
        weight[weight == 0.0] = energy[energy == 0.0] = np.inf
        weighted = (window.weights[:, None] * present)[:, :, None]
        middle = (weighted * gravity).sum(axis=0) / weight[:, None]
        steps = present[:, :, None] * (gravity - middle)
        sums = self._sums[0] + np.tensordot(window.constants, steps, axes=(0, 0))
        power = (sums * sums).sum(axis=2)
        self.skip()
        # Parseval: a window of T seconds has sum |X|² = T · integral of (window · signal)².
        scale = 2.0 / (window.seconds * energy)
        return np.asarray((shares @ power * scale).T, dtype=np.float32)

    def skip(self) -> None:
        """Move on by one second."""
        self._sums[:-1] = self._sums[1:]
        self._sums[-1] = 0.0


class MotionQuantities:
    """The quantities of a group of seats, one period at a time, with each seat's memory.

    A seat's memory is the last seconds (for the bands and the tilt), whether it is moving, and
    its own floor. A missing period clears all but the floor, which belongs to the sensor and its
    chair; the window of the slowest band goes on over up to three missing periods.
    """

    def __init__(self, *, seats: int, rate_hz: float) -> None:
        if rate_hz < LOWEST_RATE_HZ:
            raise ValueError(f"a rate of {rate_hz} Hz is too low, expected {LOWEST_RATE_HZ:g}")
        self.seats = seats
        self.rate_hz = rate_hz
        seen = tuple(band for band in BANDS_HZ[1:] if band[1] <= rate_hz / 2)
        self._fast = _BandPower(seconds=2, bands_hz=seen, seats=seats)
        self._slow = _BandPower(seconds=4, bands_hz=BANDS_HZ[:1], seats=seats)
        self._gravity = np.zeros((4, seats, 3), np.float32)  # the latest second first
        self._known = np.zeros((4, seats), bool)
        self._floor = np.full(seats, np.nan, np.float32)
        self._moving = np.zeros(seats, bool)

    def update(self, acceleration: Array) -> Array:
        """The quantities of one period, (seats, 13), from its samples in g, (samples, seats, 3).

        The samples are taken as evenly spread over the period; a sample that was lost is a row
        of NaN. A seat with fewer than 60 % of the samples that its rate promises is missing.
        """
        samples = np.asarray(acceleration, dtype=np.float32)
        if samples.ndim != 3 or samples.shape[1:] != (self.seats, 3):
            raise ValueError(
                f"acceleration has the shape {samples.shape}, expected (samples, {self.seats}, 3)"
            )
        there = np.isfinite(samples).all(axis=2)
        known = there.sum(axis=0) >= max(MIN_SHARE * self.rate_hz, 4)
        if not known.any():
            return self._missing_period()
        samples = samples * np.float32(_MG)
        present = there & known
        if not present.all():
            samples = _filled(samples, present)
        share = present.astype(np.float32)
        mean = (samples * share[:, :, None]).sum(axis=0) / np.maximum(share.sum(axis=0), 1.0)[
            :, None
        ]
        motion = samples - mean
        self._remember(known, mean)

        out = np.full((self.seats, len(SEAT_QUANTITIES)), np.nan, np.float32)
        out[:, 0:4] = _axes(motion, share)
        out[:, 4] = _jerk(motion, share)
        fast = self._fast.update(motion, self._gravity[:2], self._known[:2])
        out[:, 5:6] = _level(self._slow.update(motion, self._gravity, self._known))
        out[:, 6 : 6 + fast.shape[1]] = _level(fast)
        quarters = _quarters(motion, share)
        self._learn_floor(quarters, known)
        out[:, 10] = self._stillness(quarters)
        out[:, 11] = self._wiggles(quarters, known)
        out[:, 12] = self._tilt()
        out[~known] = np.nan
        return out

    def _missing_period(self) -> Array:
        none = np.zeros(self.seats, bool)
        self._remember(none, np.zeros((self.seats, 3), np.float32))
        self._fast.skip()
        self._slow.skip()
        self._moving = none
        return np.full((self.seats, len(SEAT_QUANTITIES)), np.nan, np.float32)

    def _remember(self, known: NDArray[np.bool_], gravity: Array) -> None:
        self._gravity = np.concatenate([gravity[None], self._gravity[:-1]])
        self._known = np.concatenate([known[None], self._known[:-1]])

    def _learn_floor(self, quarters: Array, known: NDArray[np.bool_]) -> None:
        quietest = np.fmin.reduce(quarters, axis=0)
        first = np.isnan(self._floor)
        floor = np.where(first, np.minimum(quietest, _FLOOR_START_HIGHEST), self._floor)
        fallen = floor + _FLOOR_FALL * (quietest - floor)
        floor = np.where(quietest < floor, fallen, floor + _FLOOR_RISE_DB)
        floor = np.clip(floor, _FLOOR_LOWEST, _FLOOR_HIGHEST).astype(np.float32)
        self._floor = np.where(known & ~np.isnan(quietest), floor, self._floor)

    def _stillness(self, quarters: Array) -> Array:
        seen = ~np.isnan(quarters)
        still = (quarters < self._floor + np.float32(_STILL_OVER_FLOOR_DB)) & seen
        return np.asarray(still.sum(axis=0) / np.maximum(seen.sum(axis=0), 1), dtype=np.float32)

    def _wiggles(self, quarters: Array, known: NDArray[np.bool_]) -> Array:
        begin = np.maximum(self._floor + np.float32(_WIGGLE_OVER_FLOOR_DB), _WIGGLE_LEVEL_DB)
        end = begin - np.float32(_WIGGLE_HYSTERESIS_DB)
        moving = self._moving
        count = np.zeros(self.seats, np.float32)
        for level in quarters:  # NaN leaves the seat as it was
            begins = ~moving & (level >= begin)
            count += begins
            moving = (moving | begins) & ~(level < end)
        self._moving = moving & known
        return count

    def _tilt(self) -> Array:
        now, before = self._gravity[0], self._gravity[1]
        across = np.linalg.norm(np.cross(now, before), axis=1)
        along = (now * before).sum(axis=1)
        angle = np.degrees(np.arctan2(across, along))
        length = np.minimum(np.linalg.norm(now, axis=1), np.linalg.norm(before, axis=1))
        trusted = self._known[0] & self._known[1] & (length >= _MIN_GRAVITY_MG)
        return np.where(trusted, angle, np.nan).astype(np.float32)


def _level(mean_square: Array) -> Array:
    """The level, in dB re 1 mg, of a mean square in mg²."""
    lowest = np.float32(10.0 ** (LOWEST_LEVEL_DB / 10.0))
    return np.asarray(10.0 * np.log10(np.maximum(mean_square, lowest)), dtype=np.float32)


def _filled(samples: Array, present: NDArray[np.bool_]) -> Array:
    """Lost samples as straight lines between their neighbours, absent seats as zeros.

    Only the sums of the bands use these; everything else counts the real samples.
    """
    filled = np.where(present[:, :, None], samples, np.float32(0.0))
    at = np.arange(samples.shape[0])
    for seat in np.flatnonzero(present.any(axis=0) & ~present.all(axis=0)):
        have = present[:, seat]
        for axis in range(3):
            filled[~have, seat, axis] = np.interp(at[~have], at[have], samples[have, seat, axis])
    return filled


def _axes(motion: Array, share: Array) -> Array:
    """The level of all, and along the second's principal axes in falling order: (seats, 4).

    The eigenvalues of the second's covariance do not change when the sensor is turned, so no
    mounting matters; their sum is the mean square of all.
    """
    there = motion * share[:, :, None]
    by_seat = there.transpose(1, 2, 0)
    covariance = by_seat @ by_seat.transpose(0, 2, 1)
    covariance /= np.maximum(share.sum(axis=0), 1.0)[:, None, None]
    squares = np.linalg.eigvalsh(covariance)[:, ::-1]
    return _level(np.concatenate([squares.sum(axis=1, keepdims=True), squares], axis=1))


def _jerk(motion: Array, share: Array) -> Array:
    """The level of the change from each sample to the next, in dB re 1 mg/s: (seats,)."""
    change = np.diff(motion, axis=0) * np.float32(motion.shape[0])
    both = share[1:] * share[:-1]
    squares = (change * change).sum(axis=2) * both
    return _level(squares.sum(axis=0) / np.maximum(both.sum(axis=0), 1.0))


def _quarters(motion: Array, share: Array) -> Array:
    """The level of each quarter-second about its own mean: (4, seats), NaN with too few samples.

    The unbiased variance (n - 1) keeps quarters of twelve and thirteen samples alike.
    """
    n = motion.shape[0]
    starts = (np.arange(4) * n + 3) // 4
    count = np.add.reduceat(share, starts, axis=0)
    there = motion * share[:, :, None]
    total = np.add.reduceat(there, starts, axis=0)
    squares = np.add.reduceat((there * there).sum(axis=2), starts, axis=0)
    spread = squares - (total * total).sum(axis=2) / np.maximum(count, 1.0)
    level = _level(spread / np.maximum(count - 1.0, 1.0))
    return np.where(count >= 3, level, np.float32(np.nan))


def lesson_quantities(acceleration: Array, rate_hz: float) -> Array:
    """The quantities of a whole recording, (T, seats, 13), from (T · rate, seats, 3) in g.

    It runs `MotionQuantities.update` second by second, so the numbers are the stream's own. The
    rate is a whole number of samples a second; samples after the last whole second are left out.
    """
    per_second = round(rate_hz)
    if per_second != rate_hz:
        raise ValueError(f"a recording at {rate_hz} Hz has no whole number of samples a second")
    seconds, seats = acceleration.shape[0] // per_second, acceleration.shape[1]
    stream = MotionQuantities(seats=seats, rate_hz=rate_hz)
    out = np.empty((seconds, seats, len(SEAT_QUANTITIES)), np.float32)
    for second in range(seconds):
        at = second * per_second
        out[second] = stream.update(acceleration[at : at + per_second])
    return out
