"""A district's questions are read from YAML, and every fault is one sentence with its line."""

from __future__ import annotations

import argparse

import pytest

from contract.errors import UsageError
from school.pulse import command
from school.pulse.questions import DEFAULT, parse_questions, read_questions, write_questions
from school.settings import DebriefSettings

WEEK = "week:\n  id: a\n  text: Well?\n  steps: [no, so so, yes]\n"


def test_the_shipped_ones_read_back() -> None:
    assert parse_questions(write_questions(DEFAULT), "x") == DEFAULT
    assert read_questions(None) == DEFAULT


def test_one_question_is_enough_and_its_upper_steps_count() -> None:
    (question,) = parse_questions(WEEK, "x")
    assert (question.kind, question.steps, question.good) == ("week", ("no", "so so", "yes"), 1)
    (wide,) = parse_questions(WEEK + "  good: 2\n", "x")
    assert wide.good == 2


@pytest.mark.parametrize(
    ("text", "what"),
    (
        ("{}", "x, line 1: there is no question here; debrief and week can be asked."),
        (WEEK.replace("week", "month"), "x, line 1: a file of questions has no month"),
        (WEEK.replace("[no, so so, yes]", "[no, yes]"), "x, line 4: steps is a list of 3 to 5."),
        (WEEK.replace("so so", "no"), "x, line 4: two steps have the same words."),
        (WEEK + "  good: 3\n", "x, line 5: good is how many of the last steps are counted"),
        (WEEK + "  good: two\n", "x, line 5: good has 3 characters, and 2 fit."),
        (WEEK + WEEK.replace("week", "debrief"), "x, line 1: both questions have the id a."),
        (WEEK.replace("  text: Well?\n", ""), "x, line 2: text of the question week is missing."),
    ),
)
def test_what_does_not_fit(text: str, what: str) -> None:
    with pytest.raises(UsageError) as found:
        parse_questions(text, "x")
    assert str(found.value).startswith(what)


def test_a_district_may_ask_nothing_or_its_own(tmp_path) -> None:
    file = tmp_path / "pulse.yaml"
    file.write_text(WEEK)
    assert [each.id for each in DebriefSettings(pulse_file=file).pulse()] == ["a"]
    assert DebriefSettings(pulse_file=file, asks_pulse=False).pulse() == ()


def test_the_command_checks_and_shows(tmp_path, capsys) -> None:
    file = tmp_path / "pulse.yaml"
    file.write_text(WEEK)
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert command.run(parser.parse_args(["check", str(file)])) == 0
    assert capsys.readouterr().out == f"{file}: week: Well? (no, so so, yes).\n"
    assert command.run(parser.parse_args(["show"])) == 0
    assert parse_questions(capsys.readouterr().out, "shown") == DEFAULT
