"""Finds what a recording contains twice: repeated rows from a join or an export, and whole copies.

A sensor at rest gives the same reading over and over, so equal values alone are no repeat.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["fresh_rows", "without_copies"]

_MAX_COPIES: Final = 4
_SHORTEST_COPY: Final = 100  # samples; a shorter repeat is a periodic signal
_MAX_REPEATED: Final = 0.02

Values = NDArray[Any]


def fresh_rows(times: Values, *values: Values) -> NDArray[np.bool_]:
    """Which rows to keep, (n,): not those that repeat an earlier row in time and values.

    If many times are still equal after that, times are rounded, and all rows are kept.
    """
    keep = np.ones(len(times), bool)
    if len(np.unique(times)) == len(times):
        return keep
    columns = [_bytes(column) for column in (times, *values)]
    rows = np.ascontiguousarray(np.concatenate(columns, axis=1))
    _, first = np.unique(rows.view(f"V{rows.shape[1]}").ravel(), return_index=True)
    is_first = np.zeros(len(times), bool)
    is_first[first] = True
    left = times[is_first]
    if len(left) - len(np.unique(left)) > _MAX_REPEATED * len(left):
        return keep
    return is_first


def _bytes(column: Values) -> NDArray[np.uint8]:
    column = np.ascontiguousarray(column.reshape(len(column), -1))
    if np.issubdtype(column.dtype, np.floating):
        column = np.where(np.isnan(column), np.nan, column + 0.0)  # one NaN, and no minus zero
    return column.view(np.uint8)


def without_copies(values: Values) -> int:
    """The number of rows in the first copy if the rows are two to four copies; else all rows."""
    n = len(values)
    period = next((p for p in _divisors(n) if _has_period(values, p)), n)
    is_copied = _SHORTEST_COPY <= period < n <= _MAX_COPIES * period
    return period if is_copied else n


def _divisors(n: int) -> list[int]:
    small = [p for p in range(1, int(n**0.5) + 1) if n % p == 0]
    return sorted({*small, *(n // p for p in small)})


def _has_period(values: Values, period: int) -> bool:
    ahead, behind = values[period:], values[: len(values) - period]
    # For most, the first rows already differ.
    for end in (32, len(ahead)):
        if not np.array_equal(ahead[:end], behind[:end], equal_nan=True):
            return False
    return True
