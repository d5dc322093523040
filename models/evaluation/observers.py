"""Reads the labels of observers in the room from CSV, and measures how far they agree.

Two ways of coding are supported; none of it goes into the store. BROMP-like: an observer looks at
one pupil after another, usually for 20 s each, and writes one row per look. Interval coding: one
row for each pupil and interval. Both have the columns `observer`, `seat`, `start_s`, `end_s` and
`label`, in seconds since the lesson's start. A label is `off_task`, `on_task`, or empty if the
observer was not sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.errors import RecordingError, UsageError
from contract.files.csv_table import read_table
from contract.files.text_file import read_text
from models.evaluation.agreement import counts_of, kappa_of

__all__ = ["Look", "agreement", "kappa_between", "observed_kappa", "read_looks"]

_COLUMNS: Final = ("observer", "seat", "start_s", "end_s", "label")
_MEANING: Final = {"off_task": True, "on_task": False}
_LONGEST_S: Final = 24 * 3600.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one observer saw at one seat from `start_s` to `end_s`; None if they were not sure."""

    observer: str
    seat: int
    start_s: float
    end_s: float
    is_off_task: bool | None


def read_looks(path: Path) -> list[Look]:
    """Read the looks of a CSV file; RecordingError names the line and what is expected."""
    try:
        rows = read_table(read_text(path), name=str(path), columns=_COLUMNS, optional=None)
        looks = [_look(row.values, row.where) for row in rows]
    except UsageError as error:
        raise RecordingError(str(error)) from error
    if not looks:
        raise RecordingError(f"{path} has no rows; each look of an observer is one row.")
    return looks


def _look(row: dict[str, str], where: str) -> Look:
    try:
        seat, start, end = int(row["seat"]), float(row["start_s"]), float(row["end_s"])
    except ValueError:
        raise RecordingError(
            f"{where}: seat {row['seat']!r}, start_s {row['start_s']!r}, end_s {row['end_s']!r} are "
            "expected to be numbers."
        ) from None
    if not 0.0 <= start < end <= _LONGEST_S or seat < 1:
        raise RecordingError(
            f"{where}: a seat from 1 on and 0 <= start_s < end_s are expected, not seat {seat}, "
            f"{start:g} to {end:g}."
        )
    label = row["label"]
    if label and label not in _MEANING:
        raise RecordingError(f"{where}: label is {label!r}, expected off_task, on_task or nothing.")
    return Look(
        observer=row["observer"], seat=seat, start_s=start, end_s=end,
        is_off_task=_MEANING.get(label),
    )  # fmt: skip


def kappa_between(looks: Sequence[Look]) -> dict[tuple[str, str], tuple[float, int]]:
    """Cohen's kappa of each pair of observers, and the number of seat-seconds both looked at."""
    names = sorted({look.observer for look in looks})
    seen = {name: _by_second([one for one in looks if one.observer == name]) for name in names}
    result = {}
    for first, second in combinations(names, 2):
        both = sorted(seen[first].keys() & seen[second].keys())
        if both:
            pairs = np.array([(seen[first][key], seen[second][key]) for key in both])
            result[first, second] = agreement(pairs[:, 0], pairs[:, 1]), len(both)
    return result


def _by_second(looks: Sequence[Look]) -> dict[tuple[int, int], bool]:
    return {
        (look.seat, second): look.is_off_task
        for look in looks
        if look.is_off_task is not None
        for second in range(int(look.start_s), int(np.ceil(look.end_s)))
    }


def agreement(first: Flags, second: Flags) -> float:
    """Cohen's kappa; 0 if there is only one class, which shows no skill."""
    found = float(kappa_of(counts_of(first.astype(np.int64), second.astype(np.int64), 2), "none"))
    return found if np.isfinite(found) else 0.0


def observed_kappa(truth: Flags, *, kappa: float, seed: int) -> float:
    """The human ceiling: an observer's kappa with the truth, if two such observers agree at
    `kappa`.

    The two make independent errors, in both directions, such that the off-task share stays the
    same. The error rate is found by bisection, and the result is measured on `truth`, (n,) looks.
    """
    rng = np.random.default_rng(seed)
    base = float(truth.mean())
    if not 0.0 < base < 1.0:
        raise ValueError("looks of both kinds are needed")
    draws = rng.random((2, truth.size))

    def seen(missed: float) -> Flags:
        invented = missed * base / (1.0 - base)
        return np.asarray(np.where(truth, draws >= missed, draws < min(1.0, invented)))

    low, high = 0.0, 1.0 - base
    for _ in range(30):
        middle = (low + high) / 2.0
        if agreement(*seen(middle)) > kappa:
            low = middle
        else:
            high = middle
    return agreement(truth, seen(high)[0])
