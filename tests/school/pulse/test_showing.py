"""What is shown of answers: enough of them, and nothing of which fewer can be computed."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from school.programme.small_groups import BEYOND_SCHOOL, WITHIN_SCHOOL
from school.pulse.records import Question, Tally
from school.pulse.showing import (
    ShownWeek,
    of_all_schools,
    of_every_school,
    of_school,
    shown_week,
)

MONDAY = date(2026, 3, 2)
QUESTION = Question(id="q", kind="week", text="Well?", steps=("no", "so so", "yes"), good=1)


def tally(counts: tuple[int, ...], site: str = "", weeks: int = 0, question: str = "q") -> Tally:
    return Tally(
        monday=MONDAY - timedelta(days=7 * weeks), question=question, site=site, counts=counts
    )


def test_a_week_of_four_answers_is_in_no_figure() -> None:
    weeks = [tally((1, 2, 2)), tally((1, 1, 2), weeks=1), tally((0, 2, 3), weeks=2)]
    shown = of_school(weeks, QUESTION, "", is_own=True)
    assert [(week.monday, week.n) for week in shown] == [
        (MONDAY, 5), (MONDAY - timedelta(days=14), 5),
    ]  # fmt: skip
    assert of_school(weeks, QUESTION, "", is_own=False) == []


def test_other_questions_and_schools_are_not_counted() -> None:
    weeks = [tally((1, 2, 2), question="older"), tally((1, 2, 2), site="north")]
    assert of_school(weeks, QUESTION, "", is_own=True) == []


@given(st.tuples(*[st.integers(0, 20)] * 3))
def test_nobodys_own_answer_follows_from_a_figure(counts: tuple[int, int, int]) -> None:
    shown = shown_week(MONDAY, QUESTION, counts, 5)
    if sum(counts) < 5:
        assert shown is None
        return
    assert shown is not None
    assert shown.low <= counts[2] <= shown.high
    for own in (0, 1):
        others = {total - own for total in range(shown.low, shown.high + 1)} & set(range(shown.n))
        assert others not in ({0}, {shown.n - 1})


def test_hardly_anybody_and_nearly_all_are_no_exact_figure() -> None:
    for counts in ((5, 0), (2, 2, 1), (3, 0, 2)):
        few = shown_week(MONDAY, QUESTION, counts, 5)
        assert few == ShownWeek(monday=MONDAY, n=5, low=0, high=2)
    for counts in ((0, 0, 5), (0, 1, 4), (2, 0, 3)):
        many = shown_week(MONDAY, QUESTION, counts, 5)
        assert many == ShownWeek(monday=MONDAY, n=5, low=3, high=5)
    exact = shown_week(MONDAY, QUESTION, (1, 2, 3), 5)
    assert exact == ShownWeek(monday=MONDAY, n=6, low=3, high=3)


COUNTS = st.tuples(*[st.integers(0, 12)] * 3)


@given(st.lists(COUNTS, min_size=1, max_size=6))
def test_nothing_more_can_be_computed_from_the_schools_and_their_sum(
    counts: list[tuple[int, int, int]],
) -> None:
    sites = [f"s{number}" for number in range(len(counts))]
    tallies = [tally(each, site) for site, each in zip(sites, counts, strict=True)]
    shown = {
        site: week[0]
        for site in sites
        if (week := of_school(tallies, QUESTION, site, is_own=False))
    }
    assert all(week.n >= BEYOND_SCHOOL for week in shown.values())
    together = of_all_schools(tallies, QUESTION, sites)
    kept = [each for each in tallies if each.n >= WITHIN_SCHOOL]
    assert together == of_all_schools(kept, QUESTION, sites), "after small counts are forgotten"
    if not together:
        return
    reached = {
        together[0].n - sum(shown[site].n for site in group)
        for count in range(len(shown) + 1)
        for group in combinations(sorted(shown), count)
    }
    assert all(n == 0 or n >= BEYOND_SCHOOL for n in reached)
    if shown:
        assert all(week.low == week.high for week in shown.values())
        n = together[0].n - sum(week.n for week in shown.values())
        good = sum(each.counts[2] for each in kept if each.site not in shown)
        assert n == 0 or 2 < good < n - 2, "of those who remain nearly all or hardly any is known"


def test_a_sum_makes_no_figure_exact_that_is_not() -> None:
    edge, mixed = tally((10, 0, 0), "a"), tally((6, 1, 5), "b")
    assert of_all_schools([edge, mixed], QUESTION, ["a", "b"]) == []
    assert of_all_schools([tally((5, 0, 15), "a"), tally((9, 1, 0), "b")], QUESTION, ["a"]) == []
    both = of_all_schools([tally((5, 0, 15), "a"), tally((5, 1, 4), "b")], QUESTION, ["a"])
    assert [(week.n, week.low, week.high) for week in both] == [(30, 19, 19)]
    assert of_all_schools([mixed, tally((1, 0, 2), "c")], QUESTION, ["b"])[0].n == 12


@given(st.lists(COUNTS, min_size=1, max_size=6))
def test_nor_from_a_file_by_somebody_who_sees_more_of_their_own_school(
    counts: list[tuple[int, int, int]],
) -> None:
    sites = [f"s{number}" for number in range(len(counts))]
    tallies = [tally(each, site) for site, each in zip(sites, counts, strict=True)]
    together = of_every_school(tallies, QUESTION)
    if not together:
        return
    assert together == of_all_schools(tallies, QUESTION, sites)
    for own in (each for each in tallies if WITHIN_SCHOOL <= each.n < BEYOND_SCHOOL):
        rest = [
            each for each in tallies if WITHIN_SCHOOL <= each.n < BEYOND_SCHOOL and each is not own
        ]
        n, good = sum(each.n for each in rest), sum(each.counts[2] for each in rest)
        assert n >= BEYOND_SCHOOL
        (mine,) = of_school([own], QUESTION, own.site, is_own=True)
        assert mine.low != mine.high or 2 < good < n - 2


def test_all_schools_of_a_file_are_shown_where_that_does_no_harm() -> None:
    def shown(*of: tuple[int, int, int]) -> list[ShownWeek]:
        return of_every_school([tally(each, f"s{at}") for at, each in enumerate(of)], QUESTION)

    assert shown((6, 0, 6), (15, 0, 15))
    assert shown((6, 0, 6), (4, 0, 4), (4, 0, 4), (4, 0, 4))
    assert not shown((6, 0, 6), (4, 0, 4))
    assert not shown((6, 0, 6), (4, 0, 4), (4, 0, 4)), "without one of two, eight people remain"
    assert not shown((6, 0, 6), (3, 0, 3), (5, 0, 0), (5, 0, 0)), "ten of whom all said no remain"
    assert shown((6, 0, 6), (5, 0, 3), (5, 0, 1), (5, 0, 3))
