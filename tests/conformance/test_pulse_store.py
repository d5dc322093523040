"""Short questions' answers, in each database: counted, and never tied to who gave them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from contract.errors import UsageError
from school import School
from school.audit.actor import Actor
from school.lessons.retiring import has_old_words, remove_old_words
from school.pulse.records import LONGEST_WORDS, Answer, Deed, Tally, Words
from school.pulse.tables import pulse_counts, pulse_settled

MONDAY = date(2026, 3, 2)
NEXT = MONDAY + timedelta(days=7)
ROOT = Actor(name="Root", utc_ns=1)
DAY_NS = 86_400_000_000_000


def tap(step: int, site: str = "", question: str = "q") -> Answer:
    return Answer(question=question, step=step, site=site)


def add_people(school: School, n: int) -> list[str]:
    people = [f"p{number}" for number in range(n)]
    for each in people:
        school.people.add(each, each, ["teacher"], ROOT, person_id=each)
    return people


def test_an_answer_counts_once_in_a_week_whatever_is_tapped_next(pair) -> None:
    one, other = pair
    assert one.pulse.settle("ada", "week", [MONDAY], tap(2))
    assert not other.pulse.settle("ada", "week", [MONDAY], tap(0))
    assert not other.pulse.settle("ada", "week", [MONDAY], None)
    assert other.pulse.settle("kim", "week", [MONDAY], tap(0))
    assert other.pulse.settle("ada", "debrief", [MONDAY], tap(1, question="d"))
    assert one.pulse.tallies(MONDAY, NEXT) == [
        Tally(monday=MONDAY, question="d", site="", counts=(0, 1)),
        Tally(monday=MONDAY, question="q", site="", counts=(1, 0, 1)),
    ]
    assert one.pulse.tallies(NEXT, NEXT + timedelta(days=7)) == []


def test_who_skips_stands_where_those_stand_who_answer(pair) -> None:
    one, _ = pair
    one.pulse.settle("ada", "week", [MONDAY], tap(2))
    one.pulse.settle("kim", "week", [MONDAY], None)
    with one.pulse._database.reading() as connection:
        rows = connection.execute(select(pulse_settled)).all()
    assert [tuple(row) for row in rows] == [
        ("ada", "week", "2026-03-02"), ("kim", "week", "2026-03-02"),
    ]  # fmt: skip
    assert not {"person", "at", "utc_ns"} & set(pulse_counts.c.keys())


def test_no_answer_is_in_the_audit_log_or_raises_the_revision(pair) -> None:
    one, _ = pair
    before = one.lessons.version(), one.audit.latest(100)
    one.pulse.settle("ada", "week", [MONDAY], tap(2))
    one.pulse.switch("ada", is_on=False)
    assert (one.lessons.version(), one.audit.latest(100)) == before


def test_a_talk_of_last_week_is_settled_with_this_week(pair) -> None:
    one, other = pair
    assert one.pulse.settle("ada", "debrief", [MONDAY, NEXT], tap(1))
    assert other.pulse.settled("ada", "debrief") == {MONDAY, NEXT}
    assert [each.monday for each in other.pulse.tallies(MONDAY, NEXT + timedelta(days=7))] == [NEXT]
    assert other.pulse.settled("ada", "week") == frozenset()


def test_a_week_that_is_over_with_four_answers_is_removed(pair) -> None:
    one, other = pair
    people = add_people(one, 9)
    for each in people[:4]:
        one.pulse.settle(each, "week", [MONDAY], tap(1, "north"))
    for each in people[4:]:
        one.pulse.settle(each, "week", [MONDAY], tap(1, "south"))
    assert {each.site for each in other.pulse.tallies(MONDAY, NEXT)} == {"north", "south"}
    assert forget(other, NEXT) == 0  # it may still be Sunday somewhere
    assert forget(other, NEXT + timedelta(days=1)) == 1
    assert {each.site for each in one.pulse.tallies(MONDAY, NEXT)} == {"south"}
    one.pulse.settle("ada", "week", [NEXT], None)
    later = NEXT + timedelta(days=8)
    assert forget(one, later) == 9
    assert forget(one, later) == 0
    with one.pulse._database.reading() as connection:
        weeks = set(connection.scalars(select(pulse_settled.c.week)).all())
    assert weeks == {NEXT.isoformat()}


def forget(school: School, day: date) -> int:
    """What retention removes at the beginning of a day in UTC."""
    utc_ns = (day - date(1970, 1, 1)).days * DAY_NS
    return school.lessons.retire_pulse(utc_ns=utc_ns, most=100)


def test_a_clock_that_was_ahead_makes_nobody_answer_twice(pair) -> None:
    one, other = pair
    one.pulse.settle("ada", "week", [MONDAY], tap(1))
    ahead = MONDAY + timedelta(days=70)
    other.pulse.settle("kim", "week", [ahead], tap(1))
    assert not one.pulse.settle("ada", "week", [MONDAY], tap(1))
    assert one.pulse.settle("kim", "week", [MONDAY], tap(1))
    assert [each.n for each in one.pulse.tallies(MONDAY, NEXT)] == [2]


def test_the_switch_is_ones_own(pair) -> None:
    one, other = pair
    one.pulse.switch("ada", is_on=False)
    one.pulse.switch("ada", is_on=False)
    assert other.pulse.is_off("ada")
    assert not other.pulse.is_off("kim")
    other.pulse.switch("ada", is_on=True)
    assert not one.pulse.is_off("ada")


def test_deeds_are_read_by_their_school_and_recorded_without_content(pair) -> None:
    one, other = pair
    first = Deed(id="a", site="", day=MONDAY, said="too short", did="an hour")
    second = Deed(id="b", site="north", day=NEXT, said="more visits", did="two")
    for each in (first, second):
        one.pulse.add_deed(each, ROOT)
    assert other.pulse.deeds() == [second, first]
    assert other.pulse.deeds(["", "south"]) == [first]
    other.pulse.remove_deed("b", ROOT)
    other.pulse.remove_deed("b", ROOT)
    assert one.pulse.deeds(["", "north"]) == [first]
    assert [(each.action, each.thing) for each in one.audit.latest(3)] == [
        ("removed_description", "deed"), ("described", "deed"), ("described", "deed"),
    ]  # fmt: skip


def words(number: int, person: str, reader: str, text: str = "More time.") -> Words:
    return Words(
        id=f"w{number}", person=person, reader=reader, text=text, written_utc_ns=number * DAY_NS
    )


def test_words_are_read_by_the_one_who_was_chosen(pair) -> None:
    one, other = pair
    (rob,) = add_people(one, 1)
    sent = [words(1, "ada", "kim"), words(2, "ada", "kim")]
    for each in sent:
        one.pulse.write(each)
    assert other.pulse.written_to("kim") == other.pulse.written_by("ada") == sent[::-1]
    assert other.pulse.written_to(rob) == other.pulse.written_by("kim") == []
    other.pulse.remove_words("w1", rob)
    assert len(one.pulse.written_to("kim")) == 2
    other.pulse.remove_words("w1", "kim")
    other.pulse.remove_words("w2", "ada")
    assert one.pulse.written_to("kim") == []


@pytest.mark.parametrize("text", (" \n", "x" * (LONGEST_WORDS + 1)))
def test_words_have_a_length(pair, text) -> None:
    with pytest.raises(UsageError):
        pair[0].pulse.write(words(1, "ada", "kim", text))


def test_who_leaves_takes_along_what_they_wrote_and_what_was_written_to_them(pair) -> None:
    one, _ = pair
    people = add_people(one, 2)
    one.pulse.write(words(1, people[0], "kim"))
    one.pulse.write(words(2, "kim", people[0]))
    one.pulse.write(words(3, "kim", people[1]))
    one.pulse.settle(people[0], "week", [MONDAY], tap(1))
    one.pulse.switch(people[0], is_on=False)
    one.people.leaving.leave(people[0], ROOT, utc_ns=1)
    assert one.pulse.written_to("kim") == []
    assert [each.id for each in one.pulse.written_by("kim")] == ["w3"]
    assert not one.pulse.is_off(people[0])
    assert one.pulse.settled(people[0], "week") == frozenset()
    assert [each.n for each in one.pulse.tallies(MONDAY, NEXT)] == [1]


def test_words_and_answers_go_when_they_are_old(pair) -> None:
    one, _ = pair
    one.pulse.write(words(1, "ada", "kim"))
    one.pulse.write(words(30_000, "ada", "kim"))
    one.pulse.settle("ada", "week", [date(1970, 1, 5)], tap(1))
    one.pulse.add_deed(Deed(id="a", site="", day=date(1970, 1, 10), said="s", did="d"), ROOT)
    one.pulse.add_deed(Deed(id="b", site="", day=date(1970, 1, 11), said="s", did="d"), ROOT)
    before = 10 * DAY_NS
    with one.pulse._database.writing() as connection:
        assert has_old_words(connection, before)
        assert remove_old_words(connection, before, 100) == 4
        assert not has_old_words(connection, before)
    assert [each.id for each in one.pulse.written_by("ada")] == ["w30000"]
    assert one.pulse.tallies(date(1970, 1, 1), NEXT) == []
    assert [each.id for each in one.pulse.deeds()] == ["b"]
