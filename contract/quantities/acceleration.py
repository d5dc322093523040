"""Units of recorded acceleration (g, m/s², sensor counts), and whether values fit their unit."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from contract.errors import RecordingError, UsageError
from contract.quantities.motion import LOWEST_RATE_HZ

__all__ = [
    "HIGHEST_RATE_HZ",
    "LOWEST_RATE_HZ",
    "UNITS",
    "Unit",
    "check_rate",
    "check_unit",
    "per_g",
]

Unit = Literal["g", "m/s2", "counts"]
UNITS: Final = ("g", "m/s2", "counts")

HIGHEST_RATE_HZ: Final = 400.0
_G: Final = 9.80665
_LARGEST_G: Final = 3.0
_MIN_GRAVITY_G: Final = 0.7
_STEADY: Final = 1.15


def per_g(unit: Unit, scale: float | None) -> float:
    """How many of the unit are 1 g; `scale` is the number of counts. Raises UsageError."""
    if unit == "counts":
        if scale is None or not np.isfinite(scale) or scale <= 0.0:
            raise UsageError("--unit counts needs --scale, the number of counts in 1 g, over 0.")
        return scale
    if scale is not None:
        raise UsageError(f"--scale goes with --unit counts alone, not with {unit}.")
    return _G if unit == "m/s2" else 1.0


def check_rate(rate_hz: float | None) -> None:
    """Raise UsageError for a rate on the command line that no recording can have."""
    if rate_hz is not None and not LOWEST_RATE_HZ <= rate_hz <= HIGHEST_RATE_HZ:
        raise UsageError(
            f"--rate-hz is {rate_hz:g}, expected {LOWEST_RATE_HZ:g} to {HIGHEST_RATE_HZ:g}."
        )


def check_unit(axes: NDArray[np.float32], unit: str) -> None:
    """Raise RecordingError for acceleration, (n, 3) in g, whose size does not fit its unit.

    A sensor at rest shows 1 g. One that filters gravity out shows less, but not steadily: only
    gravity is steady.
    """
    size = np.linalg.norm(axes[:: max(1, len(axes) // 200_000)], axis=1)
    size = size[np.isfinite(size)]
    if size.size == 0:
        raise RecordingError("its x, y and z hold no numbers")
    low, middle, high = (float(value) for value in np.quantile(size, (0.25, 0.5, 0.75)))
    is_steady = high < _STEADY * low
    if not (middle > _LARGEST_G or (is_steady and middle < _MIN_GRAVITY_G)):
        return
    question = {"g": "is it in m/s2 or counts?", "m/s2": "is it in g or counts?"}
    if unit == "g" and 8.0 < middle < 12.0:
        question["g"] = "is it in m/s2?"
    if unit == "m/s2" and 0.08 < middle < 0.12:
        question["m/s2"] = "is it in g?"
    raise RecordingError(
        f"taken as {unit}, its acceleration is {middle:.3g} g as a rule, and a body at rest has 1 "
        f"g; {question.get(unit, 'is --scale right?')}"
    )
