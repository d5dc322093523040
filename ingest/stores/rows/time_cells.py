"""Cells of time: one whole number for a span, by which an index finds what may touch an instant.

Time is cut into cells of 73 minutes, these lie in cells eight times as long, and so on up to one
that holds all of time. A span lies in the smallest cell that holds all of it. So whoever looks for
the spans that touch a stretch of time asks for a short range of cells on each of the eight levels.
Spans that only cross the border of a long cell lie in a cell that is longer than they are; those
are the few that go on at that instant. What is found this way may touch the stretch, and nothing
that does is left out.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LEVELS", "cell_end", "cell_of", "cells_between"]

_SHIFTS: Final = (42, 45, 48, 51, 54, 57, 60, 62)
"""Nanoseconds in a cell of each level, as a power of two: 73 minutes to 146 years."""
LEVELS: Final = len(_SHIFTS)
_LEVEL_BITS: Final = 20
"""Enough for every cell of the lowest level."""
_LAST_NS: Final = (1 << _SHIFTS[-1]) - 1
"""The year 2116. What is beyond it, or before 1970, counts as at the border."""


def cell_of(low_utc_ns: int, high_utc_ns: int) -> int:
    """The smallest cell that holds low … high."""
    low, high = _inside(low_utc_ns), _inside(high_utc_ns)
    level = next(level for level, shift in enumerate(_SHIFTS) if low >> shift == high >> shift)
    return level << _LEVEL_BITS | low >> _SHIFTS[level]


def cell_end(cell: int) -> int | None:
    """The last nanosecond of a cell; None for one that goes on for ever."""
    shift = _SHIFTS[cell >> _LEVEL_BITS]
    last = ((cell & ((1 << _LEVEL_BITS) - 1)) + 1 << shift) - 1
    return None if last >= _LAST_NS else last


def cells_between(first_utc_ns: int, second_utc_ns: int) -> list[tuple[int, int]]:
    """The cells, (first, last) on each level, that touch the time between two instants."""
    low, high = sorted((_inside(first_utc_ns), _inside(second_utc_ns)))
    return [
        (level << _LEVEL_BITS | low >> shift, level << _LEVEL_BITS | high >> shift)
        for level, shift in enumerate(_SHIFTS)
    ]


def _inside(utc_ns: int) -> int:
    return min(max(utc_ns, 0), _LAST_NS)
