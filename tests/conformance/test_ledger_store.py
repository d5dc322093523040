"""The ledger of time and money, in each database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.ledger.measured import Measured
from school.ledger.records import Costs, Outcome, Week
from school.moments.records import Moment
from school.rooms.records import Site
from tests.conformance.ada import LESSON

BY = Actor(name="roomtone people", utc_ns=70)
MINUTE_NS = 60 * SECOND_NS
MONDAY = date(2026, 9, 7)
WEEK = Week(monday=MONDAY, preparing=30, visiting=45, travel_saved=60)


def test_a_week_is_kept_changed_and_forgotten(pair: Any) -> None:
    one, other = pair
    one.ledger.put_weeks("ada", [WEEK, Week(monday=date(2026, 9, 14))], 90)
    other.ledger.put_weeks("ada", [Week(monday=MONDAY, travelling=5)], 95)
    other.ledger.put_weeks("kim", [WEEK], 95)
    assert one.ledger.weeks_of("ada")[MONDAY] == Week(monday=MONDAY, travelling=5)
    assert {who: len(weeks) for who, weeks in one.ledger.all_weeks().items()} == {
        "ada": 2,
        "kim": 1,
    }
    assert other.ledger.remove_week("ada", MONDAY) is True
    assert one.ledger.remove_week("ada", MONDAY) is False
    assert list(one.ledger.weeks_of("ada")) == [date(2026, 9, 14)]


def test_who_leaves_takes_their_weeks_along(pair: Any) -> None:
    one, _ = pair
    one.ledger.put_weeks("ada", [WEEK], 90)
    one.people.leaving.leave("ada", BY, utc_ns=95)
    assert one.ledger.all_weeks() == {}


def test_weeks_go_when_they_are_as_old_as_the_school_keeps_words(pair: Any) -> None:
    one, _ = pair
    one.ledger.put_weeks("ada", [WEEK], 90)
    one.ledger.put_weeks("kim", [WEEK], 200)
    one.rooms.add_site(Site(name="ash"), BY)
    outcome = Outcome(site="ash", teacher=1, is_coached=True, pupils=20, before=50.5, after=55.0)
    one.ledger.put_outcomes([outcome], replace(BY, utc_ns=100))
    one.lessons.retire_words(before_utc_ns=100, most=10)
    assert list(one.ledger.all_weeks()) == ["kim"]
    assert one.ledger.outcomes() == [outcome]
    one.lessons.retire_words(before_utc_ns=101, most=10)
    assert (one.ledger.outcomes(), one.ledger.outcomes_read_utc_ns()) == ([], None)


def test_talks_and_visits_are_seen(pair: Any) -> None:
    one, other = pair
    one.sharing.talks.add(LESSON.id, "ada", "kim", date(2026, 9, 9), 25)
    one.sharing.talks.add(LESSON.id, "ada", "kim", date(2026, 9, 13), 5)
    one.sharing.talks.add(LESSON.id, "ada", "kim", date(2026, 9, 14), 7)
    starts = round(datetime(2026, 9, 8, 9, tzinfo=UTC).timestamp()) * SECOND_NS
    long = replace(LESSON, id="long", starts_utc_ns=starts, ends_utc_ns=starts + 45 * MINUTE_NS)
    one.lessons.put(long)
    # Two notes of one visit; and the teacher's own, which is no visit.
    for number, (author, role) in enumerate(
        (("kim", "coach"), ("kim", "coach"), ("ada", "teacher"))
    ):
        one.lessons.put_moment(
            Moment(
                id=f"m-{number}", lesson="long", start_s=1, end_s=2, note="", author=author,
                role=role, began_utc_ns=starts + number,
            )
        )  # fmt: skip
    seen = other.ledger.measured_of("kim", UTC, 60 * MINUTE_NS)
    assert seen == {
        MONDAY: Measured(debriefing=30, visiting=45), date(2026, 9, 14): Measured(debriefing=7)
    }  # fmt: skip
    assert other.ledger.measured_of("ada", UTC, 60 * MINUTE_NS)[MONDAY] == Measured(debriefing=30)
    assert other.ledger.measured_of("kim", UTC, 20 * MINUTE_NS)[MONDAY].visiting == 20


def test_costs_and_outcomes_are_replaced(pair: Any) -> None:
    one, other = pair
    assert one.ledger.costs() == Costs()
    costs = Costs(starts_on=MONDAY, hour_cost=50.5, kit_cost=300.0, kit_years=4.0, school_weeks=38)
    one.ledger.put_costs(costs, BY)
    assert other.ledger.costs() == costs
    one.rooms.add_site(Site(name="ash"), BY)
    found = [
        Outcome(site="ash", teacher=1, is_coached=coached, pupils=20, before=50.5, after=55.0)
        for coached in (True, False)
    ]
    one.ledger.put_outcomes(found, BY)
    assert other.ledger.outcomes() == found
    one.ledger.put_outcomes(found[:1], BY)
    assert other.ledger.outcomes() == found[:1]
    other.ledger.put_outcomes([], BY)
    assert one.ledger.outcomes() == []


def test_teachers_are_those_with_a_lesson_in_the_span(pair: Any) -> None:
    one, _ = pair
    low = LESSON.starts_utc_ns
    assert one.ledger.teachers_between(low, low + 1) == 1
    assert one.ledger.teachers_between(low + 1, low + 1) == 0
    assert one.ledger.teachers_between(1 << 60, 1 << 61) == 0
    one.sharing.teacher.hide(LESSON.id, replace(BY, name="Ada", person="ada"))
    assert one.ledger.teachers_between(low, low + 1) == 0, "as in the month's coverage"
    assert one.ledger.kits() == 0
    assert one.ledger.coaches() == {"ada", "kim"}
