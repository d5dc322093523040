"""Cohorts, and what goes when, in each database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from school.audit.actor import Actor
from school.cohorts.cohort_records import GROUP_OF, Named, SpanPlace
from school.lessons.records import Lesson
from school.lessons.retiring import has_old_words, remove_old_words

ADA = Actor(name="Ada", utc_ns=70, person="ada")
BO = Actor(name="Bo", utc_ns=70, person="bo")
KIM = Actor(name="Kim", utc_ns=70, person="kim")
DAY_NS = 86_400_000_000_000
MARCH_6_NS = 20_518 * DAY_NS


@pytest.fixture
def schools(programs: Any) -> Any:
    one, _ = programs
    one.people.add("ada", "ada", ["teacher"], ADA, person_id="ada")
    one.people.add("bo", "bo", ["teacher"], ADA, person_id="bo")
    for coach in ("kim", "lou"):
        one.people.add(coach, coach, ["coach"], ADA, person_id=coach)
    one.sharing.tie_name("Ms Ada", "ada", ADA)
    one.lessons.put(
        Lesson(
            id="maths-1", room="204", teacher="Ms Ada", title="", starts_utc_ns=1, ends_utc_ns=9,
            source="button",
        )
    )  # fmt: skip
    return programs


def answered(school: Any) -> str:
    """A cohort of Kim with Ada and Bo in it, to which Ada has handed an answer."""
    cohort = school.cohorts.make("Wait time", "Think first", KIM)
    for person in ("ada", "bo"):
        school.cohorts.invite(cohort, person, KIM)
        assert school.cohorts.join(cohort, Actor(name=person, utc_ns=70, person=person))
    school.cohorts.set_task(cohort, "How long?", date(2026, 3, 5), KIM)
    (task,) = school.cohorts.tasks(cohort)
    school.cohorts.save(task, "maths-1", (0, 60), "four seconds", ADA, is_handed=True)
    return str(cohort)


def test_an_answer_about_a_hidden_lesson_is_its_writer_s_alone(schools: Any) -> None:
    one, other = schools
    cohort = answered(one)
    assert [each.words for each in other.cohorts.answers(cohort, "bo")] == ["four seconds"]
    one.sharing.teacher.hide("maths-1", ADA)
    assert other.cohorts.answers(cohort, "bo") == []
    assert len(other.cohorts.answers(cohort, "ada")) == 1


def test_what_is_handed_is_read_by_members_and_who_leads_alone(schools: Any) -> None:
    one, other = schools
    cohort = answered(one)
    for reader, count in (("kim", 1), ("bo", 1), ("lou", 0), ("nobody", 0)):
        assert len(other.cohorts.answers(cohort, reader)) == count, reader
    one.cohorts.leave(cohort, "bo", BO)
    assert other.cohorts.answers(cohort, "bo") == []


def test_who_joins_later_reads_what_is_handed_from_then_on(schools: Any) -> None:
    """So nobody who is to lead a cohort reads what was handed before by joining it first."""
    one, other = schools
    cohort = answered(one)
    after = Actor(name="Lou", utc_ns=ADA.utc_ns + 1, person="lou")
    one.cohorts.invite(cohort, "lou", KIM)
    assert one.cohorts.join(cohort, after)
    assert other.cohorts.answers(cohort, "lou") == []
    (task,) = one.cohorts.tasks(cohort)
    one.cohorts.take_back(task, ADA)
    later = Actor(name="Ada", utc_ns=after.utc_ns, person="ada")
    one.cohorts.save(task, "maths-1", (0, 60), "five seconds", later, is_handed=True)
    assert [each.words for each in other.cohorts.answers(cohort, "lou")] == ["five seconds"]


def test_what_is_counted_is_read_alike_by_all_programs_and_goes_with_one_of_the_six(
    schools: Any,
) -> None:
    one, other = schools
    cohort = one.cohorts.make("Wait time", "Think first", KIM)
    one.cohorts.set_task(cohort, "How long?", date(2026, 3, 5), KIM)
    (task,) = one.cohorts.tasks(cohort)
    kept = one.lessons.get("maths-1")
    for number in range(GROUP_OF):
        assert other.cohorts.pattern.counted(cohort, "kim") == []
        by = Actor(name=f"m{number}", utc_ns=70, person=f"m{number}")
        one.people.add(by.name, by.name, ["teacher"], ADA, person_id=by.person)
        one.sharing.tie_name(by.name, by.person, ADA)
        one.lessons.put(replace(kept, id=f"of-{number}", room=by.name, teacher=by.name))
        one.cohorts.invite(cohort, by.person, KIM)
        one.cohorts.join(cohort, by)
        place = SpanPlace(activity="small_group", third=number % 3)
        one.cohorts.save(task, f"of-{number}", (0, 60), "w", by, is_handed=True, place=place)
    for reader, count in (("kim", GROUP_OF), ("m0", GROUP_OF), ("lou", 0)):
        assert len(other.cohorts.pattern.counted(cohort, reader)) == count, reader
    other.lessons.purge(lessons=["of-3"], moments=[], purged_utc_ns=1)
    assert one.cohorts.pattern.counted(cohort, "kim") == []


def test_an_answer_goes_with_its_lesson(schools: Any) -> None:
    one, other = schools
    cohort = answered(one)
    other.lessons.purge(lessons=["maths-1"], moments=[], purged_utc_ns=1)
    assert one.cohorts.answers(cohort, "ada") == []


def test_who_leaves_the_school_leaves_nothing_in_a_cohort(schools: Any) -> None:
    one, other = schools
    cohort = answered(one)
    other.people.leaving.leave("ada", KIM, utc_ns=100)
    assert one.cohorts.answers(cohort, "bo") == []
    assert [each.person for each in one.cohorts.get(cohort).members] == ["bo"]


def test_a_cohort_stays_when_its_coach_leaves_the_school(schools: Any) -> None:
    one, other = schools
    cohort = answered(one)
    other.people.leaving.leave("kim", ADA, utc_ns=100)
    found = one.cohorts.get(cohort)
    assert (found.coach, found.coach_name) == (None, "")
    assert len(one.cohorts.answers(cohort, "bo")) == 1


def test_it_goes_as_old_as_the_school_keeps_it(schools: Any) -> None:
    """An answer by its last change, a task by its day, and a cohort once it has no task."""
    one, other = schools
    cohort = answered(one)
    recent = Actor(name="Kim", utc_ns=MARCH_6_NS, person="kim")
    young = other.cohorts.make("Questions", "Open ones", recent)

    def left(before_utc_ns: int) -> tuple[int, int, list[str]]:
        with one.cohorts._database.removing() as connection:
            is_old = has_old_words(connection, before_utc_ns)
            assert (remove_old_words(connection, before_utc_ns, 100) > 0) == is_old
        there = [each for each in (cohort, young) if other.cohorts.get(each) is not None]
        return len(other.cohorts.answers(cohort, "ada")), len(other.cohorts.tasks(cohort)), there

    assert left(70) == (1, 1, [cohort, young])
    assert left(71) == (0, 1, [cohort, young])
    assert left(MARCH_6_NS - DAY_NS) == (0, 1, [cohort, young])
    assert left(MARCH_6_NS) == (0, 0, [young])
    assert left(MARCH_6_NS + 1) == (0, 0, [])


def talked(school: Any) -> str:
    """Bo answers what Ada handed, and the two agree on visits; a coach is asked to lead."""
    cohort = answered(school)
    (task,) = school.cohorts.tasks(cohort)
    school.cohorts.replies.to_answer(cohort, task.id, "ada", "question", "Why four?", BO)
    school.cohorts.visits.propose(cohort, "bo", ADA)
    (visits,) = school.cohorts.visits.of(cohort, "bo")
    school.cohorts.visits.agree(cohort, visits.id, BO)
    school.cohorts.visits.host(cohort, visits.id, date(2026, 3, 6), "maths-1", ADA)
    school.cohorts.leading.offer(cohort, "lou", KIM)
    return cohort


def left_of(school: Any, cohort: str) -> tuple[int, int]:
    """How many answers to colleagues and how many visits there are."""
    return len(school.cohorts.replies.of_cohort(cohort)), len(
        school.cohorts.visits.of(cohort, "ada")
    )


def test_either_of_two_reads_the_visits_as_theirs(schools: Any) -> None:
    one, other = schools
    cohort = talked(one)
    (of_ada,) = other.cohorts.visits.of(cohort, "ada")
    (of_bo,) = other.cohorts.visits.of(cohort, "bo")
    there = Named(day=date(2026, 3, 6), lesson="maths-1")
    nothing = Named(day=None, lesson=None)
    assert (of_ada.mine, of_ada.theirs, of_ada.is_asked) == (there, nothing, False)
    assert (of_bo.mine, of_bo.theirs, of_bo.is_asked) == (nothing, there, True)
    assert (of_ada.other_name, of_bo.other_name) == ("bo", "ada")


def test_an_export_of_visits_names_no_lesson_of_the_other_one(schools: Any) -> None:
    one, other = schools
    talked(one)

    def held(person: str) -> str:
        return str(
            {
                name: rows
                for name, rows in other.people.held.of_person(
                    "account.json", person, None, 100
                ).items()
                if name.startswith("visits")
            }
        )

    assert "2026-03-06" in held("bo")
    assert "maths-1" not in held("bo")
    assert "maths-1" in held("ada")


def test_a_visit_outlives_its_lesson_as_a_day(schools: Any) -> None:
    one, other = schools
    cohort = talked(one)
    other.lessons.purge(lessons=["maths-1"], moments=[], purged_utc_ns=1)
    (found,) = one.cohorts.visits.of(cohort, "bo")
    assert found.theirs == Named(day=date(2026, 3, 6), lesson=None)
    assert one.cohorts.replies.of_cohort(cohort) == []  # with what it was about


@pytest.mark.parametrize("person", ("ada", "bo"))
def test_who_leaves_the_school_leaves_no_answer_and_no_visit(schools: Any, person: str) -> None:
    one, other = schools
    cohort = talked(one)
    other.people.leaving.leave(person, KIM, utc_ns=100)
    assert left_of(one, cohort) == (0, 0)


def test_nobody_is_asked_to_lead_who_has_left(schools: Any) -> None:
    one, other = schools
    cohort = talked(one)
    assert [each.id for each in one.cohorts.offered_to("lou")] == [cohort]
    other.people.leaving.leave("lou", KIM, utc_ns=100)
    assert one.cohorts.get(cohort).offered_to is None
    assert not one.cohorts.leading.take_over(cohort, replace(KIM, person="lou"))


def test_what_was_answered_and_agreed_goes_as_old_as_the_school_keeps_it(schools: Any) -> None:
    one, other = schools
    cohort = talked(one)
    for before_utc_ns, left in ((70, (1, 1)), (71, (0, 0))):
        with one.cohorts._database.removing() as connection:
            remove_old_words(connection, before_utc_ns, 100)
        assert left_of(other, cohort) == left


def test_a_cohort_without_a_task_stays_while_it_is_used(schools: Any) -> None:
    one, other = schools
    cohort = one.cohorts.make("Wait time", "Think first", KIM)
    recent = {each: Actor(name=each, utc_ns=1_000, person=each) for each in ("ada", "bo")}

    def is_left(before_utc_ns: int) -> bool:
        with one.cohorts._database.removing() as connection:
            remove_old_words(connection, before_utc_ns, 100)
        return other.cohorts.get(cohort) is not None

    for person, by in recent.items():
        one.cohorts.invite(cohort, person, by)
        assert one.cohorts.join(cohort, by)
    assert is_left(1_000)
    later = replace(recent["ada"], utc_ns=2_000)
    other.cohorts.visits.propose(cohort, "bo", later)
    assert is_left(2_000)
    assert not is_left(2_001)
