"""What makes a recording unfit: a wrong unit, a sensor that is stuck, saturated or silent."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.errors import RecordingError

__all__ = ["check_acceleration", "check_unit"]

_LARGEST_G: Final = 3.0
_MOST_LOST: Final = 0.9
_MOST_AT_LIMIT: Final = 0.3
_OVER_GRAVITY_G: Final = 1.5
_LEAST_STEPS: Final = 8
_SHORTEST_S: Final = 5.0

Floats = NDArray[np.float64]


def check_unit(axes: Floats, unit: str, path: Path) -> None:
    """Refuse acceleration, (n, 3) in g, whose size does not fit the unit that was named.

    A sensor at rest shows 1 g, and one that filters gravity out shows less.
    """
    size = np.linalg.norm(axes[:: max(1, len(axes) // 200_000)], axis=1)
    size = size[np.isfinite(size)]
    if size.size == 0:
        raise RecordingError(f"{path}: x, y and z hold no numbers.")
    low, middle, high = (float(value) for value in np.quantile(size, (0.25, 0.5, 0.75)))
    if middle > _LARGEST_G:
        hint = "m/s2" if unit == "g" and 8.0 < middle < 12.0 else "counts with its --scale"
        raise RecordingError(
            f"{path}: taken as {unit}, the acceleration is {middle:.3g} g as a rule, and a body at "
            f"rest has 1 g; is it in {hint}?"
        )
    # What should be 1 g reads as 0.1 g, steadily: nothing but gravity is so steady.
    if unit == "m/s2" and low > 0.09 and high < 0.115:
        raise RecordingError(
            f"{path}: taken as m/s2, the acceleration is {middle:.3g} g as a rule, and a body at "
            "rest has 1 g; is it in g?"
        )


def check_acceleration(axes: Floats, rate_hz: float) -> str | None:
    """Why a recording, (n, 3) in g, can't be used; None where it can."""
    known = np.isfinite(axes).all(axis=1)
    if not known.any():
        return "it has no values"
    if len(axes) < _SHORTEST_S * rate_hz:
        return f"it lasts {len(axes) / rate_hz:.1f} s, and an epoch takes {_SHORTEST_S:g} s"
    if known.mean() < 1.0 - _MOST_LOST:
        return f"{1.0 - known.mean():.0%} of its samples have no value"
    there = axes[known]
    lowest, highest = there.min(axis=0), there.max(axis=0)
    if (highest == lowest).all():
        return "its readings never change, so the sensor was stuck"
    at_limit = _at_limits(there)
    if at_limit > 0.0:
        return f"{at_limit:.0%} of its samples lie at the sensor's limit, so it is saturated"
    return None


def _at_limits(there: Floats) -> float:
    """The share of samples that lie at a limit, 0 where that may as well be a sensor at rest.

    A limit shows as one that is over what gravity alone reaches, or as one on both sides of an axis
    that has values in between: a still sensor of few steps has none.
    """
    limit = np.abs(there).max()
    share = float((np.abs(there) == limit).any(axis=1).mean())
    if limit >= _OVER_GRAVITY_G and share > _MOST_AT_LIMIT:
        return share
    for axis in there.T:
        above, below = axis == axis.max(), axis == axis.min()
        if min(above.mean(), below.mean()) > _MOST_AT_LIMIT / 2.0:
            steps = np.unique(axis[: 50 * 60 * 60]).size
            if steps >= _LEAST_STEPS:
                return float((above | below).mean())
    return 0.0
