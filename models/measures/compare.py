"""Whether a measure changed between the lessons before a step and those since."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from models.evaluation.agreement import student
from models.measures.records import RULES, MeasureKind

__all__ = ["MIN_LESSONS", "Comparison", "compare"]

MIN_LESSONS: Final = 4
"""Of both sides together, with one of each at least."""

Shown = Literal["less", "more", "none", "too_few"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two groups of lessons; all but n and `shows` is None where there are too few.

    `before` and `after` are means in the measure's unit, `difference` is after minus before, with its
    95 % interval.
    """

    n_before: int
    n_after: int
    shows: Shown
    before: float | None = None
    after: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None


def compare(kind: MeasureKind, before: Sequence[float], after: Sequence[float]) -> Comparison:
    """Compare the values of whole lessons, since what happens in one lesson is not independent.

    The interval is Student's of two groups with one spread. A difference is shown if the interval
    leaves out zero and the means are further apart than the sensors' own grain.
    """
    rule, n, m = RULES[kind], len(before), len(after)
    if not n or not m or n + m < MIN_LESSONS:
        return Comparison(n_before=n, n_after=m, shows="too_few")
    old, new = (_scaled(values, rule.shift) for values in (before, after))
    squares = float(((old - old.mean()) ** 2).sum() + ((new - new.mean()) ** 2).sum())
    spread = max(rule.spread, math.sqrt(squares / (n + m - 2)))
    half = student(n + m - 2) * spread * math.sqrt(1.0 / n + 1.0 / m)
    base, change = float(old.mean()), float(new.mean() - old.mean())
    first = _unscaled(base, rule.shift)
    difference, low, high = (
        _unscaled(base + by, rule.shift) - first for by in (change, change - half, change + half)
    )
    shows: Shown = "none"
    if abs(difference) >= rule.least and abs(change) > half:
        shows = "less" if change < 0 else "more"
    return Comparison(
        n_before=n, n_after=m, shows=shows, before=first, after=first + difference,
        difference=difference, low=low, high=high,
    )  # fmt: skip


def _scaled(
    values: Sequence[float], shift: float | None
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    plain = np.array(values, np.float64)
    return plain if shift is None else np.log(plain + shift)


def _unscaled(value: float, shift: float | None) -> float:
    return value if shift is None else math.exp(value) - shift
