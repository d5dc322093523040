"""Who sees what of the sheets about a lesson: each their own, and the other's once both are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from school.forms.sheets import Sheet

__all__ = ["Sides", "sides_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The sheets of one form about one lesson, to someone who fills it."""

    mine: Sheet | None
    others: tuple[Sheet, ...]
    """Those that they may see."""
    waiting: tuple[str, ...]
    """Who is done, and waits for them."""

    @property
    def is_done(self) -> bool:
        return self.mine is not None and self.mine.done_utc_ns is not None


def sides_of(sheets: Sequence[Sheet], viewer: str, teacher: str) -> Sides:
    """`teacher` is whose lesson it is today.

    The teacher's view is shown with that of each coach; no coach sees another one's. What was filled
    about the lesson of an earlier teacher is no side of this one.
    """
    mine = next((each for each in sheets if each.person == viewer), None)
    done = tuple(
        each
        for each in sheets
        if each.person != viewer
        and teacher in {viewer, each.person}
        and each.teacher == teacher
        and each.done_utc_ns is not None
    )
    if mine is not None and mine.teacher != teacher:
        mine = replace(mine, done_utc_ns=None)
    if mine is None or mine.done_utc_ns is None:
        return Sides(mine=mine, others=(), waiting=tuple(each.person for each in done))
    return Sides(mine=mine, others=done, waiting=())
