"""Finds, after a lesson, the stretches in which an area was probably livelier than usual.

An alert has to be raised immediately. After the lesson everything is known: what came later, how
long it lasted, and what was usual in this lesson. `area_marks` computes features from that for each
epoch, and `StretchModel` weighs them, as `AlertModel` does for alerts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from models.serving.scores import ZoneScore

__all__ = ["MARKS", "Finder", "Stretch", "StretchModel", "area_marks", "find_stretches", "shares"]

Array = NDArray[np.float64]

MARKS: Final[tuple[str, ...]] = (
    "rise_5", "rise_15", "rise_35", "rise_65", "rise_125", "rise_305", "rise_605",
    "held_30", "held_45", "held_60", "held_90", "share_spread", "held_60_in_spreads",
    "rise_65_in_spreads", "movement_65", "fidgets_65", "noise_65",
)  # fmt: skip
"""The names of the features, in order.

`rise_N` is the off-task share's mean over the N seconds around the epoch, minus its mean over the
lesson. `held_N` is a level above that mean: over all stretches of N seconds that contain the epoch,
the highest minimum of the share, smoothed over 15 s. `share_spread` is sqrt(m(1 - m)) of the
lesson's mean m; "in spreads" means in half widths of the interval. The last three are the signs'
means over 65 s.
"""

_AROUND: Final = (1, 3, 7, 13, 25, 61, 121)  # epochs
_HELD: Final = (6, 9, 12, 18)
_MINUTE: Final = 13
_MIN_SPREAD: Final = 0.02
_MIN_EPOCHS: Final = 60
"""With fewer known epochs, it is unclear what is usual in the lesson."""
_SHORTEST: Final = 6
_SHORT_GAP: Final = 3
_SIGNS: Final = ("movement", "fidgets", "noise")


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchModel:
    """The probability that an epoch is in a stretch in which the area was livelier than usual.

    `weights` are in the order of `MARKS`, which are not scaled. A stretch is found where the
    estimate reaches `least` (a name in the manifest's format); it extends as far as the estimate
    stays at half of that or more.
    """

    weights: tuple[float, ...] = (0.0,) * len(MARKS)
    intercept: float = -50.0
    least: float = 0.5

    def __post_init__(self) -> None:
        if len(self.weights) != len(MARKS):
            raise ValueError(f"a stretch model has {len(MARKS)} weights, not {len(self.weights)}")
        if not all(map(math.isfinite, (*self.weights, self.intercept))):
            raise ValueError("a stretch model's weights have to be finite numbers")
        if not 0.0 < self.least < 1.0:
            raise ValueError("least has to be between 0 and 1")

    def score(self, marks: Array) -> Array:
        """Probabilities (n,) from features (n, len(MARKS)); NaN where the features are."""
        logit = marks @ np.array(self.weights) + self.intercept
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -50.0, 50.0))), dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """The models that find the stretches of a lesson: one for the room, one for all zones."""

    room: StretchModel = StretchModel()
    zone: StretchModel = StretchModel()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The epochs from `first` to `end` (exclusive), and the highest estimate among them."""

    first: int
    end: int
    likely: float


def area_marks(scores: Sequence[ZoneScore | None]) -> Array:
    """The features of one area's whole lesson, (epochs, len(MARKS)); None is a missing epoch.

    NaN where the area was not judged, and everywhere if too little of the lesson was judged.
    """
    share = shares(scores)
    known = ~np.isnan(share)
    marks = np.full((len(scores), len(MARKS)), np.nan)
    if known.sum() < _MIN_EPOCHS:
        return marks
    low = np.array([None if one is None else one.off_task_low for one in scores], np.float64)
    high = np.array([None if one is None else one.off_task_high for one in scores], np.float64)
    # The interval is cut off at 0 and 1, so its longer side is the spread.
    spread = np.fmax(np.fmax(high - share, share - low), _MIN_SPREAD)
    mean = float(share[known].mean())
    smooth = _around(share, 3)
    rises = [_around(share, width) - mean for width in _AROUND]
    held = [_held(smooth, length) - mean for length in _HELD]
    signs = [
        _around(
            np.array([0.0 if one is None else one.signs.get(name, 0.0) for one in scores])
            + np.where(known, 0.0, np.nan),
            _MINUTE,
        )
        for name in _SIGNS
    ]
    usual = np.full(len(share), math.sqrt(max(mean * (1.0 - mean), 0.0)))
    in_spreads = held[2] / spread, rises[3] / _around(spread, _MINUTE)
    marks[known] = np.stack([*rises, *held, usual, *in_spreads, *signs], axis=1)[known]
    return marks


def find_stretches(estimate: Array, least: float) -> list[Stretch]:
    """The stretches in which an area was probably livelier than usual, in the order of the lesson.

    A gap of 15 s or less does not end a stretch.
    """
    estimate = _bridged(estimate)
    high = np.nan_to_num(estimate) >= least / 2.0
    edges = np.flatnonzero(np.diff(high, prepend=False, append=False)).tolist()
    stretches = [
        Stretch(first=first, end=end, likely=float(estimate[first:end].max()))
        for first, end in zip(edges[::2], edges[1::2], strict=True)
        if end - first >= _SHORTEST
    ]
    return [stretch for stretch in stretches if stretch.likely >= least]


def _bridged(estimate: Array) -> Array:
    """Fill short gaps by linear interpolation."""
    known = np.flatnonzero(~np.isnan(estimate))
    if len(known) == 0:
        return estimate
    at = np.arange(len(estimate))
    after = np.searchsorted(known, at)
    before = known[np.maximum(after - 1, 0)]
    gap = known[np.minimum(after, len(known) - 1)] - before - 1
    is_short = (before < at) & (at < known[-1]) & (gap <= _SHORT_GAP)
    filled = np.interp(at, known, estimate[known])
    return np.where(np.isnan(estimate) & ~is_short, np.nan, filled)


def shares(scores: Sequence[ZoneScore | None]) -> Array:
    """The off-task share of each epoch, NaN where it is not known."""
    return np.array([None if one is None else one.off_task for one in scores], np.float64)


def _around(values: Array, width: int) -> Array:
    """The mean of the known values among the `width` epochs around each; NaN if none is known."""
    known = ~np.isnan(values)
    side = width // 2

    at = np.arange(len(values))
    first, end = np.maximum(at - side, 0), np.minimum(at + side + 1, len(values))

    def sums(column: Array) -> Array:
        total = np.concatenate([np.zeros(1), np.cumsum(column)])
        return np.asarray(total[end] - total[first], dtype=np.float64)

    count = sums(known.astype(np.float64))
    total = sums(np.where(known, values, 0.0))
    return np.where(count > 0, total / np.maximum(count, 1.0), np.nan)


def _held(values: Array, length: int) -> Array:
    """For each epoch, the highest minimum over all runs of `length` epochs that contain it.

    An unknown value counts as lower than all others.
    """
    never = np.full(length - 1, -1.0)
    padded = np.concatenate([never, np.nan_to_num(values, nan=-1.0), never])
    lowest = sliding_window_view(padded, length).min(axis=1)
    return np.asarray(sliding_window_view(lowest, length).max(axis=1), dtype=np.float64)
