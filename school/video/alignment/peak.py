"""The best offset of a stretch of video, to tenths of a second, and how sure it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from school.video.alignment.correlation import likeness
from school.video.alignment.traces import Trace, prepared, seconds_of

__all__ = ["Peak", "best_peak", "phases_of"]

_APART_S: Final = 5
"""Another peak is at least this far from the best."""
_FIT_STEPS: Final = 5
"""The peak's shape is fitted this many tenths to each side."""
_MIN_OVERLAP_S: Final = 300.0
_FLOOR_S: Final = 0.2
"""Nothing is surer: a level's step, and what a kit's clock and a camera's sound are off."""
_WIDER: Final = 2.0
"""Standard errors of ±, so that the truth is within it 95 times of a hundred."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The video's second at the lesson's start, and what speaks for it."""

    offset_s: float
    plus_minus_s: float
    correlation: float
    peak_ratio: float
    overlap_s: float


def phases_of(level_db: NDArray[np.floating], step_s: float) -> list[Trace]:
    """The video's seconds, prepared, for each step at which a second may begin."""
    steps = round(1.0 / step_s)
    return [prepared(seconds_of(level_db, step_s, phase)) for phase in range(steps)]


def best_peak(
    lesson: Trace, phases: list[Trace], *, near_s: float | None = None, within_s: float = 0.0
) -> Peak | None:
    """The best offset of all, or the best near one; None if the traces hardly overlap."""
    steps = len(phases)
    shorter = min(float(lesson.known.sum()), float(phases[0].known.sum()))
    if shorter < 30.0:
        return None
    found = [likeness(lesson, each, min(_MIN_OVERLAP_S, shorter / 2.0)) for each in phases]
    # Phases may differ by one second in length; all have the shortest's lags.
    size = min(each.lag_s.size for each in found)
    lag_s = found[0].lag_s[:size]
    correlation = np.stack([each.correlation[:size] for each in found], axis=1).ravel()
    overlap_s = np.stack([each.overlap_s[:size] for each in found], axis=1).ravel()
    score = correlation * np.sqrt(overlap_s)
    at_s = (lag_s[:, None] + np.arange(steps)[None, :] / steps).ravel()
    allowed = np.ones(score.size, bool) if near_s is None else abs(at_s - near_s) <= within_s
    if not allowed.any():
        return None
    best = int(np.argmax(np.where(allowed, score, -np.inf)))
    if correlation[best] <= 0.0:
        return None
    others = score[abs(at_s - at_s[best]) >= _APART_S]
    second = max(float(others.max(initial=0.0)), 1e-9)
    offset, curvature = _top(correlation, best, 1.0 / steps)
    r = float(min(correlation[best], 0.999))
    return Peak(
        offset_s=float(at_s[best] + offset),
        plus_minus_s=_plus_minus(r, curvature, float(overlap_s[best])),
        correlation=r,
        peak_ratio=min(float(score[best]) / second, 99.0),
        overlap_s=float(overlap_s[best]),
    )


def _top(correlation: NDArray[np.float64], best: int, step_s: float) -> tuple[float, float]:
    """Where the top is, from the best step, and the curve there: -r'' in 1/s²."""
    first, last = max(best - _FIT_STEPS, 0), min(best + _FIT_STEPS + 1, correlation.size)
    at = (np.arange(first, last) - best) * step_s
    square, slope, _ = np.polyfit(at, correlation[first:last], 2)
    if square >= -1e-3:
        return 0.0, 1e-3
    return float(np.clip(-slope / (2.0 * square), -2 * step_s, 2 * step_s)), -2.0 * float(square)


def _plus_minus(r: float, curvature: float, overlap_s: float) -> float:
    """From the residual and the peak's curve: the standard error of a delay, made honest.

    A delay's variance is (1 - r²) / (n · r · -r''), for n independent seconds.
    """
    variance = (1.0 - r * r) / (max(overlap_s, 1.0) * r * curvature)
    return math.hypot(_FLOOR_S, _WIDER * math.sqrt(variance))
