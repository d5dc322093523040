"""Where a video roughly lies by the time that its file has: a first guess where the sound says nothing."""

from __future__ import annotations

import math
from typing import Final

from school.video.alignment.clock_map import Segment

__all__ = ["by_file_time"]

_CLOCK_S: Final = 60.0
"""How far a camera's clock may be off: a phone's is right to seconds, one set by hand to a minute."""
_MAX_PLUS_MINUS_S: Final = 300.0
"""What is less sure helps nobody to find the place."""


def by_file_time(
    recorded_s: float, length_s: float, lesson_s: float, *, is_start: bool
) -> tuple[Segment, float] | None:
    """A segment and its ±, from the lesson's second at which the file says that it was recorded.

    That may be the recording's end as well, unless `is_start`. A video belongs to its lesson, so what
    leaves less than half of the shorter one in common is wrong; None if nothing else is left.
    """
    in_common_s = min(length_s, lesson_s) / 2.0 - _CLOCK_S
    begins = [recorded_s] if is_start else [recorded_s - length_s, recorded_s]
    possible = [at for at in begins if min(at + length_s, lesson_s) - max(at, 0.0) >= in_common_s]
    if not possible:
        return None
    plus_minus_s = _CLOCK_S + (possible[-1] - possible[0]) / 2.0
    if plus_minus_s > _MAX_PLUS_MINUS_S:
        return None
    begin_s = (possible[0] + possible[-1]) / 2.0
    return Segment(-math.inf, math.inf, round(-begin_s, 1)), math.ceil(plus_minus_s)
