"""What the programme was worth in a span of weeks: hours and gains, of ten people or more each. Pure.

Weeks that their owner has not kept are missing, and not zero. All of it is correlation, not cause.

In each figure of hours every person has the same weight: two sums in which they had not, such as one
by weeks kept, would give away whoever kept one week more than all others. And of the weeks before the
start there is one mean, which the first sheet keeps for all later ones: two of them, which hours spent
beside hours saved come to, would differ by the one person who came or left in between.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from school.ledger.interval import Estimate, difference, mean_of
from school.ledger.records import Outcome, Span, Week
from school.programme.records import SchoolGroup
from school.programme.small_groups import BEYOND_SCHOOL, is_small, shown_unions

__all__ = ["MIN_WEEKS", "GroupRow", "Saving", "Worth", "saving_of", "worth_of"]

MIN_WEEKS: Final = 2
"""So many weeks before the start, and so many in the span, somebody needs to count."""
_EVERYBODY: Final = ("all", "")
_ROLES: Final = {"all": _EVERYBODY, "coach": ("role", "coach"), "teacher": ("role", "teacher")}
_HOUR: Final = 60
_DIGITS: Final = 3
"""Nothing more exact is kept, which a large cost could bring out of a figure of money."""
_A = TypeVar("_A", bound=Hashable)
_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Of one person, in minutes a week."""

    before: float
    """The mean of the weeks before the start."""
    saved: float
    """That mean minus the one of the span: negative if there are more."""
    travel_saved: float
    """As they say, in the span: part of what is saved, and not added to it."""
    weeks: int
    """Kept in the span."""


def saving_of(weeks: Sequence[Week], starts_on: date, span: Span) -> Saving | None:
    """What somebody saves in a span; None without enough weeks before the start and in the span."""
    before = [week for week in weeks if week.monday < starts_on]
    within = [week for week in weeks if span.first <= week.monday <= span.last]
    if min(len(before), len(within)) < MIN_WEEKS:
        return None
    mean_before = sum(week.spent for week in before) / len(before)
    return Saving(
        before=mean_before,
        saved=mean_before - sum(week.spent for week in within) / len(within),
        travel_saved=sum(week.travel_saved for week in within) / len(within),
        weeks=len(within),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """Hours saved a week and person beside the gain of coached classes, of a group of schools."""

    name: str
    """Of the group; empty for the whole district."""
    title: str
    """What people called it on the day of the count; empty for the whole district."""
    saved: Estimate | None
    gain: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What is kept of a span. None, or not there, where fewer than ten people have what it needs."""

    teachers: int | None
    """Who own a lesson of the span."""
    kits: int
    weeks: int | None
    """Kept in the span by all who count."""
    saved: Mapping[str, Estimate]
    """Hours a week and person: of "all", "coach" and "teacher" (who does not coach)."""
    before: float | None
    """Hours a week and person before the start, of the people of the first sheet that has hours."""
    travel_saved: Estimate | None
    """Hours a week and person, as people say."""
    gains: Mapping[str, Estimate]
    """Of classes, by teacher: "coached", "others", and their "difference"."""
    classes: Mapping[str, int]
    """How many there are of those coached, and of the others."""
    groups: tuple[GroupRow, ...]
    """The whole district, then each group of schools by name."""

    @property
    def parts(self) -> frozenset[bool]:
        """Of which classes gains are shown: those coached (True), and the others."""
        return frozenset(name == "coached" for name in self.classes)


def worth_of(
    savings: Mapping[str, Saving],
    coaches: Collection[str],
    sites_of: Mapping[str, str],
    groups: Sequence[SchoolGroup],
    outcomes: Sequence[Outcome],
    *,
    teachers: int,
    kits: int,
    before: float | None = None,
) -> Worth:
    """What a district's sheet keeps: `savings` by person, `teachers` who own a lesson of the span.

    `before` is as in the earlier sheets; None if none of them has hours.
    """
    saved = _saved(savings, coaches, sites_of, groups)
    weeks = travel = None
    if _EVERYBODY in saved:
        everybody = savings.values()
        weeks = sum(each.weeks for each in everybody)
        # By size, so that the same figures come out whoever has which id.
        travelled = sorted(each.travel_saved / _HOUR for each in everybody)
        # The mean times n is the sum of those who saved any: of the one who travels, if there is one.
        if not is_small(sum(each > 0 for each in travelled), BEYOND_SCHOOL):
            travel = mean_of(travelled).rounded(_DIGITS)
        if before is None:
            total = math.fsum(each.before for each in everybody)
            before = round(total / _HOUR / len(savings), _DIGITS)
    gains, classes = _gains(outcomes)
    return Worth(
        teachers=teachers if teachers >= BEYOND_SCHOOL else None, kits=kits, weeks=weeks,
        saved={name: saved[key] for name, key in _ROLES.items() if key in saved},
        before=before, travel_saved=travel, gains=gains, classes=classes,
        groups=tuple(_group_rows(saved, outcomes, groups)),
    )  # fmt: skip


def _gains(outcomes: Sequence[Outcome]) -> tuple[dict[str, Estimate], dict[str, int]]:
    """Gains by teacher, since classes of one teacher are alike."""
    by = {
        name: [each for each in outcomes if each.is_coached is is_coached]
        for name, is_coached in (("coached", True), ("others", False))
    }
    values = {name: sorted(_by_teacher(each).values()) for name, each in by.items()}
    # Whoever has classes in both counts in both; nothing is shown of the two together but n.
    shown = {name: each for name, each in values.items() if len(each) >= BEYOND_SCHOOL}
    gains = {name: mean_of(each).rounded(_DIGITS) for name, each in shown.items()}
    if len(shown) == 2:
        gains["difference"] = difference(shown["coached"], shown["others"]).rounded(_DIGITS)
    return gains, {name: len(by[name]) for name in shown}


def _by_teacher(outcomes: Sequence[Outcome]) -> dict[int, float]:
    """Teacher → the mean gain of their classes."""
    found: dict[int, list[float]] = {}
    for each in outcomes:
        found.setdefault(each.teacher, []).append(each.gain)
    return {teacher: sum(gains) / len(gains) for teacher, gains in found.items()}


def _saved(
    savings: Mapping[str, Saving],
    coaches: Collection[str],
    sites_of: Mapping[str, str],
    groups: Sequence[SchoolGroup],
) -> dict[tuple[str, str], Estimate]:
    """Hours a week and person of everybody, by role and by group of schools: what may be shown."""
    values: dict[tuple[str, bool], list[float]] = {}
    for person, saving in sorted(savings.items()):
        atom = sites_of.get(person, ""), person in coaches
        values.setdefault(atom, []).append(saving.saved / _HOUR)
    unions = {_EVERYBODY: set(values)}
    for name, is_coach in (("coach", True), ("teacher", False)):
        unions[_ROLES[name]] = {atom for atom in values if atom[1] is is_coach}
    for group in groups:
        unions["group", group.name] = {atom for atom in values if atom[0] in group.sites}
    return _estimates(values, unions, keep=[_EVERYBODY, _ROLES["coach"]])


def _group_rows(
    saved: Mapping[tuple[str, str], Estimate],
    outcomes: Sequence[Outcome],
    groups: Sequence[SchoolGroup],
) -> list[GroupRow]:
    coached = [each for each in outcomes if each.is_coached]
    # A teacher of two schools counts once: at that of the first of their classes.
    site_of: dict[int, str] = {}
    for each in coached:
        site_of.setdefault(each.teacher, each.site)
    values: dict[str, list[float]] = {}
    for teacher, gain in _by_teacher(coached).items():
        values.setdefault(site_of[teacher], []).append(gain)
    unions: dict[tuple[str, str], Collection[str]] = {_EVERYBODY: set(values)}
    unions |= {("group", group.name): group.sites & set(values) for group in groups}
    gained = _estimates(values, unions, keep=[_EVERYBODY])
    district = GroupRow(name="", title="", saved=saved.get(_EVERYBODY), gain=gained.get(_EVERYBODY))
    return [
        district,
        *(
            GroupRow(
                name=group.name, title=group.title, saved=saved.get(("group", group.name)),
                gain=gained.get(("group", group.name)),
            )
            for group in sorted(groups, key=lambda group: group.name)
        ),
    ]  # fmt: skip


def _estimates(
    values: Mapping[_A, Sequence[float]],
    unions: Mapping[_K, Collection[_A]],
    keep: Sequence[_K],
) -> dict[_K, Estimate]:
    """Those of the unions that may be shown together, and that have somebody in them."""
    sizes = {atom: len(each) for atom, each in values.items()}
    found = {
        name: sorted(
            value for atom, each in values.items() if atom in unions[name] for value in each
        )
        for name in shown_unions(sizes, unions, BEYOND_SCHOOL, keep=keep)
    }
    return {name: mean_of(each).rounded(_DIGITS) for name, each in found.items() if each}
