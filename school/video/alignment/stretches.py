"""Where a camera was stopped and started again: the video's stretches of one offset each.

Windows of four minutes are each compared with the whole lesson. The best path through their
offsets stays where it is, or pays for a jump. The lesson goes on while a camera is stopped, so
offsets only fall.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from school.video.alignment.correlation import likeness
from school.video.alignment.traces import Trace

__all__ = ["Stretch", "sharper", "stretches"]

_WINDOW_S: Final = 240
_HOP_S: Final = 60
_JUMP: Final = 20.0
"""What a jump costs, in the logarithm of a likelihood: more than the best of all offsets by chance."""
_SAME_S: Final = 3
"""Offsets that differ by less belong to one stretch."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Seconds of the video, and about where they lie: lesson second + lag = video second."""

    start_s: int
    end_s: int
    lag_s: int


def stretches(lesson: Trace, video: Trace) -> list[Stretch]:
    """At least one, without gaps between them."""
    size = video.value.size
    starts = list(range(0, max(size - _WINDOW_S, 0) + 1, _HOP_S))
    path = _best_path(np.stack([_gain(lesson, video, start) for start in starts]))
    lags = path - (lesson.value.size - 1)
    runs: list[list[int]] = []
    for number, lag in enumerate(lags.tolist()):
        if runs and abs(lag - lags[runs[-1][0]]) < _SAME_S:
            runs[-1].append(number)
        else:
            runs.append([number])
    found: list[Stretch] = []
    for run in runs:
        lag = int(np.median(lags[run]))
        start = 0
        if found:
            before = found.pop()
            start = _boundary(lesson, video, before, lag, starts[run[-1]] + _WINDOW_S)
            found.append(Stretch(before.start_s, start, before.lag_s))
        found.append(Stretch(start, size, lag))
    return found


def _gain(lesson: Trace, video: Trace, start: int) -> NDArray[np.float64]:
    """What a window gains at each lag, by lag from -(n - 1); hops share three quarters."""
    part = slice(start, start + _WINDOW_S)
    size = video.value.size
    found = likeness(lesson, Trace(video.value[part], video.known[part]), _WINDOW_S / 2)
    gain = np.maximum(found.score, 0.0) ** 2 / 2.0 * (_HOP_S / _WINDOW_S)
    whole = np.zeros(lesson.value.size - 1 + size)
    whole[start : start + gain.size] = gain[: whole.size - start]
    # Seconds may begin half a second apart, which leaves half of the peak to each neighbour.
    wider = whole.copy()
    wider[1:] = np.maximum(wider[1:], whole[:-1])
    wider[:-1] = np.maximum(wider[:-1], whole[1:])
    return wider


def _best_path(gain: NDArray[np.float64]) -> NDArray[np.int64]:
    """The lag's number for each window: staying is free, falling by a jump costs."""
    windows, lags = gain.shape
    came_from = np.empty((windows, lags), np.int64)
    total = gain[0]
    for window in range(1, windows):
        # The best of all higher lags, for each lag.
        best_at = np.empty(lags, np.int64)
        highest = np.maximum.accumulate(total[::-1])[::-1]
        is_best = total >= highest
        best_at = np.minimum.accumulate(np.where(is_best, np.arange(lags), lags - 1)[::-1])[::-1]
        jumps = total[best_at] - _JUMP
        stays = total
        came_from[window] = np.where(jumps > stays, best_at, np.arange(lags))
        total = np.maximum(stays, jumps) + gain[window]
    path = np.empty(windows, np.int64)
    path[-1] = int(np.argmax(total))
    for window in range(windows - 1, 0, -1):
        path[window - 1] = came_from[window, path[window]]
    return path


def _boundary(lesson: Trace, video: Trace, before: Stretch, lag: int, until: int) -> int:
    """The second of the video at which the stretch before ends, by what fits which side."""
    # Between two whole seconds a half of each is alike.
    wide = Trace(np.convolve(lesson.value, (0.5, 1.0, 0.5), mode="same"), lesson.known)
    return _turn(wide, (video, before.lag_s), (video, lag), before.start_s, until)


def sharper(
    lesson: Trace, phases: list[Trace], offsets_s: tuple[float, float], start_s: int, end_s: int
) -> int:
    """The same boundary once both offsets are known to tenths."""
    sides = []
    for offset_s in offsets_s:
        lag, phase = divmod(round(offset_s * len(phases)), len(phases))
        sides.append((phases[phase], lag))
    return _turn(lesson, sides[0], sides[1], start_s, end_s)


def _turn(
    lesson: Trace, before: tuple[Trace, int], after: tuple[Trace, int], start: int, end: int
) -> int:
    """The second at which it is best to go from one offset to the other."""
    end = min(end, before[0].value.size, after[0].value.size)
    at = np.arange(start, end)

    def alike(video: Trace, each_lag: int) -> NDArray[np.float64]:
        place = at - each_lag
        inside = (place >= 0) & (place < lesson.value.size)
        return np.asarray(
            np.where(inside, lesson.value[np.where(inside, place, 0)], 0.0) * video.value[start:end]
        )

    left = np.concatenate([[0.0], np.cumsum(alike(*before))])
    right = np.concatenate([[0.0], np.cumsum(alike(*after))])
    return start + int(np.argmax(left + right[-1] - right))
