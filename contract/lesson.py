"""Lessons, activities and zones, as sensing, scoring and the pages share them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = ["ACTIVITIES", "SMALLEST_ZONE", "Activity", "ActivityName", "LabelledLesson", "Zone"]

SMALLEST_ZONE: Final = 5
"""A coach never sees a group with fewer occupied seats than this."""

ActivityName = Literal["individual_work", "whole_class", "small_group", "test", "transition"]
ACTIVITIES: Final[tuple[ActivityName, ...]] = get_args(ActivityName)
"""What a teacher may declare a span of a lesson to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """A span of a lesson in seconds since its start, as the teacher declared it."""

    start_s: float
    end_s: float
    name: ActivityName


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Neighbouring seats, by seat number."""

    name: str
    seats: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledLesson:
    """One lesson's quantities with the truth beside them, to train and evaluate on.

    `seat` is (periods, seats, 13) and `room` (periods, 5), both float32 in the units of
    `quantities`, NaN where missing; `off_task` is (periods, seats) bool; `occupied` is
    (periods, seats) bool and false where no one sits; `kind` is (periods, seats) int8, an index
    into `kinds` that names what the pupil truly did. `classroom` groups lessons that share
    pupils: cross-validation never splits it.
    """

    classroom: str
    seats: tuple[int, ...]
    zones: tuple[Zone, ...]
    activities: tuple[Activity, ...]
    seat: NDArray[np.float32]
    room: NDArray[np.float32]
    off_task: NDArray[np.bool_]
    occupied: NDArray[np.bool_]
    kind: NDArray[np.int8]
    kinds: tuple[str, ...]
