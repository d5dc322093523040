"""Waves: what one may be, when a criterion is met, and which month of a wave a month is."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UsageError
from school.programme.coverage import CoverageRow, coverage_rows
from school.programme.records import SchoolGroup
from school.programme.small_groups import BEYOND_SCHOOL, is_small
from school.programme.waves import Criterion, Wave, judge, month_of_wave, own_rows

STARTS = date(2026, 1, 12)
ROW = CoverageRow(
    kind="wave", name="first", title="First", teachers=40, with_cycle=24, rooms=10, running=4
)


def criterion(figure: Any, at_least: float, **more: Any) -> Criterion:
    return Criterion(figure=figure, at_least=at_least, **more)


@pytest.mark.parametrize(
    ("figure", "at_least", "state", "k", "n"),
    (
        ("with_cycle", 60, "met", 24, 40),
        ("with_cycle", 60.1, "not_met", 24, 40),
        ("running", 40, "met", 4, 10),
        ("running", 50, "not_met", 4, 10),
    ),
)
def test_a_share_is_met_by_what_the_month_shows(
    figure: str, at_least: float, state: str, k: int, n: int
) -> None:
    found = judge(criterion(figure, at_least), ROW)
    assert (found.state, found.k, found.n) == (state, k, n)


def test_what_is_not_shown_is_not_known() -> None:
    hidden = CoverageRow(
        kind="wave", name="first", title="First", teachers=40, with_cycle=None, rooms=0, running=0
    )
    for row in (None, hidden):
        assert judge(criterion("with_cycle", 0), row).state == "not_known"
        assert judge(criterion("running", 0), row).state == "not_known"


def test_the_districts_own_is_met_by_what_somebody_entered() -> None:
    def state(value: float | None) -> str:
        return judge(criterion("own", 3, words="Schools with a coach", value=value), ROW).state

    assert (state(None), state(2.5), state(3)) == ("not_known", "not_met", "met")


@pytest.mark.parametrize(
    ("make", "sentence"),
    (
        (lambda: criterion("with_cycle", 101), "expected a number from 0 to 100"),
        (lambda: criterion("running", -1), "expected a number from 0 to 100"),
        (lambda: criterion("own", 1), "Say in words"),
        (lambda: criterion("own", 1, words="x" * 121), "at most 120 characters"),
        (lambda: criterion("own", 1, words="a\nb"), "on one line"),
        (lambda: criterion("own", float("nan"), words="a"), "expected a number"),
        (lambda: criterion("own", 1, words="a", value=2e6), "from 0 to 1000000"),
        (lambda: Wave(name="w", title="W", starts_on=date(1999, 12, 31)), "is no day on which"),
        (
            lambda: Wave(name="w", title="W", starts_on=STARTS,
                         criteria=(criterion("running", 1), criterion("running", 2))),
            "stands in one criterion",
        ),
        (
            lambda: Wave(name="w", title="W", starts_on=STARTS,
                         criteria=(criterion("own", 1, words="a"),) * 4),
            "at most 3 criteria of your own",
        ),
    ),
)  # fmt: skip
def test_what_is_no_wave_is_refused(make: Any, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        make()


def test_a_wave_has_months_of_its_own() -> None:
    months = ("2025-11", "2025-12", "2026-01", "2026-02", "2027-01")
    assert [month_of_wave(STARTS, month) for month in months] == [-1, 0, 1, 2, 13]


SITES = ("a", "b", "c", "d")


@given(
    st.fixed_dictionaries({site: st.tuples(st.integers(0, 14), st.integers(0, 14)) for site in SITES}),
    st.lists(st.sets(st.sampled_from(SITES)), max_size=2),
    st.integers(0, 4),
)  # fmt: skip
def test_beside_groups_and_schools_a_wave_gives_no_small_group_away(
    sizes: dict[str, tuple[int, int]], groups: list[set[str]], cut: int
) -> None:
    sites_of = {
        f"{site}-{number}": site
        for site, (having, others) in sizes.items()
        for number in range(having + others)
    }
    having = {person for person, site in sites_of.items() if int(person[2:]) < sizes[site][0]}
    waves = [
        SchoolGroup(name=name, title=name, sites=frozenset(sites))
        for name, sites in (("w1", SITES[:cut]), ("w2", SITES[cut:]))
    ]
    named = [
        SchoolGroup(name=f"g{at}", title="", sites=frozenset(sites))
        for at, sites in enumerate(groups)
    ]
    rows = coverage_rows(
        list(sites_of), having, [], sites_of, named, dict(zip(SITES, SITES, strict=True)), waves
    )
    assert [row.kind for row in rows if row.kind in {"group", "wave"}] == (
        ["group"] * len(named) + ["wave"] * 2
    )
    assert set(own_rows(rows)) == {"w1", "w2"}
    shown = [row for row in rows if row.teachers is not None]
    of = {
        ("district", ""): set(SITES), **{("school", site): {site} for site in SITES},
        **{("group", each.name): set(each.sites) for each in named},
        **{("wave", each.name): set(each.sites) for each in waves},
    }  # fmt: skip
    for one in shown:
        assert not is_small(one.teachers or 0, BEYOND_SCHOOL)
        for other in shown:
            mine, theirs = of[one.kind, one.name], of[other.kind, other.name]
            if theirs < mine:
                left = (one.teachers or 0) - (other.teachers or 0)
                assert not is_small(left, BEYOND_SCHOOL), (one, other)
                if one.with_cycle is not None and other.with_cycle is not None:
                    assert not is_small(one.with_cycle - other.with_cycle, BEYOND_SCHOOL)
