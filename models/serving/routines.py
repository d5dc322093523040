"""Routines of a lesson: settling in, packing up, and a declared change of activity.

A class is livelier than usual then, as everybody expects, so such a stretch is named and not
suggested as news. Which stretches are livelier comes from the scores; the lesson's times and what
its teacher declared say which of them are routines. What nobody declared is no routine: movement
and noise alone can't say whether a class changes the activity or has lost the thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from contract.lesson import Activity

__all__ = ["LessonPlan", "RoutineKind", "routine_of"]

RoutineKind = Literal["settling_in", "packing_up", "change_of_activity"]

_SETTLING_BEGINS_S: Final = 180
"""Settling in begins at most so long after the lesson's start: the first scores are later."""
_SETTLED_S: Final = 480
"""A class that is still lively then has not settled in, which is worth talking about."""
_PACKING_S: Final = 300
"""Packing up begins at most so long before the lesson's end."""
_PACKED_S: Final = 60
"""Packing up reaches the lesson's end, or nearly: its last scores may be missing."""
_BEFORE_CHANGE_S: Final = 30
"""A class that begins earlier than this before a change does not wait for it."""
_AFTER_CHANGE_S: Final = 45
"""A stretch that begins later than this after a change is about what came next."""
_CHANGED_S: Final = 150
"""So long after a change the class is at work again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonPlan:
    """What is known of a lesson beside its scores, in seconds since its start.

    `length_s` is None while nobody has said when it ends.
    """

    activities: Sequence[Activity] = ()
    length_s: float | None = None


def routine_of(start_s: float, end_s: float, plan: LessonPlan) -> RoutineKind | None:
    """Which routine a livelier stretch is, or None: then it is news."""
    if start_s <= _SETTLING_BEGINS_S and end_s <= _SETTLED_S:
        return "settling_in"
    ends = plan.length_s
    if ends is not None and start_s >= ends - _PACKING_S and end_s >= ends - _PACKED_S:
        return "packing_up"
    is_change = any(
        first - _BEFORE_CHANGE_S <= start_s <= last + _AFTER_CHANGE_S and end_s <= last + _CHANGED_S
        for first, last in _changes(plan.activities)
    )
    return "change_of_activity" if is_change else None


def _changes(activities: Sequence[Activity]) -> list[tuple[float, float]]:
    """Each declared transition, and each border of two other activities."""
    ordered = sorted(activities, key=lambda one: (one.start_s, one.end_s))
    spans = [(one.start_s, one.end_s) for one in ordered if one.name == "transition"]
    borders = [
        (later.start_s, later.start_s)
        for one, later in pairwise(ordered)
        if one.name != later.name and "transition" not in {one.name, later.name}
    ]
    return spans + borders
