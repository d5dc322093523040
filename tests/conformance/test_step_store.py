"""What the store of next steps does, in each database."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import UsageError
from school import School
from school.debrief.records import (
    PARTS,
    SHOWS,
    ChangedMeanwhileError,
    Part,
    StepText,
    shows_sentence,
    when_sentence,
)
from tests.conformance.ada import ADA, BY, KIM, LESSON

TEXT = StepText(what="Begin at once", shows="settles", shows_minutes=4)


def test_a_teacher_has_one_open_step(pair: tuple[School, School]) -> None:
    one, other = (school.sharing.steps for school in pair)
    assert one.open_step("ada") is None
    step = one.write("maths", TEXT, ADA)
    assert other.open_step("ada") == step
    assert other.of_lesson("maths") == [step]
    with pytest.raises(UsageError, match="open step already"):
        other.write("art", TEXT, ADA)
    proposed = other.write("art", TEXT, KIM)
    assert (proposed.state, proposed.person, proposed.author) == ("proposed", "ada", "kim")
    with pytest.raises(UsageError, match="open step already"):
        one.accept(proposed.id, 1, ADA)
    other.report(step.id, "done", "It works.", "art", ADA)
    taken = one.accept(proposed.id, 1, ADA)
    assert other.open_step("ada") == taken
    assert one.accept(proposed.id, taken.revision, ADA) == taken
    with pytest.raises(UsageError, match="not open"):
        one.report(step.id, "done", "", None, ADA)
    with pytest.raises(UsageError, match="nobody"):
        one.write("never-was", TEXT, ADA)
    other.remove(taken.id, ADA)
    other.remove(taken.id, ADA)
    assert one.open_step("ada") is None


def test_a_change_of_what_one_has_not_seen_is_refused(pair: tuple[School, School]) -> None:
    one, other = (school.sharing.steps for school in pair)
    step = one.write("maths", TEXT, KIM)
    mine = one.change(step.id, 1, replace(TEXT, what="Kim’s"), KIM)
    with pytest.raises(ChangedMeanwhileError) as refused:
        other.change(step.id, 1, replace(TEXT, what="Ada’s"), ADA)
    assert refused.value.now == mine
    with pytest.raises(ChangedMeanwhileError):
        other.accept(step.id, 1, ADA)
    with pytest.raises(ChangedMeanwhileError) as refused:
        other.write("maths", TEXT, KIM)
    assert refused.value.now == mine
    assert other.change(step.id, 2, replace(TEXT, what="Ada’s"), ADA).revision == 3
    one.remove(step.id, ADA)
    with pytest.raises(UsageError, match="gone"):
        other.change(step.id, 3, TEXT, ADA)


def test_a_step_outlives_its_lesson_and_a_proposal_does_not(pair: tuple[School, School]) -> None:
    one, other = pair
    step = one.sharing.steps.write("maths", replace(TEXT, moment="maths.calm.9"), ADA)
    one.sharing.steps.write("maths", TEXT, KIM)
    one.sharing.steps.report(step.id, "going_on", "", "art", ADA)
    one.lessons.purge(lessons=["maths", "art"])
    left = other.sharing.steps.open_step("ada")
    assert left is not None
    assert (left.text, left.lesson, left.went_lesson) == (TEXT, None, None)
    one.lessons.put(LESSON)
    assert other.sharing.steps.of_lesson("maths") == []
    other.sharing.steps.report(left.id, "dropped", "", None, ADA)
    assert one.sharing.steps.open_step("ada") is None


def test_who_leaves_takes_their_steps_along(pair: tuple[School, School]) -> None:
    one, other = pair
    one.sharing.steps.write("maths", TEXT, ADA)
    other.people.leaving.leave("ada", BY, utc_ns=2_500)
    assert one.sharing.steps.open_step("ada") is None
    assert one.sharing.steps.of_lesson("maths") == []


@given(
    st.sampled_from(SHOWS), st.sampled_from(get_args(Part)), st.integers(1, 60),
    st.sampled_from(("", "Window", "Door 2")),
)  # fmt: skip
def test_what_is_kept_reads_as_one_sentence(shows, part, minutes, zone) -> None:
    try:
        text = StepText(
            what="Try it", part=part, shows=shows, shows_zone=zone, shows_minutes=minutes,
            shows_words="Less noise.", when_words="at noon",
        )  # fmt: skip
    except UsageError:
        assert (shows == "zone" and not zone) or (shows == "quieter" and not part)
        return
    sentence = shows_sentence(text)
    assert sentence.endswith(".")
    assert "None" not in sentence
    assert "  " not in sentence
    assert when_sentence(text).endswith("at noon")
    assert (": " in when_sentence(text)) == (part in PARTS)
