"""Statistics of the seconds before an epoch's end, for labelled recordings.

The features of `models.features.seat_features` compare a seat with its own normal. Those of this
module need no normal, so neither the order of activities nor the first minutes can mislead them:

- `ABSOLUTE`: eight statistics of each quantity's seconds, but for stillness: mean, standard
  deviation, lowest, quartiles, highest, and the mean change from one second to the next;
- `SHAPE`: each quantity's standard deviation and mean change, and mean and standard deviation of
  each other level minus the motion level.

A sensor that reads twice as much raises every mean, quartile and extreme of a level by 6 dB. It
changes no shape of a level.

A statistic is NaN if its quantity has no known second in the window; a mean change also if no two
neighbouring seconds are known.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from contract.quantities.table import SEAT_QUANTITIES
from models.features.names import EPOCH_S, LEVELS

__all__ = ["ABSOLUTE", "SECOND_STATISTICS", "SHAPE", "statistics_by_epoch"]

Array = NDArray[np.float32]

_WINDOWS_S: Final = (10, 30)
_LONGEST_S: Final = max(_WINDOWS_S)
_STATISTICS: Final = ("mean", "deviation", "lowest", "quarter", "middle", "three_quarters",
                      "highest", "change")  # fmt: skip
_AT: Final = [at for at, one in enumerate(SEAT_QUANTITIES) if one.name != "stillness"]
"""Stillness is counted over a floor that is learned for minutes, so it shows how much is over."""
_NAMES: Final = tuple(SEAT_QUANTITIES[at].name for at in _AT)
_AT_ONCE: Final = 2_000
"""More epochs at once would need more memory, and not be faster."""


def _names(quantities: tuple[str, ...], whats: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        f"{name}_{what}_{window}" for window in _WINDOWS_S for what in whats for name in quantities
    )


ABSOLUTE: Final = _names(_NAMES, _STATISTICS)
_OVER_MOTION: Final = _names(_NAMES[1:LEVELS], ("over_motion", "over_motion_deviation"))
SHAPE: Final = _names(_NAMES, ("deviation", "change")) + _OVER_MOTION
SECOND_STATISTICS: Final = ABSOLUTE + _OVER_MOTION
"""The columns by name; those of `SHAPE` are all among them. A number at the end is the length of the window in seconds."""


def statistics_by_epoch(seconds: Array) -> Array:
    """The columns (epochs, columns) of each epoch of one seat, from its seconds (n, 13).

    Before the first second nothing is known.
    """
    before = np.full((_LONGEST_S - EPOCH_S, seconds.shape[1]), np.nan, np.float32)
    whole = np.concatenate([before, seconds[: len(seconds) - len(seconds) % EPOCH_S]])
    if len(whole) < _LONGEST_S:
        return np.empty((0, len(SECOND_STATISTICS)), np.float32)
    windows = sliding_window_view(whole, _LONGEST_S, axis=0)[::EPOCH_S]  # (epochs, 13, 30)
    parts = np.split(windows, range(_AT_ONCE, len(windows), _AT_ONCE))
    return np.concatenate(
        [_columns(np.ascontiguousarray(part.transpose(2, 1, 0))).T for part in parts]
    )


def _columns(seconds: Array) -> Array:
    """The columns (columns, epochs), from each epoch's latest 30 seconds (30, 13, epochs)."""
    absolute: list[Array] = []
    over_motion: list[Array] = []
    for window in _WINDOWS_S:
        latest = seconds[-window:, _AT]
        absolute += _statistics(latest)
        over_motion += _mean_and_deviation(latest[:, 1:LEVELS] - latest[:, :1])
    return np.concatenate(absolute + over_motion)


def _statistics(seconds: Array) -> list[Array]:
    """Each statistic of these seconds, (window, quantities, n), as (quantities, n)."""
    ordered = np.sort(seconds, axis=0)  # NaN last
    counts = np.add.reduce(~np.isnan(seconds), axis=0)
    quarters = [_quantile(ordered, counts, share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    mean, deviation = _mean_and_deviation(seconds)
    change, _ = _mean_and_deviation(np.abs(np.diff(seconds, axis=0)))
    return [mean, deviation, *quarters, change]


def _quantile(ordered: Array, counts: NDArray[np.intp], share: float) -> Array:
    """A quantile of sorted values, linear between neighbours; NaN if there are none."""
    place = share * np.maximum(counts - 1, 0)
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, np.maximum(counts - 1, 0))
    below, above = (np.take_along_axis(ordered, at[None], axis=0)[0] for at in (low, high))
    return np.asarray(below + (place - low).astype(np.float32) * (above - below), np.float32)


def _mean_and_deviation(values: Array) -> list[Array]:
    """Mean and standard deviation along the first axis, ignoring NaN; NaN if there is no value."""
    known = ~np.isnan(values)
    count = np.where(known.any(axis=0), np.add.reduce(known, axis=0), np.nan).astype(np.float32)
    mean = np.add.reduce(np.where(known, values, np.float32(0.0)), axis=0) / count
    away = np.where(known, values - mean, np.float32(0.0))
    return [mean, np.sqrt(np.add.reduce(away**2, axis=0) / count)]
