"""The figures that may leave a site, and how large each may be. Pure.

Adding a figure is one entry here, and its count in `school/programme/month_figures.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from contract.language import N_

__all__ = ["FIGURES", "MIN_TEACHERS", "FigureRule", "fault_of", "fault_together"]

MIN_TEACHERS: Final = 10
"""The fewest people of a group that anybody beyond a school may see."""

Kind = Literal["teachers", "things"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRule:
    """What a figure counts, and what is believed of it."""

    kind: Kind
    """Teachers out of all that are counted, or things that belong to them."""
    words: str
    """What a page calls it; a text of the catalogue."""
    max_each: int = 1
    """The most of a teacher in a month."""
    of: str = ""
    """The figure that says whose the things are; without one they are of all teachers."""
    min_each: int = 1
    """The fewest of a teacher who has any."""


FIGURES: Final[Mapping[str, FigureRule]] = MappingProxyType({
    "with_cycle": FigureRule(kind="teachers", words=N_("Teachers with a cycle")),
    "with_step": FigureRule(kind="teachers", words=N_("Teachers who chose a next step")),
    "with_talk": FigureRule(kind="teachers", words=N_("Teachers who talked about a lesson")),
    "lessons": FigureRule(kind="things", words=N_("Lessons"), max_each=400),
    "steps": FigureRule(kind="things", words=N_("Next steps"), max_each=200, of="with_step"),
    "talks": FigureRule(kind="things", words=N_("Talks about lessons"), max_each=200, of="with_talk"),
    "talk_minutes": FigureRule(kind="things", words=N_("Minutes of these talks"), max_each=12_000, of="with_talk", min_each=0),
})  # fmt: skip


def fault_of(name: str, value: int, teachers: int) -> str:
    """What is wrong with a figure of so many teachers, as a clause; empty if nothing is.

    A number of teachers is right only if nobody can compute a group of 1 to 9 of them from it: not
    those whom it counts, and not the others. Of things there is one at least for each teacher who
    has any, so fewer than ten come from fewer than ten teachers.
    """
    rule = FIGURES.get(name)
    if rule is None:
        return "is no figure that this program knows"
    most = teachers * rule.max_each
    if not 0 <= value <= most:
        return f"is {value}, expected 0 to {most} for {teachers} teachers"
    if 0 < value < MIN_TEACHERS:
        return f"is {value}, which is of fewer than {MIN_TEACHERS} teachers"
    if rule.kind == "teachers" and 0 < teachers - value < MIN_TEACHERS:
        return f"is {value}, which leaves fewer than {MIN_TEACHERS} of {teachers} teachers"
    return ""


def fault_together(figures: Mapping[str, int], teachers: int) -> tuple[str, str] | None:
    """The first figure that does not fit the others, and why as a clause; None if all do.

    Each teacher who is counted had a lesson, and each with a talk has one talk at least. Things
    without the number of those who have them would say that this number is one that may not leave.
    """
    for name, value in figures.items():
        rule = FIGURES[name]
        if rule.kind == "teachers":
            continue
        if rule.of and rule.of not in figures:
            return name, f"stands without {rule.of}, which says of how many teachers it is"
        people = figures[rule.of] if rule.of else teachers
        least, most = people * rule.min_each, people * rule.max_each
        if not least <= value <= most:
            return (
                name,
                f"is {value}, expected {least} to {most} for {people} teachers who have any",
            )
    return None
