"""The sheet on ledgers whose answer is known, and no row of fewer than ten."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from school.ledger.interval import difference, mean_of
from school.ledger.records import Costs, Outcome, Span, Week
from school.ledger.sheets import Sheet, bill_of
from school.ledger.worth import Saving, Worth, saving_of, worth_of
from school.programme.records import SchoolGroup

START = date(2026, 9, 7)
SPAN = Span(first=START, last=START + timedelta(weeks=51))
COSTS = Costs(starts_on=START, hour_cost=50.0, kit_cost=500.0, kit_years=5.0, school_weeks=36)


def weeks(*minutes: int, first: date) -> list[Week]:
    return [
        Week(monday=first + timedelta(days=7 * at), travelling=each)
        for at, each in enumerate(minutes)
    ]


def saving(saved: float = 60.0, **more: Any) -> Saving:
    return Saving(
        **{"saved": saved, "before": saved + 120.0, "travel_saved": 30.0, "weeks": 10} | more
    )


def of(savings: dict[str, Saving], outcomes: list[Outcome] | None = None, **more: Any) -> Worth:
    given: dict[str, Any] = {
        "coaches": (),
        "sites_of": {},
        "groups": [],
        "teachers": 40,
        "kits": 20,
    }
    return worth_of(savings, outcomes=outcomes or [], **given | more)


def sheet_of(worth: Worth, span: Span = SPAN) -> Sheet:
    return Sheet(number=1, starts_on=START, span=span, worth=worth, counted_utc_ns=0)


def test_what_somebody_saves_is_the_mean_before_less_the_mean_since() -> None:
    before = weeks(300, 420, first=START - timedelta(days=14))
    since = weeks(180, 200, 220, first=START)

    found = saving_of(before + since, START, SPAN)

    assert found is not None
    assert (found.saved, found.before, found.weeks) == (160.0, 360.0, 3)


def test_of_a_later_span_only_its_own_weeks_are_compared_with_those_before_the_start() -> None:
    all_weeks = weeks(300, 420, 10, 20, 100, 200, 9, first=START - timedelta(days=14))
    later = Span(first=START + timedelta(weeks=2), last=START + timedelta(weeks=3))

    found = saving_of(all_weeks, START, later)

    assert found is not None
    assert (found.saved, found.before, found.weeks) == (210.0, 360.0, 2)


def test_who_has_too_few_weeks_on_a_side_does_not_count() -> None:
    before = weeks(300, 420, first=START - timedelta(days=14))
    assert saving_of(before + weeks(10, first=START), START, SPAN) is None
    assert saving_of(weeks(10, 20, 30, first=START), START, SPAN) is None
    after = weeks(10, 20, first=SPAN.day_after)
    assert saving_of(before + after, START, SPAN) is None


def test_the_sheet_of_a_district_that_is_alike() -> None:
    found = of({f"p{n}": saving() for n in range(12)}, coaches={f"p{n}" for n in range(12)})

    all_saved = found.saved["all"]
    assert (all_saved.n, all_saved.value, all_saved.low, all_saved.high) == (12, 1.0, 1.0, 1.0)
    bill = bill_of(sheet_of(found), COSTS)
    assert bill.hours is not None
    assert bill.hours.value == pytest.approx(120.0)
    assert bill.hours_cost is not None
    assert bill.hours_cost.value == pytest.approx(6_000.0)
    assert bill.kits_cost == pytest.approx(2_000.0, rel=0.005)
    # 12 people spend two hours a week, 36 weeks, at 50 an hour; 20 kits cost 100 a year each.
    assert bill.teacher_year is not None
    assert bill.teacher_year.value == pytest.approx((12 * 2 * 36 * 50 + 20 * 100) / 40)


def test_kits_cost_nothing_once_their_years_are_over() -> None:
    late = Span(first=START + timedelta(weeks=52 * 4), last=START + timedelta(weeks=52 * 7))
    gone = Span(first=late.day_after, last=late.day_after + timedelta(weeks=20))
    worth = of({})

    year = bill_of(sheet_of(worth), COSTS).kits_cost
    assert bill_of(sheet_of(worth, late), COSTS).kits_cost == pytest.approx(year, rel=0.02)
    assert bill_of(sheet_of(worth, gone), COSTS).kits_cost == 0.0


def test_who_kept_a_week_more_than_all_others_is_not_given_away() -> None:
    """All hours less ten times the mean were that person's saving, if hours were summed by weeks."""
    savings = {f"p{n}": saving(60.0 + n) for n in range(12)}
    more = savings | {"p11": replace(savings["p11"], weeks=11)}
    bills = [bill_of(sheet_of(of(each)), COSTS).hours for each in (savings, more)]

    assert all(bills)
    first, second = (each.value for each in bills if each)
    assert second - first == pytest.approx(of(savings).saved["all"].value, rel=1e-9)


@pytest.mark.parametrize(
    ("travelling", "value"), ((0, 0.0), (1, None), (9, None), (10, 10 * 0.5 / 12), (12, 0.5))
)
def test_travel_that_fewer_than_ten_saved_is_not_shown(
    travelling: int, value: float | None
) -> None:
    """Twelve times the mean is what the one coach saved who travels, among eleven who do not."""
    savings = {f"p{n}": saving(travel_saved=30.0 * (n < travelling)) for n in range(12)}
    found = of(savings).travel_saved
    assert (None if found is None else found.value) == (
        None if value is None else pytest.approx(value, abs=0.001)
    )


def test_what_is_kept_is_no_more_exact_than_what_is_shown() -> None:
    found = of({f"p{n}": saving(60.0 + n / 7, travel_saved=n / 11) for n in range(12)})

    assert found.before is not None
    assert found.before == round(found.before, 3)
    for each in (found.saved["all"], found.travel_saved):
        assert each is not None
        assert each == each.rounded(3)


def test_the_mean_before_the_start_is_that_of_the_first_sheet() -> None:
    first = of({f"p{n}": saving(60.0 + n) for n in range(12)})
    second = of({f"p{n}": saving(60.0) for n in range(11)}, before=first.before)

    assert first.before == second.before == pytest.approx((60 + 5.5 + 120) / 60, abs=0.001)
    assert of({f"p{n}": saving() for n in range(9)}).before is None


def test_nothing_of_hours_is_shown_of_nine_people() -> None:
    found = of({f"p{n}": saving() for n in range(9)})

    assert found.saved == {}
    assert (found.weeks, found.before, found.travel_saved) == (None, None, None)
    assert found.groups[0].saved is None
    bill = bill_of(sheet_of(found), COSTS)
    assert (bill.hours, bill.hours_cost, bill.teacher_year) == (None, None, None)
    assert [row.saved for row in found.groups] == [None]


def test_nine_teachers_are_no_count() -> None:
    found = of({f"p{n}": saving() for n in range(12)}, teachers=9)
    assert (found.teachers, bill_of(sheet_of(found), COSTS).teacher_year) == (None, None)


def test_three_coaches_are_hidden_with_the_teachers_beside_them() -> None:
    savings = {f"p{n}": saving() for n in range(15)}

    assert set(of(savings, coaches={"p0", "p1", "p2"}).saved) == {"all"}
    many = {f"p{n}": saving() for n in range(25)}
    assert set(of(many, coaches={f"p{n}" for n in range(10)}).saved) == {"all", "coach", "teacher"}


def test_gains_are_of_teachers_and_not_of_classes() -> None:
    def classes(teachers: int, gain: float, *, first: int, is_coached: bool) -> list[Outcome]:
        one = Outcome(site="ash", teacher=0, is_coached=is_coached, pupils=20, before=50, after=50)
        return [
            replace(one, teacher=first + n // 2, after=50 + gain + n % 2)
            for n in range(2 * teachers)
        ]  # fmt: skip

    coached = classes(10, 4.0, first=0, is_coached=True)
    found = of({}, coached + classes(12, 2.0, first=100, is_coached=False))

    assert (found.gains["coached"].n, found.gains["coached"].value) == (10, 4.5)
    assert (found.gains["others"].n, found.gains["others"].value) == (12, 2.5)
    assert (found.gains["difference"].n, found.gains["difference"].value) == (22, 2.0)
    assert found.classes == {"coached": 20, "others": 24}
    assert found.groups[0].gain == found.gains["coached"]
    assert of({}, classes(9, 4.0, first=0, is_coached=True)).gains == {}


PEOPLE = st.lists(
    st.tuples(st.sampled_from(["ash", "birch", "cedar", ""]), st.booleans()), max_size=60
)
GROUPS = st.dictionaries(
    st.sampled_from(["north", "title", "south"]),
    st.sets(st.sampled_from(["ash", "birch", "cedar"])),
    max_size=3,
)


@settings(max_examples=30, deadline=None)
@given(people=PEOPLE, groups=GROUPS)
def test_no_two_rows_part_the_people_into_fewer_than_ten(
    people: list[tuple[str, bool]], groups: dict[str, set[str]]
) -> None:
    names = [f"p{n}" for n in range(len(people))]
    coaches = {name for name, (_, is_coach) in zip(names, people, strict=True) if is_coach}
    site_of = {name: site for name, (site, _) in zip(names, people, strict=True) if site}
    named = [
        SchoolGroup(name=name, title=name, sites=frozenset(of_it)) for name, of_it in groups.items()
    ]
    found = of({name: saving() for name in names}, coaches=coaches, sites_of=site_of, groups=named)

    members = {"all": set(names), "coach": coaches, "teacher": set(names) - coaches}
    shown = [members[name] for name in found.saved]
    for row in found.groups:
        in_it = {name for name in names if site_of.get(name) in groups.get(row.name, ())}
        in_it = in_it if row.name else set(names)
        if row.saved is not None:
            assert row.saved.n == len(in_it)
            shown.append(in_it)
    for one in shown:
        for other in [*shown, set(names)] if found.saved else shown:
            for part in (one & other, one - other, other - one):
                assert not 0 < len(part) < 10


def test_an_interval_holds_its_mean_and_is_the_same_each_time() -> None:
    values = [float(n % 7) for n in range(40)]
    found = mean_of(values)

    assert found.low < found.value < found.high
    assert found == mean_of(values)
    # The mean's standard error is about 0.32, so the interval is about 1.2 wide.
    assert 1.0 < found.high - found.low < 1.4
    apart = difference([each + 5 for each in values], values)
    assert apart.low < 5.0 < apart.high
    assert apart.n == 80


def test_nine_hundred_thousand_is_no_minutes() -> None:
    with pytest.raises(ValueError, match="expected 0 to 6000"):
        Week(monday=START, visiting=900_000)
    with pytest.raises(ValueError, match="hour_cost is -1"):
        Costs(hour_cost=-1)


@pytest.mark.parametrize("day", (date(26, 9, 7), date(2263, 9, 7)))
def test_a_start_in_another_age_is_refused(day: date) -> None:
    assert day.weekday() == 0
    with pytest.raises(ValueError, match="no day of the programme; check its year"):
        Costs(starts_on=day)
