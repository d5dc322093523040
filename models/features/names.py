"""The features by name, in the order of the model's columns; `models.features.seat_features`
computes them.

A number at the end of a name is the length of the feature's window in seconds.
"""

from __future__ import annotations

from typing import Final

from contract.quantities.table import SEAT_QUANTITIES

__all__ = [
    "EPOCH_S",
    "FEATURES",
    "FEATURES_VERSION",
    "LEVELS",
    "NOISE_FEATURES",
    "SEAT_FEATURES",
    "WINDOWS",
]

EPOCH_S: Final = 5
WINDOWS: Final = {"10": 2, "30": 6, "60": 12, "120": 24}
"""Length of a window in seconds → in epochs."""
FEATURES_VERSION: Final = 4
LEVELS: Final = 10
"""The first seat quantities are levels in dB; this is their number."""

SEAT_FEATURES: Final = (
    *(f"{quantity.name}_10" for quantity in SEAT_QUANTITIES[:LEVELS]),
    "motion_30", "motion_60", "motion_120", "motion_before",
    "motion_5", "typical_5", "typical_before_5", "typical_before_10", "typical_before_15",
    "typical_10", "typical_30", "typical_60", "spread_10", "spread_60", "highest_10",
    "over_quiet_5", "over_quiet_10", "over_quiet_60",
    "jerk_over_quiet_5", "jerk_over_quiet_10", "jerk_over_quiet_60",
    "band_1_3_over_quiet_10", "band_3_6_over_quiet_10", "band_6_12_over_quiet_10",
    "unusual_10", "normal_over_quiet",
    "major_over_minor_10", "jerk_over_motion_10", "low_over_motion_10", "middle_over_motion_10",
    "busy_5", "busy_10", "busy_30", "busy_60", "busy_120",
    "still_5", "still_10", "still_30", "still_60", "still_120", "still_change_60",
    "wiggle_10", "wiggle_30", "wiggle_60", "wiggle_120", "wiggle_normal",
    "tilt_10", "tilt_60",
    "major_over_quiet_5", "band_1_3_over_quiet_5", "band_3_6_over_quiet_5",
    "band_6_12_over_quiet_5", "band_3_6_lowest_5", "jerk_lowest_5", "motion_highest_5",
    "busy_lesson", "still_lesson", "wiggle_lesson", "tilt_lesson",
    # Features of the epoch itself, which need no normal.
    *(f"{quantity.name}_over_motion_5" for quantity in SEAT_QUANTITIES[4:LEVELS]),
    "major_over_minor_5", "spread_5", "lowest_under_5", "highest_over_5", "middle_spread_5",
    "tilt_highest_5",
    "band_1_3_over_motion_10", "band_6_12_over_motion_10", "band_12_24_over_motion_10",
)  # fmt: skip
GROUP_FEATURES: Final = (
    "zone_10", "zone_60", "zone_moving_10", "room_10", "room_60", "room_moving_10",
    "zone_busy_10", "zone_busy_60", "zone_wiggle_10", "room_busy_10", "room_busy_60",
    "own_minus_room_10", "together_60",
)  # fmt: skip
NOISE_FEATURES: Final = (
    "noise_10", "noise_60", "noise_over_normal_10", "noise_over_normal_60", "noise_rise_10",
    "noise_peak_10", "noise_spread_10", "onsets_10", "onsets_60", "minutes",
)  # fmt: skip
FEATURES: Final[tuple[str, ...]] = SEAT_FEATURES + GROUP_FEATURES + NOISE_FEATURES
