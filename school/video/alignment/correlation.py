"""How alike two traces are at every offset, where they overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from school.video.alignment.traces import Trace

__all__ = ["Likeness", "likeness"]


@dataclass(frozen=True, slots=True)
class Likeness:
    """By lag in seconds: second i of the first trace is second i + lag of the other."""

    lag_s: NDArray[np.int64]
    correlation: NDArray[np.float64]
    """0 where the overlap is too short to say."""
    overlap_s: NDArray[np.float64]

    @property
    def score(self) -> NDArray[np.float64]:
        """The correlation by how far noise would go: about normal for traces that are not alike."""
        return np.asarray(self.correlation * np.sqrt(self.overlap_s))


def likeness(lesson: Trace, video: Trace, min_overlap_s: float) -> Likeness:
    """The correlation over the overlap at each lag, by FFT."""
    n, m = lesson.value.size, video.value.size
    size = 1 << max(n + m - 1, 1).bit_length()

    def transform(values: NDArray[np.float64]) -> NDArray[np.complex128]:
        return np.asarray(np.fft.rfft(values, size))

    def correlate(a: NDArray[np.complex128], b: NDArray[np.complex128]) -> NDArray[np.float64]:
        found = np.fft.irfft(np.conj(a) * b, size)
        return np.concatenate([found[size - n + 1 :], found[:m]])

    x, known_x, square_x = map(transform, (lesson.value, lesson.known, lesson.value**2))
    y, known_y, square_y = map(transform, (video.value, video.known, video.value**2))
    overlap = np.rint(correlate(known_x, known_y))
    product = correlate(x, y)
    power = correlate(square_x, known_y) * correlate(known_x, square_y)
    enough = (overlap >= max(min_overlap_s, 2.0)) & (power > 1e-6)
    correlation = np.where(enough, product / np.sqrt(np.where(enough, power, 1.0)), 0.0)
    return Likeness(np.arange(-n + 1, m), np.clip(correlation, -1.0, 1.0), overlap)
