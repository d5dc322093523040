"""Sound whose level is given: noise with the spectrum and the syllables of talk, without a word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulators.behaviour.streams import stream
from simulators.lesson_video.camera import STEPS_A_SECOND

__all__ = ["RATE_HZ", "sound"]

RATE_HZ: Final = 16_000
_CHUNK_STEPS: Final = 100
_SYLLABLES_HZ: Final = 4.0
_SYLLABLE_SD: Final = 0.5
_LOUDEST: Final = 0.99


def sound(level_db: NDArray[np.float64], seed: int) -> Iterator[NDArray[np.float32]]:
    """Samples of 16 kHz, ten seconds at a time, of these levels by tenths of a second."""
    step = RATE_HZ // STEPS_A_SECOND
    shape = _spectrum(_CHUNK_STEPS * step)
    for number, first in enumerate(range(0, level_db.size, _CHUNK_STEPS)):
        rng = stream(seed, "textures", 1_000_000 + number)
        steps = min(_CHUNK_STEPS, level_db.size - first)
        noise = np.fft.rfft(rng.standard_normal(_CHUNK_STEPS * step)) * shape
        samples = np.fft.irfft(noise, _CHUNK_STEPS * step)[: steps * step]
        # Levels are of whole steps: between their middles the amplitude goes straight, in dB.
        around = level_db[max(first - 1, 0) : first + steps + 1]
        places = (np.arange(around.size) - min(first, 1) + 0.5) * step
        amplitude = 10.0 ** (np.interp(np.arange(steps * step), places, around) / 20.0)
        talk = amplitude * _syllables(steps * step, rng)
        yield np.clip(samples * talk, -_LOUDEST, _LOUDEST).astype(np.float32)


def _spectrum(size: int) -> NDArray[np.float64]:
    """Speech's long-term spectrum, about: flat to 500 Hz, then 9 dB less each octave; power 1."""
    f = np.fft.rfftfreq(size, 1.0 / RATE_HZ)
    shape = np.where(f < 500.0, f / (f + 100.0), (np.maximum(f, 1.0) / 500.0) ** -1.5 / 1.2)
    return np.asarray(shape / np.sqrt(np.mean(shape**2)))


def _syllables(size: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The rise and fall of syllables, of unit power."""
    knots = int(size / RATE_HZ * 2.0 * _SYLLABLES_HZ) + 3
    wave = np.interp(
        np.arange(size) * 2.0 * _SYLLABLES_HZ / RATE_HZ,
        np.arange(knots),
        rng.standard_normal(knots),
    )
    wave = np.exp(_SYLLABLE_SD * wave)
    return np.asarray(wave / np.sqrt(np.mean(wave**2)))
