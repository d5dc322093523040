"""What the programme was worth: hours, money and classes' gains, of ten people or more each. Pure.

Weeks that their owner has not kept are missing, and not zero. All of it is correlation, not cause.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from school.ledger.interval import Estimate, difference, mean_of
from school.ledger.records import Costs, Outcome, Week
from school.programme.small_groups import BEYOND_SCHOOL, shown_unions

__all__ = ["MIN_WEEKS", "GroupRow", "Saving", "Worth", "saving_of", "worth_of"]

MIN_WEEKS: Final = 2
"""So many weeks before and since the start somebody needs to count."""
_EVERYBODY: Final = ("all", "")
_ROLES: Final = {"all": _EVERYBODY, "coach": ("role", "coach"), "teacher": ("role", "teacher")}
_HOUR: Final = 60
_DAYS_IN_YEAR: Final = 365.25
_A = TypeVar("_A", bound=Hashable)
_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Of one person, in minutes a week."""

    saved: float
    """The mean of the weeks before, minus that of the weeks since: negative if there are more."""
    spent: float
    """The mean of the weeks since."""
    travel_saved: float
    """As they say, in the weeks since: part of what is saved, and not added to it."""
    weeks: int
    """Kept since the start."""


def saving_of(weeks: Sequence[Week], costs: Costs) -> Saving | None:
    """What somebody saves; None without enough weeks on both sides of the start."""
    if costs.starts_on is None:
        return None
    before = [week for week in weeks if week.monday < costs.starts_on]
    since = [week for week in weeks if week.monday >= costs.starts_on]
    if min(len(before), len(since)) < MIN_WEEKS:
        return None
    spent = sum(week.spent for week in since) / len(since)
    return Saving(
        saved=sum(week.spent for week in before) / len(before) - spent,
        spent=spent,
        travel_saved=sum(week.travel_saved for week in since) / len(since),
        weeks=len(since),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """Hours saved a week and person beside the gain of coached classes, of a group of schools."""

    name: str
    """Of the group; empty for the whole district."""
    saved: Estimate | None
    gain: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """The sheet. None where fewer than ten people have what a row needs."""

    teachers: int | None
    """Who own a lesson since the start."""
    kits: int
    saved: Mapping[str, Estimate]
    """Hours a week and person: of "all", "coach" and "teacher" (who does not coach)."""
    travel_saved: Estimate | None
    """Hours a week and person, as people say."""
    hours: Estimate | None
    """All hours saved in the weeks that people kept."""
    money: Estimate | None
    """What these hours cost."""
    kits_cost: float | None
    """To date, by how long kits last; None without a start."""
    teacher_year: Estimate | None
    """Money a teacher and year: kits, and the time of those who keep the ledger."""
    gains: Mapping[str, Estimate]
    """Of classes, by teacher: "coached", "others", and their "difference"."""
    classes: Mapping[str, int]
    """How many there are of those coached, and of the others."""
    groups: Sequence[GroupRow]
    """The whole district, then each group of schools by name."""


def worth_of(
    savings: Mapping[str, Saving],
    coaches: Collection[str],
    sites_of: Mapping[str, str],
    groups: Mapping[str, Collection[str]],
    costs: Costs,
    outcomes: Sequence[Outcome],
    *,
    teachers: int,
    kits: int,
    today: date,
) -> Worth:
    """The sheet of a district: `savings` by person, `teachers` who own a lesson since the start."""
    saved = _saved(savings, coaches, sites_of, groups)
    all_of_them = list(savings.values())
    has_teachers = teachers >= BEYOND_SCHOOL
    hours = travel = year = None
    if len(all_of_them) >= BEYOND_SCHOOL:
        n = len(all_of_them)
        travel = mean_of([each.travel_saved for each in all_of_them]).times(1 / _HOUR)
        hours = mean_of([each.saved * each.weeks for each in all_of_them]).times(n / _HOUR)
        if has_teachers:
            spent = mean_of([each.spent for each in all_of_them]).times(n / _HOUR)
            year = (
                spent.times(costs.school_weeks * costs.hour_cost)
                .plus(kits * costs.kit_cost / costs.kit_years)
                .times(1 / teachers)
            )
    kits_cost = None
    if costs.starts_on is not None:
        years = max((today - costs.starts_on).days, 0) / _DAYS_IN_YEAR
        kits_cost = kits * costs.kit_cost * min(years / costs.kit_years, 1.0)
    gains, classes = _gains(outcomes)
    return Worth(
        teachers=teachers if has_teachers else None, kits=kits,
        saved={name: saved[key] for name, key in _ROLES.items() if key in saved},
        groups=_group_rows(saved, outcomes, groups), travel_saved=travel,
        hours=hours, money=None if hours is None else hours.times(costs.hour_cost),
        kits_cost=kits_cost, teacher_year=year, gains=gains, classes=classes,
    )  # fmt: skip


def _gains(outcomes: Sequence[Outcome]) -> tuple[dict[str, Estimate], dict[str, int]]:
    """Gains by teacher, since classes of one teacher are alike."""
    by = {
        name: [each for each in outcomes if each.is_coached is is_coached]
        for name, is_coached in (("coached", True), ("others", False))
    }
    values = {name: list(_by_teacher(each).values()) for name, each in by.items()}
    # Whoever has classes in both counts in both; nothing is shown of the two together but n.
    shown = {name: each for name, each in values.items() if len(each) >= BEYOND_SCHOOL}
    gains = {name: mean_of(each) for name, each in shown.items()}
    if len(shown) == 2:
        gains["difference"] = difference(shown["coached"], shown["others"])
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
    groups: Mapping[str, Collection[str]],
) -> dict[tuple[str, str], Estimate]:
    """Hours a week and person of everybody, by role and by group of schools: what may be shown."""
    values: dict[tuple[str, bool], list[float]] = {}
    for person, saving in sorted(savings.items()):
        atom = sites_of.get(person, ""), person in coaches
        values.setdefault(atom, []).append(saving.saved / _HOUR)
    unions = {_EVERYBODY: set(values)}
    for name, is_coach in (("coach", True), ("teacher", False)):
        unions[_ROLES[name]] = {atom for atom in values if atom[1] is is_coach}
    for name, sites in groups.items():
        unions["group", name] = {atom for atom in values if atom[0] in sites}
    return _estimates(values, unions, keep=[_EVERYBODY, _ROLES["coach"]])


def _group_rows(
    saved: Mapping[tuple[str, str], Estimate],
    outcomes: Sequence[Outcome],
    groups: Mapping[str, Collection[str]],
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
    unions |= {("group", name): set(sites) & set(values) for name, sites in groups.items()}
    gained = _estimates(values, unions, keep=[_EVERYBODY])
    keys = {"": _EVERYBODY} | {name: ("group", name) for name in sorted(groups)}
    return [
        GroupRow(name=name, saved=saved.get(key), gain=gained.get(key))
        for name, key in keys.items()
    ]


def _estimates(
    values: Mapping[_A, Sequence[float]],
    unions: Mapping[_K, Collection[_A]],
    keep: Sequence[_K],
) -> dict[_K, Estimate]:
    """Those of the unions that may be shown together, and that have somebody in them."""
    sizes = {atom: len(each) for atom, each in values.items()}
    found = {
        name: [value for atom, each in values.items() if atom in unions[name] for value in each]
        for name in shown_unions(sizes, unions, BEYOND_SCHOOL, keep=keep)
    }
    return {name: mean_of(each) for name, each in found.items() if each}
