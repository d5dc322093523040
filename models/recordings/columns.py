"""The columns of a labelled recording's rows, by kind of feature.

No kind is best everywhere: features relative to a seat's own normal do not depend on the sensor or
the person, but on what was recorded before; statistics of the seconds are the other way round. So
trees learn from each kind by itself, and the model is the mean of what they say.

What changes only slowly, such as the means over the lesson so far, is no column: it shows how much of
a recording is over, and trees would learn the order in which things were recorded. Neither is
stillness, whose floor is learned over minutes, nor the lesson's minute, nor anything of other seats.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from models.features.names import FEATURES, SEAT_FEATURES
from models.features.second_statistics import ABSOLUTE, SECOND_STATISTICS, SHAPE

__all__ = ["COLUMNS", "FEW_COLUMNS", "KINDS", "RELATIVE_AT"]

_SLOW: Final = {"normal_over_quiet", "wiggle_normal", "busy_lesson", "wiggle_lesson",
                "tilt_lesson"}  # fmt: skip
_RELATIVE: Final = tuple(
    name for name in SEAT_FEATURES if name not in _SLOW and not name.startswith("still_")
)
RELATIVE_AT: Final = tuple(map(FEATURES.index, _RELATIVE))
"""Where the model's features have those that are relative to the seat's own normal."""

COLUMNS: Final[tuple[str, ...]] = _RELATIVE + SECOND_STATISTICS

KINDS: Final[Mapping[str, tuple[int, ...]]] = {
    kind: tuple(map(COLUMNS.index, names))
    for kind, names in (("relative", _RELATIVE), ("absolute", ABSOLUTE), ("shape", SHAPE))
}
"""The columns of each kind. A few are in two."""

FEW_COLUMNS: Final[tuple[int, ...]] = tuple(
    map(
        COLUMNS.index,
        (
            "motion_rms_mean_10", "motion_rms_mean_30", "motion_rms_deviation_30",
            "motion_rms_change_30", "motion_rms_lowest_10", "motion_rms_highest_30",
            "jerk_rms_over_motion_30", "band_0_1_over_motion_30", "band_1_3_over_motion_30",
            "band_3_6_over_motion_30", "band_6_12_over_motion_30",             "wiggle_count_mean_30", "tilt_change_mean_30", "tilt_change_highest_30",
            "typical_10", "over_quiet_10", "busy_30",
        ),
    )
)  # fmt: skip
"""Where few groups have positive epochs, two to four of these are enough to learn from."""
