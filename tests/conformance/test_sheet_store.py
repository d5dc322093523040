"""Sheets of what the programme was worth, in each database: counted once, one after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta
from typing import Any

import pytest

from contract.errors import UsageError
from school.audit.actor import Actor
from school.ledger.records import Costs, Outcome, Span, Week
from school.programme.records import SchoolGroup
from school.rooms.records import Site

BY = Actor(name="a test", utc_ns=70)
START = date(2026, 1, 5)
FIRST = Span(first=START, last=START + timedelta(weeks=9))
SECOND = Span(first=FIRST.day_after, last=FIRST.day_after + timedelta(weeks=9))
LATER = date(2027, 1, 1)
PEOPLE = [f"p{number:02}" for number in range(12)]


@pytest.fixture
def keepers(programs: Any) -> Any:
    """Twelve people, with two weeks before the start and all weeks of two spans."""
    one, _ = programs
    one.rooms.add_site(Site(name="ash"), BY)
    one.programme.put_group(SchoolGroup(name="north", title="North", sites=frozenset({"ash"})), BY)
    one.ledger.put_costs(Costs(starts_on=START, hour_cost=40.0), BY)
    for person in PEOPLE:
        one.people.add(person, person, ["coach"], BY, person_id=person)
        keep(one, person, -2, 0, 300)
        keep(one, person, 0, 10, 180)
        keep(one, person, 10, 20, 240)
    one.programme.put_people(dict.fromkeys(PEOPLE, "ash"), BY)
    return programs


def keep(school: Any, person: str, first: int, after: int, minutes: int) -> None:
    mondays = [START + timedelta(weeks=at) for at in range(first, after)]
    school.ledger.put_weeks(person, [Week(monday=each, visiting=minutes) for each in mondays], 90)


def count(school: Any, span: Span, today: date = LATER) -> Any:
    return school.worth_sheets.count(span.last_day, BY, zone=UTC, today=today)


def put_outcomes(school: Any, teachers: int, utc_ns: int, before: float = 50.0) -> None:
    """A class for each teacher, whose gain is their number."""
    one = Outcome(site="ash", teacher=0, is_coached=True, pupils=20, before=before, after=before)
    outcomes = [replace(one, teacher=at, after=before + at) for at in range(teachers)]
    school.ledger.put_outcomes(outcomes, replace(BY, utc_ns=utc_ns))


def test_a_sheet_is_counted_once_and_stays(keepers: Any) -> None:
    one, other = keepers
    first = count(one, FIRST)
    saved = first.worth.saved["all"]
    assert (first.number, first.span, first.starts_on) == (1, FIRST, START)
    assert (saved.n, saved.value, first.worth.weeks) == (12, 2.0, 120)
    assert [(row.name, row.title) for row in first.worth.groups] == [("", ""), ("north", "North")]
    entry = one.audit.latest(limit=1)[0]
    assert entry.sentence.endswith("counted what the programme was worth up to 2026-03-15")
    one.people.leaving.leave("p00", BY, utc_ns=95)
    keep(one, "p01", 0, 10, 6_000)
    one.programme.put_people({"p02": ""}, BY)
    one.programme.remove_group("north", BY)
    one.people.set_roles("p03", ["teacher"], BY)
    assert count(other, FIRST) == first
    assert other.worth_sheets.sheets() == [first]


def test_the_next_one_begins_where_the_last_one_ended(keepers: Any) -> None:
    one, other = keepers
    assert one.worth_sheets.next_week() == START
    first = count(one, FIRST)
    assert other.worth_sheets.next_week() == SECOND.first
    # Any day of the last week will do.
    second = other.worth_sheets.count(SECOND.last, BY, zone=UTC, today=LATER)
    assert (second.number, second.span) == (2, SECOND)
    assert second.worth.saved["all"].value == 1.0, "of its own weeks alone"
    assert one.worth_sheets.sheets() == [second, first]


def test_teachers_are_those_of_the_span(keepers: Any) -> None:
    one, _ = keepers
    assert count(one, FIRST).worth.teachers is None


def test_the_start_stays_once_a_sheet_is_counted(keepers: Any) -> None:
    one, other = keepers
    one.ledger.put_costs(Costs(starts_on=START + timedelta(weeks=1)), BY)
    one.ledger.put_costs(Costs(starts_on=START), BY)
    count(one, FIRST)
    for starts_on in (START + timedelta(weeks=1), None):
        with pytest.raises(UsageError, match="The start stays 2026-01-05"):
            other.ledger.put_costs(Costs(starts_on=starts_on), BY)
    other.ledger.put_costs(Costs(starts_on=START, hour_cost=55.0), BY)
    assert one.ledger.costs().hour_cost == 55.0


def test_outcomes_are_in_one_sheet(keepers: Any) -> None:
    one, other = keepers
    put_outcomes(one, 12, 100)
    assert len(other.worth_sheets.new_outcomes()) == 12
    assert count(one, FIRST).worth.gains["coached"].n == 12
    assert other.worth_sheets.new_outcomes() == []
    assert count(other, SECOND).worth.gains == {}
    # Also those that come while the clock is behind.
    put_outcomes(one, 11, 99, before=60.0)
    assert len(other.worth_sheets.new_outcomes()) == 11


def test_the_same_outcomes_less_one_teacher_are_in_no_later_sheet(keepers: Any) -> None:
    """12 times the first mean less 11 times the second would be the gain of the one."""
    one, other = keepers
    put_outcomes(one, 12, 100)
    assert count(one, FIRST).worth.gains["coached"].value == 5.5
    put_outcomes(one, 11, 101)
    second = count(other, SECOND)
    assert (second.worth.gains, second.worth.groups[0].gain) == ({}, None)
    # The same ones with a term of new results beside them: of the new ones alone.
    put_outcomes(one, 11, 102)
    outcomes = one.ledger.outcomes()
    put_outcomes(one, 10, 103, before=60.0)
    later = [replace(each, teacher=each.teacher + 50) for each in one.ledger.outcomes()]
    one.ledger.put_outcomes([*outcomes, *later], replace(BY, utc_ns=104))
    third = Span(first=SECOND.day_after, last=SECOND.day_after + timedelta(weeks=9))
    assert count(other, third).worth.gains["coached"].n == 10


def test_outcomes_that_no_sheet_shows_count_once_they_are_of_ten(keepers: Any) -> None:
    one, _ = keepers
    put_outcomes(one, 9, 100)
    assert count(one, FIRST).worth.gains == {}
    put_outcomes(one, 12, 101)
    assert count(one, SECOND).worth.gains["coached"].n == 12


@pytest.mark.parametrize(
    ("last_day", "today", "sentence"),
    (
        (FIRST.first + timedelta(days=48), LATER, "8 weeks or more: this one begins on 2026-01-05"),
        (date(1, 1, 1), LATER, "so its last day is 2026-03-01 or later"),
        (FIRST.last_day, FIRST.last_day, "The week of 2026-03-09 is not over yet"),
        (date(9999, 12, 31), LATER, "is not over yet"),
    ),
)
def test_a_span_that_can_not_be_is_refused(
    keepers: Any, last_day: date, today: date, sentence: str
) -> None:
    one, _ = keepers
    with pytest.raises(UsageError) as raised:
        one.worth_sheets.count(last_day, BY, zone=UTC, today=today)
    assert sentence in str(raised.value)
    assert one.worth_sheets.sheets() == []


def test_a_sheet_of_fewer_than_ten_people_stays_without_hours(keepers: Any) -> None:
    """A refusal that ends one day would say that the tenth person kept their weeks since."""
    one, _ = keepers
    for person in PEOPLE[:3]:
        one.people.leaving.leave(person, BY, utc_ns=95)
    first = count(one, FIRST)
    assert (first.worth.saved, first.worth.weeks, first.worth.before) == ({}, None, None)
    one.people.add("p99", "p99", ["coach"], BY, person_id="p99")
    keep(one, "p99", -2, 10, 300)
    assert count(one, FIRST) == first
    assert one.worth_sheets.next_week() == SECOND.first


def test_without_a_start_there_is_nothing_to_count(programs: Any) -> None:
    one, _ = programs
    assert one.worth_sheets.next_week() is None
    with pytest.raises(UsageError, match="Enter first on which Monday the programme began"):
        count(one, FIRST)


@pytest.mark.parametrize("others", (FIRST, SECOND))
def test_who_counts_at_the_same_time_gets_the_same_sheet_or_a_sentence(
    keepers: Any, others: Span, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = keepers
    within = type(one.worth_sheets)._worth
    theirs = []

    def meanwhile(self: Any, *given: Any, **more: Any) -> Any:
        if self is one.worth_sheets:
            theirs.append(count(other, others))
        return within(self, *given, **more)

    monkeypatch.setattr(type(one.worth_sheets), "_worth", meanwhile)
    if others == FIRST:
        assert count(one, FIRST) == theirs[0]
    else:
        with pytest.raises(UsageError, match="Somebody else counted a sheet"):
            count(one, FIRST)
    assert one.worth_sheets.sheets() == theirs
