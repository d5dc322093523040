"""What of answers may be shown. Pure.

A week is shown when it is over and has as many answers as the limit; nobody answers a question
twice in a week, so that these are as many people. No sum over weeks is shown: the same few people
may have answered in several weeks, and a sum minus the shown weeks would be theirs. The sum over
schools leaves no group of people below the limit to compute.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from school.programme.small_groups import BEYOND_SCHOOL, WITHIN_SCHOOL, is_small
from school.pulse.records import WHOLE, Question, Tally

__all__ = ["ShownWeek", "of_all_schools", "of_every_school", "of_school", "shown_week"]

_EDGE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWeek:
    """How many of `n` people chose one of the upper steps: from `low` to `high` of them.

    The two differ where nearly all did, or hardly anybody: then neither a reader, nor the one who
    answered otherwise, knows what all others chose.
    """

    monday: date
    n: int
    low: int
    high: int


def shown_week(
    monday: date, question: Question, counts: Iterable[int], limit: int
) -> ShownWeek | None:
    """A week's figure; None if too few answered."""
    by_step = list(counts)
    n = sum(by_step)
    if n < limit:
        return None
    good = sum(by_step[len(question.steps) - question.good : len(question.steps)])
    if good <= _EDGE:
        return ShownWeek(monday=monday, n=n, low=0, high=_EDGE)
    if good >= n - _EDGE:
        return ShownWeek(monday=monday, n=n, low=n - _EDGE, high=n)
    return ShownWeek(monday=monday, n=n, low=good, high=good)


def of_school(
    tallies: Iterable[Tally], question: Question, site: str, *, is_own: bool
) -> list[ShownWeek]:
    """The weeks of one school that may be shown, to its own people or to others."""
    limit = WITHIN_SCHOOL if is_own else BEYOND_SCHOOL
    found = (
        shown_week(each.monday, question, each.counts, limit)
        for each in tallies
        if each.question == question.id and each.site == site
    )
    return [week for week in found if week is not None]


def of_all_schools(
    tallies: Iterable[Tally], question: Question, shown_alone: Collection[str]
) -> list[ShownWeek]:
    """The weeks of all schools together, for readers who see those of `shown_alone` by themselves.

    Schools of fewer than five answers do not count: they are forgotten soon, and a sum before and
    after would give them. A week is left out if what remains of it without the schools that are
    shown would be too few people, or nearly all or hardly any of them; and if a school that is
    shown alone is no exact figure, which the sum would make one.
    """
    weeks: dict[date, dict[str, Tally]] = {}
    for each in tallies:
        if each.question == question.id and each.n >= WITHIN_SCHOOL:
            weeks.setdefault(each.monday, {})[each.site] = each
    found = []
    for monday, by_site in weeks.items():
        sizes = {site: each.n for site, each in by_site.items()}
        alone = {site for site in sizes if site in shown_alone and sizes[site] >= BEYOND_SCHOOL}
        if is_small(sum(size for site, size in sizes.items() if site not in alone), BEYOND_SCHOOL):
            continue
        apart = [
            shown_week(monday, question, by_site[site].counts, BEYOND_SCHOOL) for site in alone
        ]
        rest = _together((each for site, each in by_site.items() if site not in alone), question)
        apart.append(shown_week(monday, question, rest, BEYOND_SCHOOL))
        if alone and any(week is not None and week.low != week.high for week in apart):
            continue
        week = shown_week(monday, question, _together(by_site.values(), question), BEYOND_SCHOOL)
        if week is not None:
            found.append(week)
    return found


def of_every_school(tallies: Sequence[Tally], question: Question) -> list[ShownWeek]:
    """The weeks of all schools together for whoever reads those of schools too, on a page or in a file.

    Somebody in a school, or whom an administrator puts into it, sees its weeks from five answers
    on: so a week is left out as well if what remains without such a school would be too few people,
    or nearly all or hardly any of them.
    """
    of_week: dict[date, list[Tally]] = {}
    for each in tallies:
        if each.question == question.id and WITHIN_SCHOOL <= each.n < BEYOND_SCHOOL:
            of_week.setdefault(each.monday, []).append(each)
    schools = {each.site for each in tallies} - {WHOLE}
    return [
        week
        for week in of_all_schools(tallies, question, schools)
        if not any(
            _is_rest_known(own, of_week[week.monday], question)
            for own in of_week.get(week.monday, ())
        )
    ]


def _is_rest_known(own: Tally, of_week: Sequence[Tally], question: Question) -> bool:
    rest = [each for each in of_week if each is not own]
    if is_small(sum(each.n for each in rest), BEYOND_SCHOOL):
        return True
    mine = shown_week(own.monday, question, own.counts, WITHIN_SCHOOL)
    theirs = shown_week(own.monday, question, _together(rest, question), BEYOND_SCHOOL)
    is_exact = mine is not None and mine.low == mine.high
    return is_exact and theirs is not None and theirs.low != theirs.high


def _together(tallies: Iterable[Tally], question: Question) -> list[int]:
    """How many chose each step, in all of them."""
    counts = [each.counts for each in tallies]
    return [
        sum(each[step] for each in counts if step < len(each))
        for step in range(len(question.steps))
    ]
