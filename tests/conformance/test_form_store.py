"""What the store of filled forms does, in each database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.errors import UsageError
from school import School
from school.forms.records import Form
from school.forms.sheets import Answer, AnswerChangedError, Sheet, answer_to, new_sheet
from school.forms.yaml_file import EXAMPLES, read_form
from tests.conformance.ada import ADA, BY, KIM

RUBRIC = read_form(EXAMPLES["talk-rubric"])
WALK = read_form(EXAMPLES["strengths-walkthrough"])


def sheet(person: str, lesson: str = "maths", form: Form = RUBRIC) -> Sheet:
    return new_sheet(lesson, person, "ada", form)


def said(item: str, choice: str, words: str, revision: int = 0, form: Form = RUBRIC) -> Answer:
    return answer_to(form.items[item], None, choice, words, revision)


def test_two_windows_lose_nothing(pair: tuple[School, School]) -> None:
    one, other = (school.sharing.forms for school in pair)
    first = one.answer(sheet("ada"), said("who-talks", "many", "at 12:30"), 7)
    assert (first.revision, first.choice_label) == (1, "Many pupils")
    with pytest.raises(AnswerChangedError) as caught:
        other.answer(sheet("ada"), said("who-talks", "a-few", "of the other window"), 8)
    assert caught.value.now == first
    # The same words, sent once more after a lost answer, are no conflict.
    assert other.answer(sheet("ada"), said("who-talks", "many", "at 12:30"), 8) == first
    second = other.answer(sheet("ada"), said("who-talks", "a-few", "both", 1), 9)
    assert second.revision == 2
    one.answer(sheet("ada"), said("mistakes", "", "none seen"), 9)
    (kept,) = one.of_lesson("maths")
    assert kept.answers == {
        "who-talks": second,
        "mistakes": Answer(item="mistakes", label="What a mistake leads to", words="none seen",
                           revision=1),
    }  # fmt: skip
    assert (kept.name, kept.version, kept.written_utc_ns) == (RUBRIC.name, "1", 9)
    assert kept.is_teachers


def test_each_has_a_sheet_of_each_form(pair: tuple[School, School]) -> None:
    one, other = (school.sharing.forms for school in pair)
    for person in ("ada", "kim"):
        one.answer(sheet(person), said("who-talks", "many", person), 1)
        one.answer(sheet(person, "art"), said("who-talks", "", person), 1)
    one.answer(sheet("kim", form=WALK), said("keep", "", "x", form=WALK), 1)
    assert {(each.lesson, each.form, each.name) for each in other.filled("ada", "kim")} == {
        ("art", RUBRIC.id, RUBRIC.name), ("maths", RUBRIC.id, RUBRIC.name),
        ("maths", WALK.id, WALK.name),
    }  # fmt: skip
    assert other.filled("kim", "kim") == []
    assert [(each.form, each.person) for each in other.of_lesson("maths")] == [
        (WALK.id, "kim"), (RUBRIC.id, "ada"), (RUBRIC.id, "kim"),
    ]  # fmt: skip
    assert [(each.lesson, each.person) for each in other.of_teacher("ada", RUBRIC.id)] == [
        ("art", "ada"), ("art", "kim"), ("maths", "ada"), ("maths", "kim"),
    ]  # fmt: skip


def test_being_done_is_said_once_and_recorded(pair: tuple[School, School]) -> None:
    one, other = pair
    with pytest.raises(UsageError, match="Say something of an item first"):
        one.sharing.forms.finish("maths", RUBRIC.id, ADA)
    one.sharing.forms.answer(sheet("ada"), said("who-talks", "many", ""), 1)
    one.sharing.forms.finish("maths", RUBRIC.id, ADA)
    one.sharing.forms.finish("maths", RUBRIC.id, replace(ADA, utc_ns=99))
    # What one changes after that keeps it.
    other.sharing.forms.answer(sheet("ada"), said("who-talks", "a-few", "", 1), 50)
    (kept,) = other.sharing.forms.of_lesson("maths")
    assert (kept.done_utc_ns, kept.written_utc_ns) == (5, 50)
    other.sharing.forms.remove("maths", RUBRIC.id, ADA)
    other.sharing.forms.remove("maths", RUBRIC.id, ADA)
    assert one.sharing.forms.of_lesson("maths") == []
    done = [each.action for each in one.audit.of_lesson("maths", 99)]
    assert done == ["removed_form", "finished_form"]


def test_what_an_older_form_had_stays(pair: tuple[School, School]) -> None:
    known = said("who-talks", "many", "")
    newer = replace(RUBRIC.items["who-talks"], levels=RUBRIC.items["who-talks"].levels[:2])
    kept = answer_to(newer, known, "many", "more words", 1)
    assert kept.choice_label == "Many pupils"
    for earlier in (None, kept):
        with pytest.raises(UsageError, match="has no such choice any more"):
            answer_to(newer, earlier, "each-other", "", 1)


def test_it_goes_with_the_lesson_and_with_its_writer(pair: tuple[School, School]) -> None:
    one, _ = pair
    for lesson in ("maths", "art"):
        for person in ("ada", "kim"):
            one.sharing.forms.answer(sheet(person, lesson), said("mistakes", "", "x"), 1)
    one.lessons.purge(lessons=["maths"])
    assert one.sharing.forms.of_lesson("maths") == []
    one.people.leaving.leave("kim", BY, utc_ns=5_000)
    assert [each.person for each in one.sharing.forms.of_lesson("art")] == ["ada"]


def test_an_export_has_what_others_said_only_once_both_are_done(
    pair: tuple[School, School],
) -> None:
    one, _ = pair
    held, forms = one.people.held, one.sharing.forms
    for person, by in (("kim", KIM), ("ada", ADA)):
        forms.answer(sheet(person), said("mistakes", "used", person), 1)
        assert held.of_lesson("maths", None)["what_others_said_in_forms"] == []
        forms.finish("maths", RUBRIC.id, by)
    (row,) = held.of_lesson("maths", None)["what_others_said_in_forms"]
    assert (row["by"], row["words"], row["choice_label"]) == ("kim", "kim", "Used")
    account = held.of_person("account.json", "kim", None, 1)
    assert [each["words"] for each in account["what_you_said_in_forms"]] == ["kim"]
    assert account["forms"][0]["name"] == RUBRIC.name
