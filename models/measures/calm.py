"""How long a room takes until it is calm after a change of activity, or after the lesson's start."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.lesson import Activity
from models.evaluation.agreement import student
from models.features.seat_features import EPOCH_S, MIN_EPOCHS, NORMAL_EPOCHS
from models.measures.records import Measured

__all__ = ["CALM_DB", "LIMIT_S", "Change", "beginning_of", "changes_of", "movement_course",
           "seconds_until_calm"]  # fmt: skip

CALM_DB: Final = 2.0
"""Up to here the pages say "about as much movement as usual"."""
LIMIT_S: Final = 600
"""So long after a change is looked at."""
GRAIN_S: Final = 10.0
"""Movement is known each five seconds, as a mean of ten."""
_HELD: Final = 12
"""A minute, in epochs."""
_KNOWN: Final = 9
"""Of the epochs of a minute, so many must be known."""
_ABOVE: Final = 2
"""So many epochs of a calm minute may be above the limit."""
_SILENCE: Final = NORMAL_EPOCHS
"""After so many epochs without a score the scores begin with a new normal."""
_UNDECLARED_S: Final = 30
"""Two activities may be so far apart, without a declared transition, and still follow each other."""
_USUAL_AFTER_S: Final = 120
_USUAL_EPOCHS: Final = 24
"""Two minutes of an activity must be known to say what is usual in it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of activity, in seconds since the lesson's start.

    It begins at `start_s`; the next activity goes from `next_s` to `end_s`.
    """

    start_s: float
    next_s: float
    end_s: float


def changes_of(activities: Sequence[Activity]) -> list[Change]:
    """Each border of two declared activities; a declared transition belongs to the border.

    The lesson's start and its end are none, and neither is a stretch of which nobody said what it is.
    """
    work = sorted(
        (one for one in activities if one.name != "transition"),
        key=lambda one: (one.start_s, one.end_s),
    )
    found = []
    for one, later in pairwise(work):
        between = later.start_s - one.end_s
        declared = _transition_s(activities, one.end_s, later.start_s)
        is_change = one.name != later.name or declared > 0.0
        if is_change and between >= 0.0 and between - declared <= _UNDECLARED_S:
            found.append(Change(start_s=one.end_s, next_s=later.start_s, end_s=later.end_s))
    return found


def beginning_of(activities: Sequence[Activity], length_s: float) -> Change:
    """The lesson's start as a change, up to the end of its first activity."""
    work = sorted(
        (one.start_s, one.end_s) for one in activities if one.name != "transition"
    )  # fmt: skip
    next_s, end_s = work[0] if work else (0.0, length_s)
    return Change(start_s=0.0, next_s=next_s, end_s=end_s)


def movement_course(movement_db: Floats, *, seen_from_s: float = 0.0) -> Floats:
    """The course of an area's movement over a lesson in dB, from its scores; (n,), NaN is missing.

    `movement_db` is relative to the mean of the epochs before it, about ten minutes of them. That
    mean follows from the values themselves, so it is added again: what is left is relative to the
    first minute, which has no scores and is taken as even. Who sees the lesson from `seen_from_s` on
    has it relative to what was before.
    """
    course = np.full(len(movement_db), np.nan)
    usual, count, before = 0.0, 0, -_SILENCE
    for at in np.flatnonzero(~np.isnan(movement_db)).tolist():
        is_first = count == 0
        if is_first and seen_from_s > 0.0:
            count = min(at, NORMAL_EPOCHS)
        elif is_first or at - before > _SILENCE:
            usual, count = 0.0, MIN_EPOCHS
            course[max(0, at - MIN_EPOCHS) : at] = 0.0
        course[at] = movement_db[at] + usual
        count += 1
        usual += (course[at] - usual) / min(count, NORMAL_EPOCHS)
        before = at
    return course


def seconds_until_calm(
    movement_db: Floats, changes: Sequence[Change], *, seen_from_s: float = 0.0
) -> Measured | None:
    """Seconds from a change until the room is calm, as a mean of the changes; None without one.

    `movement_db` (n,) is the movement of each epoch. The room is calm from the first epoch on that
    begins a minute in which it is at most 2 dB above what is usual in the next activity, but for ten
    seconds. Usual is the median from the third minute of that activity on. After ten minutes the
    search ends. The interval is Student's over the changes, and never narrower than
    ten seconds to each side; of one change it says only how exact its time is.
    """
    course = movement_course(movement_db, seen_from_s=seen_from_s)
    found = [one for one in (_settled(course, change) for change in changes) if one is not None]
    if not found:
        return None
    times = np.array([seconds for seconds, _ in found])
    n, mean, half = len(times), float(times.mean()), GRAIN_S
    if n > 1:
        half = max(half, student(n - 1) * float(times.std(ddof=1)) / math.sqrt(n))
    return Measured(
        kind="calm", value=mean, low=max(0.0, mean - half), high=mean + half, n=n,
        is_at_least=not all(is_calm for _, is_calm in found),
    )  # fmt: skip


def _settled(course: Floats, change: Change) -> tuple[float, bool] | None:
    """How long one change took, and whether the room became calm; None where too little is known."""
    first, next_, end = (
        min(len(course), round(at / EPOCH_S))
        for at in (change.start_s, change.next_s, change.end_s)
    )
    end = _until_silence(course, first, end)
    rest = course[next_ + _USUAL_AFTER_S // EPOCH_S : end]
    rest = rest[~np.isnan(rest)]
    if len(rest) < _USUAL_EPOCHS:
        return None
    calm_db = float(np.median(rest)) + CALM_DB
    last = min(end - _HELD, first + LIMIT_S // EPOCH_S)
    is_sure = True
    for at in range(first, last):
        held = course[at : at + _HELD]
        held = held[~np.isnan(held)]
        if len(held) < _KNOWN or np.isnan(course[at]):
            is_sure = False
        elif course[at] <= calm_db and int((held > calm_db).sum()) <= _ABOVE:
            return (float((at - first) * EPOCH_S), True) if is_sure else None
    return (float((last - first) * EPOCH_S), False) if is_sure and last > first else None


def _until_silence(course: Floats, first: int, end: int) -> int:
    """Where the first long silence after `first` begins; `end` without one."""
    known = np.flatnonzero(~np.isnan(course[first:end]))
    long = np.flatnonzero(np.diff(known) > _SILENCE)
    return first + int(known[long[0]]) + 1 if long.size else end


def _transition_s(activities: Sequence[Activity], start_s: float, end_s: float) -> float:
    """How much of a span is declared a transition."""
    return sum(
        min(one.end_s, end_s) - max(one.start_s, start_s)
        for one in activities
        if one.name == "transition" and one.start_s < end_s and one.end_s > start_s
    )
