"""The room quantities: five numbers each second from short sound levels; and A-weighting.

`SoundQuantities` takes levels of eighth-seconds from a sound-level meter, or from `AWeighting`,
which computes them from a microphone's samples. A sample never leaves `AWeighting`, and stays in
it for at most 0.3 s. NumPy alone.

Levels are dB(A). They are averaged as energy, never as decibels.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.quantities.table import ROOM_QUANTITIES
from contract.quantities.time_weighting import FAST_S, SLOW_S, TimeWeighting

__all__ = ["LOWEST_SOUND_DB", "AWeighting", "SoundQuantities", "energy_mean", "sound_rows"]

LOWEST_SOUND_DB: Final = 0.0
"""No room and no microphone is as quiet as this: digital silence counts as 0 dB(A)."""

_INTERVAL_S: Final = 0.125
_ONSET_DB: Final = 6.0
_ONSET_S: Final = 0.25
_MIN_SHARE: Final = 0.6

# The poles of the A-weighting, IEC 61672-1, Annex E (Hz).
_POLES_HZ: Final = (20.598997, 107.65265, 737.86223, 12194.217)


def energy_mean(levels_db: NDArray[np.floating]) -> float:
    """The level of the mean energy of some levels; NaN if there are none."""
    known = levels_db[~np.isnan(levels_db)].astype(np.float64)
    if known.size == 0:
        return math.nan
    loudest = float(known.max())
    return loudest + 10.0 * math.log10(float(np.mean(10.0 ** ((known - loudest) / 10.0))))


def sound_rows(
    laeq: NDArray[np.floating],
    lafmax: NDArray[np.floating] | None = None,
    *,
    is_coarse: bool = False,
) -> NDArray[np.float32]:
    """(k, 3) from short levels: LAeq, LAFmax (NaN if it is not known), and 1 for a coarse level.

    A coarse level stands for longer than a quarter of a second, or is slow: only its mean counts.
    """
    rows = np.full((len(laeq), 3), np.nan, np.float32)
    rows[:, 0] = laeq
    if lafmax is not None:
        rows[:, 1] = lafmax
    rows[:, 2] = is_coarse
    return rows


class SoundQuantities:
    """The room's quantities second by second, from its short levels.

    Its memory is the time-weighted energy and the last quarter-second; a missing second clears
    both.
    """

    def __init__(self) -> None:
        self._fast_energy = math.nan
        self._last: list[float] = []
        self._rising = False

    def update(self, short_laeq: NDArray[np.floating]) -> NDArray[np.float32]:
        """(5,) from one second's levels, (k,) in dB(A) or as `sound_rows` has them, usually eight.

        A lost level is NaN; with fewer than 60 % of the levels all quantities are missing. A meter
        with fewer than four levels a second, or with coarse ones, gives only `laeq_1s`.
        """
        rows = np.asarray(short_laeq, dtype=np.float64)
        if rows.ndim == 1:
            rows = sound_rows(rows).astype(np.float64)
            rows[:, 0] = short_laeq
        levels = rows[:, 0]
        out = np.full(len(ROOM_QUANTITIES), np.nan, np.float32)
        known = ~np.isnan(levels)
        if known.sum() < max(_MIN_SHARE * levels.size, 1):
            self._fast_energy, self._last, self._rising = math.nan, [], False
            return out
        out[0] = energy_mean(levels)
        if levels.size >= 4 and not rows[known, 2].any():
            fast = rows[known, 1]
            # A meter that knows its own F level knows it better than its short levels can say.
            out[1] = self._highest_fast(levels) if np.isnan(fast).any() else fast.max()
            in_order = np.sort(levels[known])
            out[2], out[3] = _quantile(in_order, 0.9), _quantile(in_order, 0.1)
            out[4] = self._onsets(levels)
        return out

    def _highest_fast(self, levels: NDArray[np.float64]) -> float:
        """The highest level with time weighting F: an exponential mean of energy over 125 ms.

        This assumes that a level's energy is even; a peak within it may be up to 2 dB higher.
        """
        keep = math.exp(-1.0 / (levels.size * FAST_S))
        highest = -math.inf
        for level in levels[~np.isnan(levels)]:
            energy = 10.0 ** (level / 10.0)
            before = energy if math.isnan(self._fast_energy) else self._fast_energy
            self._fast_energy = keep * before + (1.0 - keep) * energy
            highest = max(highest, self._fast_energy)
        return 10.0 * math.log10(max(highest, 10.0 ** (LOWEST_SOUND_DB / 10.0)))

    def _onsets(self, levels: NDArray[np.float64]) -> int:
        """Count rises of 6 dB or more within a quarter-second; one long rise counts once."""
        back = max(1, round(levels.size * _ONSET_S))
        count = 0
        for level in levels:
            if math.isnan(level):
                self._last, self._rising = [], False
                continue
            rises = bool(self._last) and level - min(self._last) >= _ONSET_DB
            count += rises and not self._rising
            self._rising = rises
            self._last = [*self._last, float(level)][-back:]
        return count


def _quantile(in_order: NDArray[np.float64], share: float) -> float:
    """Between the two nearest values, as `np.quantile`, which loads 10 MB of NumPy for it."""
    at = share * (in_order.size - 1)
    below = int(at)
    above = min(below + 1, in_order.size - 1)
    low, high = float(in_order[below]), float(in_order[above])
    return low + (high - low) * (at - below)


def _analytic(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """The gain of the A-weighting of IEC 61672-1, Annex E, which is 1 at 1 kHz."""

    def shape(f: NDArray[np.float64]) -> NDArray[np.float64]:
        f1, f2, f3, f4 = (pole * pole for pole in _POLES_HZ)
        s = f * f
        return f4 * s * s / ((s + f1) * np.sqrt((s + f2) * (s + f3)) * (s + f4))

    return np.asarray(shape(frequency_hz) / shape(np.array(1000.0)))


class AWeighting:
    """A microphone's samples to A-weighted levels of eighth-seconds.

    The filter is causal: the analytic curve's four zeros at 0 Hz and its low poles carried over
    exactly (z = exp(-2πf/rate)), times a minimum-phase filter that corrects what is left at the top
    end. An FFT convolves its response, 0.15 s long, with each eighth-second, without a loop over
    samples.

    `full_scale_db` is the level whose RMS fills the scale: what a calibrator reads, minus the
    RMS of its samples in dB re full scale. It follows from a data sheet's sensitivity S (dBFS at
    94 dB, where a full-scale sine is 0 dBFS) as 94 - S + 3.01.
    """

    def __init__(self, *, full_scale_db: float, rate_hz: int = 48_000) -> None:
        if rate_hz % 8 or rate_hz < 32_000:
            raise ValueError(f"a rate of {rate_hz} Hz, expected 32000 Hz or more in eighths")
        self.full_scale_db = full_scale_db
        self.rate_hz = rate_hz
        self._step = rate_hz // 8
        response = _impulse_response(rate_hz)
        self._before = response.size - 1
        self._size = _quick_size(self._step + self._before)
        self._response = np.fft.rfft(response, self._size)
        self._held = np.zeros(self._before, np.float64)
        self._parts = next(n for n in range(125, 0, -1) if self._step % n == 0)
        self._weightings = tuple(
            TimeWeighting(time_constant_s=each, interval_s=_INTERVAL_S, steps=self._parts)
            for each in (FAST_S, SLOW_S)
        )

    def short_laeq(self, samples: NDArray[np.int32]) -> NDArray[np.float32]:
        """The first column of `short_levels`."""
        return self.short_levels(samples)[:, 0]

    def short_levels(self, samples: NDArray[np.int32]) -> NDArray[np.float32]:
        """The levels of the eighth-seconds that these samples complete, in dB(A).

        (k, 3): LAeq, and the highest levels with time weighting F and S. Any number of samples may
        come at once; the levels do not depend on how they are cut.
        """
        fresh = np.asarray(samples, dtype=np.float64) / 2.0**31
        signal = np.concatenate([self._held, fresh])
        steps = (signal.size - self._before) // self._step
        self._held = signal[steps * self._step :]
        if steps == 0:
            return np.empty((0, 3), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(signal, self._before + self._step)
        spectra = np.fft.rfft(windows[:: self._step][:steps], self._size, axis=1)
        weighted = np.fft.irfft(spectra * self._response, self._size, axis=1)
        squares = weighted[:, self._before : self._before + self._step] ** 2
        parts = squares.reshape(steps, self._parts, -1).mean(axis=2)
        power = np.empty((steps, 3))
        power[:, 0] = squares.mean(axis=1)
        for column, weighting in enumerate(self._weightings, start=1):
            power[:, column] = [weighting.highest(each) for each in parts]
        level = 10.0 * np.log10(np.maximum(power, 1e-30)) + self.full_scale_db
        return np.asarray(np.maximum(level, LOWEST_SOUND_DB), dtype=np.float32)

    def forget(self) -> None:
        """Drop the held samples, as after a gap."""
        self._held = np.zeros(self._before, np.float64)
        for weighting in self._weightings:
            weighting.forget()


def _impulse_response(rate_hz: int) -> NDArray[np.float64]:
    size = 1 << 17
    frequency = np.arange(size // 2 + 1) * rate_hz / size
    step = np.exp(-2j * np.pi * frequency / rate_hz)
    low = np.ones_like(step)
    for pole in (_POLES_HZ[0], _POLES_HZ[0], _POLES_HZ[1], _POLES_HZ[2]):
        low = low * (1.0 - step) / (1.0 - math.exp(-2.0 * math.pi * pole / rate_hz) * step)
    rest = np.empty(frequency.size)
    rest[1:] = _analytic(frequency[1:]) / np.abs(low[1:])
    rest[0] = rest[1]  # both go to zero alike
    # Minimum phase from the magnitude: fold the cepstrum onto its causal half.
    cepstrum = np.fft.irfft(np.log(rest), size)
    cepstrum[1 : size // 2] *= 2.0
    cepstrum[size // 2 + 1 :] = 0.0
    response = np.fft.irfft(low * np.exp(np.fft.rfft(cepstrum)), size)
    return np.asarray(response[: round(0.15 * rate_hz)])


def _quick_size(min_size: int) -> int:
    """The smallest size from `min_size` on with no prime factors but 2, 3 and 5: a fast FFT."""
    size = min_size
    while True:
        rest = size
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return size
        size += 1
