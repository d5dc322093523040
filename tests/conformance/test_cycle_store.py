"""What the store of cycles does, in each database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from contract.clock import SECOND_NS
from contract.errors import UsageError
from school import School
from school.audit.actor import Actor
from school.cycle.records import Cycle, CycleChangedError, CycleText, stage_of
from school.debrief.records import StepText
from school.debrief.reflection_store import Reflection
from school.debrief.tables import talks
from school.moments.records import Moment, Reply
from tests.conformance.ada import ADA, BY, KIM

TEXT = CycleText(focus="Calm changes", again_on=date(2026, 3, 2))


def the_open(school: School) -> Cycle:
    found = school.sharing.cycles.open_cycle("ada")
    assert found is not None
    return found


def test_a_teacher_has_one_open_cycle_which_their_coach_reads(pair) -> None:
    one, other = (school.sharing.cycles for school in pair)
    made = one.write(TEXT, "kim", ADA)
    assert other.open_cycle("ada") == made
    assert (made.text, made.coach, made.revision) == (TEXT, "kim", 1)
    assert other.of_coach("kim") == [made]
    with pytest.raises(UsageError, match="open cycle already"):
        other.write(TEXT, None, ADA)
    alone = one.change(made.id, 1, replace(TEXT, again_on=None), None, ADA)
    assert (alone.text.again_on, alone.coach, alone.revision) == (None, None, 2)
    assert other.of_coach("kim") == []
    with pytest.raises(CycleChangedError) as refused:
        other.change(made.id, 1, TEXT, "kim", ADA)
    assert refused.value.now == alone
    with pytest.raises(UsageError, match="gone"):
        other.change(made.id, 2, TEXT, None, KIM)
    one.close(made.id, ADA)
    assert other.open_cycle("ada") is None
    assert [each.state for each in other.of_teacher("ada")] == ["closed"]
    one.write(TEXT, None, ADA)


def test_a_closed_one_is_its_teachers_alone(pair) -> None:
    one, other = (school.sharing.cycles for school in pair)
    made = one.write(TEXT, "kim", ADA)
    one.close(made.id, ADA)
    assert other.of_coach("kim") == []
    other.remove(made.id, KIM)
    assert len(one.of_teacher("ada")) == 1
    other.remove(made.id, ADA)
    other.remove(made.id, ADA)
    assert one.of_teacher("ada") == []


def test_a_coach_proposes_and_the_teacher_takes_it_over(pair) -> None:
    one, other = (school.sharing.cycles for school in pair)
    one.propose("maths", replace(TEXT, focus="First"), KIM)
    made = one.propose("maths", TEXT, KIM)
    assert [each.text.focus for each in other.of_teacher("ada")] == ["Calm changes"]
    assert other.open_cycle("ada") is None
    with pytest.raises(UsageError, match="gone"):
        other.accept(made.id, KIM)
    taken = other.accept(made.id, ADA)
    assert (taken.state, taken.coach, taken.lesson) == ("open", "kim", "maths")
    assert other.accept(made.id, ADA) == taken
    # With the same coach the open one goes on, with the new focus and days.
    again = one.propose("art", CycleText(focus="Louder questions"), KIM)
    merged = other.accept(again.id, ADA)
    assert (merged.id, merged.text.focus, merged.lesson) == (taken.id, "Louder questions", "maths")
    assert len(one.of_teacher("ada")) == 1
    # With nobody, or someone else, it has to be closed first.
    other.change(taken.id, merged.revision, TEXT, None, ADA)
    third = one.propose("art", TEXT, KIM)
    with pytest.raises(UsageError, match="open cycle already"):
        other.accept(third.id, ADA)
    one.remove(third.id, KIM)
    assert [each.state for each in other.of_teacher("ada")] == ["open"]
    with pytest.raises(UsageError, match="nobody"):
        one.propose("maths", TEXT, ADA)
    with pytest.raises(UsageError, match="nobody"):
        one.propose("never-was", TEXT, KIM)


def test_where_it_stands_follows_what_is_done(pair) -> None:
    one, other = pair
    one.sharing.cycles.write(TEXT, None, ADA)
    assert stage_of(the_open(other), has_tried=False) == "observe"
    one.sharing.cycles.look_at(the_open(one).id, "maths", ADA)
    assert stage_of(the_open(other), has_tried=False) == "debrief"
    one.sharing.cycles.talk(the_open(one).id, ADA)
    assert the_open(other).talked_utc_ns == ADA.utc_ns
    assert stage_of(the_open(other), has_tried=False) == "plan"
    proposed = other.sharing.steps.write("art", StepText(what="Cards first"), KIM)
    assert the_open(one).step is None
    one.sharing.steps.accept(proposed.id, 1, ADA)
    assert (the_open(other).step, the_open(other).lesson) == (proposed.id, "maths")
    assert stage_of(the_open(other), has_tried=False) == "attempt"
    assert stage_of(the_open(other), has_tried=True) == "again"
    # Another lesson has not been talked of.
    one.sharing.cycles.look_at(the_open(one).id, "art", ADA)
    assert the_open(other).talked_utc_ns is None


def test_a_step_brings_its_lesson_along(pair) -> None:
    one, other = pair
    one.sharing.cycles.write(TEXT, None, ADA)
    step = one.sharing.steps.write("art", StepText(what="Cards first"), ADA)
    assert (the_open(other).step, the_open(other).lesson) == (step.id, "art")
    one.sharing.steps.remove(step.id, ADA)
    assert (the_open(other).step, the_open(other).lesson) == (None, "art")


def test_it_outlives_its_lesson_and_a_proposal_does_not(pair) -> None:
    one, other = pair
    one.sharing.cycles.write(TEXT, None, ADA)
    one.sharing.cycles.look_at(the_open(one).id, "maths", ADA)
    one.sharing.cycles.propose("maths", TEXT, KIM)
    one.lessons.purge(lessons=["maths"])
    assert [(each.state, each.lesson) for each in other.sharing.cycles.of_teacher("ada")] == [
        ("open", None)
    ]


def test_who_leaves_takes_theirs_along_and_is_no_coach_any_more(pair) -> None:
    one, other = pair
    one.sharing.cycles.write(TEXT, "kim", ADA)
    one.sharing.cycles.propose("maths", TEXT, KIM)
    one.people.leaving.leave("kim", BY, utc_ns=2_500)
    assert [(each.state, each.coach) for each in other.sharing.cycles.of_teacher("ada")] == [
        ("open", None)
    ]
    one.people.leaving.leave("ada", BY, utc_ns=2_600)
    assert other.sharing.cycles.of_teacher("ada") == []


def test_what_people_wrote_goes_at_its_age(pair) -> None:
    one, other = pair
    one.sharing.cycles.write(TEXT, None, ADA)
    step = one.sharing.steps.write("maths", StepText(what="Cards first"), ADA)
    one.sharing.guesses.put("maths", "ada", [(0, 60)], None, 5)
    one.sharing.reflections.save("maths", "ada", Reflection(keep="this"), 5)
    for lesson in ("maths", "art"):
        one.lessons.put_moment(
            Moment(id=f"m-{lesson}", lesson=lesson, start_s=1, end_s=2, note="so", author="ada",
                   role="teacher")
        )  # fmt: skip
        one.lessons.add_reply(
            Reply(id=f"r-{lesson}", lesson=lesson, moment=f"m-{lesson}", author="ada",
                  role="teacher", text="why", written_utc_ns=5)
        )  # fmt: skip
    assert other.lessons.retire_words(before_utc_ns=5, most=10) == 0
    # The cycle, the guess, the reflection, and the note of the older lesson.
    assert other.lessons.retire_words(before_utc_ns=2_000, most=3) == 3
    assert other.lessons.retire_words(before_utc_ns=2_000, most=3) == 1
    assert other.lessons.retire_words(before_utc_ns=2_000, most=3) == 0
    assert one.sharing.cycles.of_teacher("ada") == []
    assert one.sharing.guesses.of_lesson("maths") is None
    assert one.sharing.reflections.of("maths", "ada") == Reflection()
    assert one.lessons.moments("maths") == one.lessons.replies("maths") == []
    assert len(one.lessons.moments("art")) == len(one.lessons.replies("art")) == 1
    # A step goes once it is over.
    assert one.sharing.steps.open_step("ada") is not None
    one.sharing.steps.report(step.id, "done", "", None, ADA)
    assert other.lessons.retire_words(before_utc_ns=2_000, most=3) == 1


def test_minutes_of_a_talk_are_added_up_by_day(pair) -> None:
    one, other = pair
    for day, minutes in ((date(2026, 3, 3), 40), (date(2026, 3, 3), 2), (date(2026, 3, 5), 10)):
        one.sharing.talks.add("maths", "ada", "kim", day, minutes)
    # Of no lesson, and of one that is another one's.
    one.sharing.talks.add("gone", "ada", "kim", date(2026, 3, 3), 1)
    one.sharing.talks.add("maths", "kim", "ada", date(2026, 3, 3), 1)
    found = other.sharing.talks.of_lesson("maths")
    assert [(each.person, each.day, each.minutes) for each in found] == [
        ("kim", date(2026, 3, 3), 42), ("kim", date(2026, 3, 5), 10),
    ]  # fmt: skip
    one.sharing.talks.add("art", "ada", "kim", date(2026, 3, 6), 1)
    # As old as the notes of its lesson.
    assert other.lessons.retire_words(before_utc_ns=1_000, most=9) == 0
    assert other.lessons.retire_words(before_utc_ns=2_000, most=9) == 2
    assert other.sharing.talks.of_lesson("maths") == []
    assert len(other.sharing.talks.of_lesson("art")) == 1


@pytest.mark.parametrize("leaver", ("ada", "kim"))
def test_a_talk_goes_with_either_of_the_two(pair, leaver) -> None:
    one, other = pair
    one.sharing.talks.add("maths", "ada", "kim", date(2026, 3, 3), 42)
    one.people.leaving.leave(leaver, BY, utc_ns=2_500)
    with other.sharing.talks._database.reading() as connection:
        assert connection.execute(select(talks)).all() == []


def test_a_talk_does_not_change_hands_with_the_lesson(pair) -> None:
    one, other = pair
    one.people.add("rob", "rob", ["teacher"], BY, person_id="rob")
    one.sharing.talks.add("maths", "ada", "kim", date(2026, 3, 3), 42)
    rob = Actor(name="rob", utc_ns=7, person="rob")
    assert one.sharing.handovers.take_over("maths", rob, 1_500, 10_000)
    assert other.sharing.talks.of_lesson("maths") == []
    one.sharing.talks.add("maths", "ada", "kim", date(2026, 3, 3), 1)
    one.sharing.talks.add("maths", "rob", "kim", date(2026, 3, 3), 5)
    assert [each.minutes for each in other.sharing.talks.of_lesson("maths")] == [5]


@given(
    st.text(max_size=30), st.none() | st.dates(), st.none() | st.dates(), st.booleans(),
    st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip
def test_what_is_kept_makes_sense(focus, talk, again, lesson, talked, step, tried) -> None:
    try:
        text = CycleText(focus=focus, debrief_on=talk, again_on=again)
    except UsageError:
        assert not focus.strip() or (talk and again and again < talk)
        return
    cycle = Cycle(
        id="c", person="ada", coach=None, state="open", text=text, author="ada", revision=1,
        lesson="maths" if lesson else None, step="s" if step else None,
        talked_utc_ns=SECOND_NS if talked else None, written_utc_ns=1, changed_utc_ns=1,
    )  # fmt: skip
    stage = stage_of(cycle, has_tried=tried)
    assert (stage in {"attempt", "again"}) <= step
    assert (stage == "observe") <= (not lesson)
