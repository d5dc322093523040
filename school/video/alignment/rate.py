"""A camera's clock against the room's: the slope of the offset over the lesson, where it is clear."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from school.video.alignment.peak import Peak, best_peak
from school.video.alignment.traces import Trace

__all__ = ["Rate", "clock_rate"]

_WINDOW_S: Final = 300
_WITHIN_S: Final = 2.0
_MIN_WINDOWS: Final = 4
_CLEAR: Final = 4.0
"""Standard errors from 1."""
_FEW_S: Final = 0.15
"""A slope that makes less than this over the video is not worth a second number."""
_MAX: Final = 0.001


@dataclass(frozen=True, slots=True)
class Rate:
    """`video_t = offset_s + rate * lesson_t`, and how far windows scatter around it."""

    rate: float
    offset_s: float
    scatter_s: float


def clock_rate(lesson: Trace, phases: list[Trace], peak: Peak) -> Rate:
    """The rate of a stretch, 1 unless it is well determined."""
    at, offset, weight = [], [], []
    for start in range(0, phases[0].value.size - _WINDOW_S // 2, _WINDOW_S):
        windows = [_only(each, start, start + _WINDOW_S) for each in phases]
        found = best_peak(lesson, windows, near_s=peak.offset_s, within_s=_WITHIN_S)
        if found is None or found.correlation < 0.15:
            continue
        at.append(start + _WINDOW_S / 2 - peak.offset_s)
        offset.append(found.offset_s)
        weight.append(1.0 / found.plus_minus_s**2)
    if len(at) < _MIN_WINDOWS:
        return Rate(1.0, peak.offset_s, 0.0)
    x, y, w = np.array(at), np.array(offset), np.array(weight)
    center = float(np.average(x, weights=w))
    spread = float(np.sum(w * (x - center) ** 2))
    middle = float(np.average(y, weights=w))
    slope = float(np.sum(w * (x - center) * (y - middle)) / spread)
    rest = y - middle - slope * (x - center)
    variance = float(np.sum(w * rest**2) / np.sum(w)) * len(at) / (len(at) - 2)
    error = math.sqrt(variance * float(np.sum(w)) / len(at) / spread)
    scatter_s = math.sqrt(variance / len(at))
    length_s = float(x.max() - x.min())
    if abs(slope) < _CLEAR * error or abs(slope) * length_s < _FEW_S or abs(slope) > _MAX:
        return Rate(1.0, peak.offset_s, scatter_s)
    return Rate(1.0 + slope, middle - slope * center, scatter_s)


def _only(trace: Trace, start: int, end: int) -> Trace:
    """The same trace, known in these seconds alone."""
    value, known = np.zeros(trace.value.size), np.zeros(trace.value.size)
    value[start:end], known[start:end] = trace.value[start:end], trace.known[start:end]
    return Trace(value, known)
