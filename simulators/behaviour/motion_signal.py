"""The acceleration of every seat, computed minute by minute, independent of how it is sliced.

Movement is filtered noise, read from three circular textures at an offset per seat. A minute
depends only on the seed and its own number, so a stream may start anywhere, a whole lesson needs
little memory, and a demo starts at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.behaviour.movements import LEG_BOUNCE, POSTURE_SHIFT, WIGGLE, Movements
from simulators.behaviour.pupils import Pupils, SeatSensors
from simulators.behaviour.streams import stream
from simulators.scenario import Scenario

__all__ = ["BLOCK_S", "MotionSignal"]

BLOCK_S: Final = 60
_TEXTURE_S: Final = 640
_KEPT_BLOCKS: Final = 3  # hubs that stream side by side may be a block apart
_TILT_S: Final = 0.6  # how long a seat takes to come to rest after a posture shift

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Textures:
    """Circular noise of unit RMS over three axes, (samples, 3); `padded` repeats the start."""

    sway: Array
    hands: Array
    burst: Array


class MotionSignal:
    """Acceleration in g of a classroom's seats, including gravity, noise and mounting."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        *,
        pupils: Pupils,
        sensors: SeatSensors,
        movements: Movements,
    ) -> None:
        self.rate_hz = scenario.sensors.rate_hz
        self.samples = scenario.periods * self.rate_hz
        self.seats = len(scenario.seats)
        self._seed = seed
        self._pupils = pupils
        self._sensors = sensors
        self._movements = movements
        self._block = BLOCK_S * self.rate_hz
        self._textures = _draw_textures(seed, self.rate_hz, self._block)
        rng = stream(seed, "textures", 1)
        length = _TEXTURE_S * self.rate_hz
        self._seat_offset = rng.integers(0, length, size=(self.seats, 2))
        n = len(movements.start_s)
        self._offset = rng.integers(0, length, size=n)
        self._direction = np.sqrt(rng.dirichlet((2.0, 2.0, 1.0), size=n)).astype(np.float32)
        self._first = np.round(movements.start_s * self.rate_hz).astype(np.int64)
        self._length = np.maximum(np.round(movements.length_s * self.rate_hz), 2).astype(np.int64)
        self._by_block = self._index()
        self._tilt = self._draw_tilt(rng, scenario.movement.tilt_sd_deg)
        self._ready: OrderedDict[int, Array] = OrderedDict()
        self._lock = Lock()

    def acceleration(
        self, first_sample: int, count: int, columns: Sequence[int] | None = None
    ) -> NDArray[np.float32]:
        """(count, seats, 3) in g, starting at `first_sample`; `columns` selects seats by position.

        Raises IndexError outside the lesson.
        """
        if first_sample < 0 or count < 0 or first_sample + count > self.samples:
            raise IndexError(
                f"samples {first_sample} to {first_sample + count} of a lesson of {self.samples}"
            )
        parts = [np.empty((0, self.seats, 3), np.float32)]
        at, end = first_sample, first_sample + count
        while at < end:
            number, offset = divmod(at, self._block)
            stop = min(self._block, offset + end - at)
            parts.append(self._kept(number)[offset:stop])
            at += stop - offset
        whole = np.concatenate(parts)
        return whole if columns is None else whole[:, columns]

    def _kept(self, number: int) -> Array:
        """A block; computed only once while several hubs read it."""
        with self._lock:
            block = self._ready.get(number)
            if block is None:
                block = self._ready[number] = self._make(number)
                if len(self._ready) > _KEPT_BLOCKS:
                    self._ready.popitem(last=False)
            return block

    def _make(self, number: int) -> Array:
        first = number * self._block
        body = self._background(number, first)
        for event in self._by_block.get(number, ()):
            self._add(body, first, event)
        self._add_gravity(body, first)
        reading: Array = body @ self._sensors.matrix.transpose(0, 2, 1)
        out: Array = np.ascontiguousarray(reading.transpose(1, 0, 2))
        noise = stream(self._seed, "noise", number).standard_normal(out.shape, dtype=np.float32)
        noise *= self._sensors.noise_g[:, None]
        out += noise
        out += self._sensors.offset_g
        return out

    def _background(self, number: int, first: int) -> Array:
        """(seats, samples, 3): sway and hands at the levels of each second."""
        seconds = slice(number * BLOCK_S, (number + 1) * BLOCK_S)
        body = np.zeros((self.seats, self._block, 3), np.float32)
        axes = self._pupils.axes.astype(np.float32) * np.sqrt(np.float32(3.0)) / 1000.0
        length = _TEXTURE_S * self.rate_hz
        for which, (texture, level) in enumerate(
            (
                (self._textures.sway, self._movements.still_mg),
                (self._textures.hands, self._movements.hands_mg),
            )
        ):
            levels = level[seconds].T
            for seat in np.flatnonzero(levels.any(axis=1)):
                at = int((first + self._seat_offset[seat, which]) % length)
                scale = np.zeros(self._block, np.float32)
                by_sample = np.repeat(levels[seat], self.rate_hz)
                scale[: len(by_sample)] = by_sample  # the last minute may be short
                wave = texture[at : at + self._block] * scale[:, None]
                wave *= axes[seat]
                body[seat] += wave
        return body

    def _add(self, body: Array, first: int, event: int) -> None:
        """Add the part of a single movement that is inside the block."""
        start, length = int(self._first[event]), int(self._length[event])
        low, high = max(start, first), min(start + length, first + self._block)
        if low >= high:
            return
        seat, code = int(self._movements.seat[event]), int(self._movements.code[event])
        rms_g = self._movements.rms_mg[event] / 1000.0
        wave: Array
        if code == LEG_BOUNCE:
            wave = self._bounce(event, np.arange(low - start, high - start))
        else:
            wave = self._burst(event, length, code)[low - start : high - start]
        body[seat, low - first : high - first] += np.float32(rms_g) * wave

    def _burst(self, event: int, length: int, code: int) -> Array:
        """A wiggle or a posture shift of unit RMS over its length."""
        at = int(self._offset[event])
        texture = self._textures.burst if code == WIGGLE else self._textures.sway
        window = np.hanning(length + 2)[1:-1]
        if code == WIGGLE:
            window = np.minimum(1.0, 3.0 * window)
        wave = texture[at : at + length] * self._direction[event]
        wave *= window.astype(np.float32)[:, None]
        return np.asarray(wave / np.sqrt((wave * wave).sum(axis=1).mean()))

    def _bounce(self, event: int, sample: NDArray[np.int64]) -> Array:
        """A leg that bounces at its own rate, with a second harmonic and a slow swell."""
        place = self._offset[event] / (_TEXTURE_S * self.rate_hz)
        turns = (
            sample / self.rate_hz * self._pupils.leg_bounce_hz[self._movements.seat[event]] + place
        )
        swell = 1.0 + 0.4 * np.sin(2.0 * np.pi * (sample / self.rate_hz / 7.0 + 5.0 * place))
        wave = np.sin(2.0 * np.pi * turns) + 0.35 * np.sin(4.0 * np.pi * turns + 1.0)
        unit = swell * wave / np.sqrt((1.0 + 0.4**2 / 2.0) * (1.0 + 0.35**2) / 2.0)
        return np.asarray(unit[:, None] * self._direction[event], np.float32)

    def _add_gravity(self, body: Array, first: int) -> None:
        """Add gravity along the chair's axes, according to its tilt."""
        sample = np.arange(first, first + self._block)
        for seat, (at, pitch, roll) in enumerate(self._tilt):
            low, high = np.searchsorted(at, (first, first + self._block))
            if low == high and low % 2 == 0:  # at rest for the whole block
                here = max(low - 1, 0)
                p, r = np.full(1, pitch[here]), np.full(1, roll[here])
            else:
                p, r = np.interp(sample, at, pitch), np.interp(sample, at, roll)
            gravity = np.stack([np.sin(p), -np.cos(p) * np.sin(r), np.cos(p) * np.cos(r)], axis=1)
            body[seat] += gravity.astype(np.float32)

    def _draw_tilt(
        self, rng: np.random.Generator, sd_deg: float
    ) -> list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
        """For each seat, knots (samples, pitch, roll) in pairs: before and after each shift."""
        settle = round(_TILT_S * self.rate_hz)
        tilts = []
        for seat in range(self.seats):
            mine = (self._movements.seat == seat) & (self._movements.code == POSTURE_SHIFT)
            starts = self._first[mine]
            starts = starts[np.diff(starts, prepend=-2 * settle) > settle]
            angles = np.radians(sd_deg) * rng.standard_normal((len(starts) + 1, 2))
            knots = np.stack([starts, starts + settle], axis=1).ravel().astype(np.float64)
            held = np.repeat(angles, 2, axis=0)[1:-1] if len(starts) else angles
            at = knots if len(starts) else np.zeros(1)
            tilts.append((at, held[:, 0], held[:, 1]))
        return tilts

    def _index(self) -> dict[int, list[int]]:
        """The movements in each block."""
        by_block: dict[int, list[int]] = {}
        last = self._first + self._length - 1
        for event, (low, high) in enumerate(
            zip(self._first // self._block, last // self._block, strict=True)
        ):
            for number in range(int(low), int(high) + 1):
                by_block.setdefault(number, []).append(event)
        return by_block


def _draw_textures(seed: int, rate_hz: int, block: int) -> _Textures:
    """Noise in the bands of human movement: sway below 3 Hz, hands 1 to 8 Hz, bursts 0.3 to 8."""
    rng = stream(seed, "textures")
    length = _TEXTURE_S * rate_hz
    frequency = np.arange(length // 2 + 1) / _TEXTURE_S
    sway = _band(frequency, 0.2, 3.0) / np.maximum(frequency, 0.2)
    hands = _band(frequency, 0.7, 8.0) / np.sqrt(np.maximum(frequency, 0.7))
    burst = _band(frequency, 0.3, 9.0) / np.maximum(frequency, 0.5) ** 0.7
    waves = []
    for shape in (sway, hands, burst):
        spectrum = rng.standard_normal((3, len(frequency), 2)) @ np.array([1.0, 1.0j])
        wave = np.fft.irfft(spectrum * shape, n=length, axis=1).T
        wave /= np.sqrt((wave * wave).mean(axis=0) * 3.0)
        waves.append(np.concatenate([wave, wave[:block]]).astype(np.float32))
    return _Textures(*waves)


def _band(frequency: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """1 within the band, falling off by about 12 dB an octave outside."""
    with np.errstate(divide="ignore"):
        below = 1.0 / (1.0 + (low / frequency) ** 4)
    return np.asarray(np.sqrt(below / (1.0 + (frequency / high) ** 4)))
