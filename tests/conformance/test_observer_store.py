"""What the store of observers does, in each database."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from school import School, open_school
from school.audit.actor import Actor
from school.lessons.records import Lesson
from school.observing.records import ANSWERS, Kept, Look
from school.observing.removing import LessonSpan
from school.observing.rota import EVERY_S, LOOK_S, Turn
from school.sharing.cut import Span

LESSON = Lesson(
    id="maths", room="room-a", teacher="Ms Okafor", title="Fractions", starts_utc_ns=1_000,
    ends_utc_ns=2_000, source="timetable",
)  # fmt: skip
BY = Actor(name="a test", utc_ns=0)
OWNER = Actor(name="ada", utc_ns=5, person="ada")
KIM = Actor(name="kim", utc_ns=6, person="kim")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[School, School]]:
    """The same school, as two programs open it: Ada's lesson, which Kim and Lou may observe."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_server").url()
    one, other = open_school(tmp_path, url), open_school(tmp_path, url)
    for name in ("ada", "kim", "lou", "eve"):
        one.people.add(name, name, ["teacher"], BY, person_id=name)
    one.sharing.tie_name("Ms Okafor", "ada", BY)
    one.lessons.put(LESSON)
    yield one, other
    one.close()
    other.close()


def look(
    at: int, answer: str | None = "few", said_ms: int = 1, name: str = "a"
) -> tuple[Turn, Look]:
    start = at * EVERY_S
    turn = Turn("door" if at % 2 else "window", start, start + LOOK_S)
    return turn, Look(id=name, start_s=start, answer=answer, said_ms=said_ms)


def coded(school: School, person: str = "kim") -> list[tuple[int, str]]:
    return [(one.start_s, one.answer) for one in school.sharing.observers.looks_of(person)]


def actions(school: School) -> list[str]:
    return [entry.sentence for entry in school.audit.of_lesson("maths", 50)]


def test_only_who_is_asked_observes_and_each_look_comes_back(pair) -> None:
    one, other = pair
    observers = one.sharing.observers
    assert not observers.keep("maths", "kim", [look(0)], 7)
    observers.ask("maths", "kim", OWNER)
    observers.ask("maths", "kim", OWNER)  # twice is once
    assert other.sharing.observers.is_asked("maths", "kim")
    assert not observers.is_asked("maths", "lou")
    assert not observers.is_asked("never-was", "kim")
    assert observers.keep("maths", "kim", [look(0), look(1, "most")], 7)
    (first, second) = other.sharing.observers.looks_of("kim", "maths")
    assert (first.zone, first.start_s, first.end_s, first.answer) == ("window", 0, 20, "few")
    assert (second.zone, second.received_utc_ns) == ("door", 7)
    (asked,) = other.sharing.observers.asked("maths")
    assert (asked.person, asked.name, asked.looks) == ("kim", "kim", 2)
    assert observers.kept() == Kept(looks=2, last_utc_ns=7)
    assert "Ada asked kim to observe lesson maths" in actions(one)


def test_a_look_counts_once_however_often_and_late_it_comes(pair) -> None:
    one, other = pair
    one.sharing.observers.ask("maths", "kim", OWNER)
    for school in (one, other, one):
        assert school.sharing.observers.keep("maths", "kim", [look(0), look(0)], 7)
    assert coded(other) == [(0, "few")]
    one.sharing.observers.keep("maths", "kim", [look(0, None, said_ms=2, name="b")], 8)
    one.sharing.observers.keep("maths", "kim", [look(0)], 9)  # the first one, from a slow network
    assert coded(other) == []
    assert one.sharing.observers.kept().looks == 0


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    said=st.lists(st.tuples(st.integers(0, 3), st.sampled_from([*ANSWERS, None])), max_size=12),
    seed=st.integers(0, 1 << 30),
)
def test_in_whatever_order_looks_come_the_last_word_counts(pair, said, seed) -> None:
    one, _ = pair
    observers = one.sharing.observers
    observers.ask("maths", "kim", OWNER)
    sent = [look(at, answer, said_ms=n, name=str(n)) for n, (at, answer) in enumerate(said)]
    meant = {at * EVERY_S: answer for at, answer in said}
    order = random.Random(seed)
    batches = [order.sample(sent, order.randint(0, len(sent))) for _ in range(4)] + [sent]
    order.shuffle(batches)
    for batch in batches:
        observers.keep("maths", "kim", batch, 9)
    assert coded(one) == sorted((at, answer) for at, answer in meant.items() if answer)
    observers.withdraw("maths", KIM)


def test_taking_it_back_closes_the_sheet_and_removes_what_was_seen(pair) -> None:
    one, other = pair
    for person in ("kim", "lou"):
        one.sharing.observers.ask("maths", person, OWNER)
        one.sharing.observers.keep("maths", person, [look(0), look(1, None)], 7)
    other.sharing.observers.take_back("maths", "kim", OWNER)
    other.sharing.observers.take_back("maths", "kim", OWNER)  # which changes nothing more
    assert not one.sharing.observers.is_asked("maths", "kim")
    assert (coded(one), coded(one, "lou")) == ([], [(0, "few")])
    assert not one.sharing.observers.keep("maths", "kim", [look(2)], 8)
    said = [line for line in actions(one) if "took back" in line]
    assert said == ["Ada took back the request to kim to observe lesson maths: 1 look was removed"]


def test_an_observer_withdraws_their_looks_at_any_time(pair) -> None:
    one, other = pair
    for person in ("kim", "lou"):
        one.sharing.observers.ask("maths", person, OWNER)
        one.sharing.observers.keep("maths", person, [look(0)], 7)
    one.sharing.teacher.hide("maths", OWNER)  # closes the sheets
    assert not one.sharing.observers.is_asked("maths", "kim")
    (still,) = one.sharing.observers.of_person("kim")
    assert (still.lesson.id, still.looks, still.asked_by) == ("maths", 1, None)
    other.sharing.observers.withdraw("maths", KIM)
    assert one.sharing.observers.of_person("kim") == []
    assert (coded(one), coded(one, "lou")) == ([], [(0, "few")])
    withdrew = "Kim stopped observing lesson maths: 1 look was removed"
    assert withdrew in actions(one)
    entries = len(actions(one))
    one.sharing.observers.withdraw("maths", KIM)  # there is nothing left
    assert len(actions(one)) == entries
    one.sharing.teacher.unhide("maths", OWNER)
    assert not one.sharing.observers.is_asked("maths", "kim")
    assert one.sharing.observers.is_asked("maths", "lou")


def test_a_request_ends_when_the_lesson_is_someone_elses(pair) -> None:
    one, _ = pair
    one.sharing.observers.ask("maths", "kim", OWNER)
    one.sharing.tie_name("Mx Eve", "eve", BY)
    one.lessons.put(replace(LESSON, teacher="Mx Eve"))
    assert not one.sharing.observers.is_asked("maths", "kim")
    assert one.sharing.observers.asked("maths") == []
    one.lessons.put(LESSON)
    assert one.sharing.observers.is_asked("maths", "kim")
    one.sharing.handovers.offer("maths", "lou", OWNER)
    one.sharing.handovers.accept("maths", Actor(name="lou", utc_ns=9, person="lou"))
    one.lessons.put(replace(LESSON, teacher="x"))
    one.lessons.put(LESSON)  # Ada's again, and nobody is asked
    assert not one.sharing.observers.is_asked("maths", "kim")


def test_the_first_plan_stays(pair) -> None:
    one, other = pair
    observers = one.sharing.observers
    assert observers.plan("maths") == ()
    assert observers.settle_plan("maths", ()) == ()
    assert observers.settle_plan("maths", ("Tür", "window")) == ("Tür", "window")
    assert other.sharing.observers.settle_plan("maths", ("door",)) == ("Tür", "window")
    assert other.sharing.observers.plan("maths") == ("Tür", "window")


def test_what_is_left_out_counts_in_no_figure(pair) -> None:
    one, _ = pair
    one.sharing.observers.ask("maths", "kim", OWNER)
    one.sharing.observers.keep("maths", "kim", [look(at) for at in range(4)], 7)
    one.sharing.teacher.exclude("maths", Span(45, 61), "fire_drill", "", OWNER)
    found = one.sharing.observers.all_looks()
    assert [each.start_s for each in found] == [0, 90]
    assert len(coded(one)) == 4


def test_looks_go_with_a_purged_span_with_their_lesson_and_with_their_person(pair) -> None:
    one, other = pair
    for person in ("kim", "lou"):
        one.sharing.observers.ask("maths", person, OWNER)
        one.sharing.observers.keep("maths", person, [look(0), look(1), look(2, None)], 7)
    gone = other.lessons.purge(looks_in=[LessonSpan("maths", 49.0, 70.0)])
    assert gone.looks == 4  # with the undone ones
    assert coded(one) == coded(one, "lou") == [(0, "few")]
    assert other.lessons.purge(lessons=["maths"]).looks == 2
    assert one.sharing.observers.kept().looks == 0
    assert one.sharing.observers.of_person("kim") == []


def test_they_go_at_their_age(pair) -> None:
    one, other = pair
    one.sharing.observers.ask("maths", "kim", OWNER)
    one.sharing.observers.keep("maths", "kim", [look(at) for at in range(3)], 100)
    one.sharing.observers.keep("maths", "kim", [look(3)], 200)
    version = one.lessons.version()
    assert other.lessons.retire_looks(before_utc_ns=5, most=2) == 0
    assert one.lessons.version() == version
    assert other.lessons.retire_looks(before_utc_ns=200, most=2) == 2
    assert other.lessons.retire_looks(before_utc_ns=200, most=2) == 1
    assert other.lessons.retire_looks(before_utc_ns=200, most=2) == 0
    assert coded(one) == [(90, "few")]
