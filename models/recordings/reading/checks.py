"""Checks recordings for sensors that are stuck, saturated or silent."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.errors import RecordingError

__all__ = ["check_acceleration", "drop_implausible"]

_IMPLAUSIBLE_G: Final = 100.0
_MAX_IMPLAUSIBLE: Final = 0.3
_MAX_LOST: Final = 0.9
_MAX_AT_LIMIT: Final = 0.3
_OVER_GRAVITY_G: Final = 1.5
_MIN_STEPS: Final = 8
_SHORTEST_S: Final = 5.0

Axes = NDArray[np.float32]


def drop_implausible(axes: Axes, notes: list[str]) -> None:
    """Set implausible values of the acceleration, (n, 3) in g, to NaN, in place."""
    axes[~np.isfinite(axes)] = np.nan
    beyond = np.abs(axes) > _IMPLAUSIBLE_G
    share = float(beyond.any(axis=1).mean())
    # If most values are like that, the unit is wrong; `check_unit` reports it.
    if 0.0 < share < _MAX_IMPLAUSIBLE:
        axes[beyond] = np.nan
        notes.append(
            f"{int(beyond.any(axis=1).sum())} samples read over {_IMPLAUSIBLE_G:g} g and count as "
            "lost."
        )


def check_acceleration(axes: Axes, rate_hz: float) -> None:
    """Raise RecordingError with the reason if a recording, (n, 3) in g, can't be used."""
    known = np.isfinite(axes).all(axis=1)
    if not known.any():
        raise RecordingError("it has no values")
    if len(axes) < _SHORTEST_S * rate_hz:
        raise RecordingError(
            f"it lasts {len(axes) / rate_hz:.1f} s, and an epoch takes {_SHORTEST_S:g} s"
        )
    if known.mean() < 1.0 - _MAX_LOST:
        raise RecordingError(f"{1.0 - known.mean():.0%} of its samples have no value")
    there = axes[known]
    lowest, highest = there.min(axis=0), there.max(axis=0)
    if (highest == lowest).all():
        raise RecordingError("its readings never change, so the sensor was stuck")
    at_limit = _at_limits(there)
    if at_limit > 0.0:
        raise RecordingError(
            f"{at_limit:.0%} of its samples are at the sensor's limit, so it is saturated"
        )


def _at_limits(there: Axes) -> float:
    """The share of samples at the sensor's limit; 0 if the sensor may simply be at rest.

    A value is a limit if gravity alone can't reach it, or if many samples have it on both sides of
    an axis with values in between; a still sensor of few steps has none in between.
    """
    limit = np.abs(there).max()
    share = float((np.abs(there) == limit).any(axis=1).mean())
    if limit >= _OVER_GRAVITY_G and share > _MAX_AT_LIMIT:
        return share
    for axis in there.T:
        above, below = axis == axis.max(), axis == axis.min()
        if min(above.mean(), below.mean()) > _MAX_AT_LIMIT / 2.0:
            steps = np.unique(axis[: 50 * 60 * 60]).size
            if steps >= _MIN_STEPS:
                return float((above | below).mean())
    return 0.0
