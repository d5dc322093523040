"""The ledger's files: all of one, or a sentence with the line."""

from __future__ import annotations

import random
from datetime import date

import pytest

from contract.errors import UsageError
from school.ledger.csv_files import read_outcomes, read_weeks
from school.ledger.records import Week

WEEKS = "monday,preparing,visiting,travelling,debriefing,travel_saved\n"
CLASSES = "school,class,teacher,coached,pupils,before,after\n"


def test_weeks_are_read() -> None:
    text = f"{WEEKS}2026-09-07,30,45,60,20,0\n2026-09-14,0,0,0,0,90\n"

    assert read_weeks(text, name="time.csv") == [
        Week(monday=date(2026, 9, 7), preparing=30, visiting=45, travelling=60, debriefing=20),
        Week(monday=date(2026, 9, 14), travel_saved=90),
    ]


@pytest.mark.parametrize(
    ("line", "sentence"),
    (
        ("2026-09-14,0,-45,0,0,0", "time.csv, line 3: visiting is “-45”, expected a whole number"),
        ("2026-09-14,0,1.5,0,0,0", "time.csv, line 3: visiting is “1.5”"),
        ("2026-09-14,0,,0,0,0", "time.csv, line 3: visiting is “”"),
        ("2026-09-14,6001,0,0,0,0", "expected a whole number from 0 to 6000"),
        ("2026-09-15,0,0,0,0,0", "time.csv, line 3: 2026-09-15 is no Monday"),
        ("2026-09-07,0,0,0,0,0", "time.csv, line 3: the week of 2026-09-07 stands there twice"),
        ("September,0,0,0,0,0", "time.csv, line 3: monday is “September”, expected a day"),
        ("2026-09-14,0,0,0,0,0,7", "time.csv, line 3: more values than columns"),
    ),
)
def test_a_wrong_week_is_refused_with_its_line(line: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=r"time\.csv") as raised:
        read_weeks(f"{WEEKS}2026-09-07,30,45,60,20,0\n{line}\n", name="time.csv")
    assert sentence in str(raised.value)


def test_names_of_classes_and_teachers_are_not_in_the_result() -> None:
    text = f"{CLASSES}ash,5b,Ms Quill,yes,24,50,56.5\nash,5c,Ms Quill,no,20,51,52\nash,6a,Bo,Yes,20,40,44\n"

    found = read_outcomes(text, name="o.csv", sites={"ash"}, draw=random.Random(5))

    assert "Quill" not in repr(found)
    assert "5b" not in repr(found)
    by_gain = {each.gain: each for each in found}
    assert sorted(by_gain) == [1.0, 4.0, 6.5]
    assert by_gain[6.5].teacher == by_gain[1.0].teacher != by_gain[4.0].teacher
    assert [by_gain[gain].is_coached for gain in (6.5, 1.0, 4.0)] == [True, False, True]


@pytest.mark.parametrize(
    ("line", "sentence"),
    (
        ("oak,5b,Bo,yes,24,50,56", "o.csv, line 3: there is no school “oak”"),
        ("ash,5b,Bo,yes,4,50,56", "o.csv, line 3: pupils is “4”, expected a whole number from 5"),
        ("ash,5b,Bo,maybe,24,50,56", "o.csv, line 3: coached is “maybe”, expected yes or no"),
        ("ash,5b,Bo,yes,24,nan,56", "o.csv, line 3: before is “nan”, expected a number"),
        ("ash,5b,Bo,yes,24,50,1e99", "o.csv, line 3: after is “1e99”"),
        (
            "ash,5b,Bo,yes,24,1_000,56",
            "o.csv, line 3: before is “1_000”, expected a number such as",
        ),
        ("ash,5b,Bo,yes,24,٥٢,56", "o.csv, line 3: before is “٥٢”, expected a number such as"),
        (
            'ash,5b,Bo,yes,24,50,"52,5"',
            "after is “52,5”, expected a number with a point and no comma",
        ),
        ('ash,5b,Bo,yes,24,"1,250.5",56', "before is “1,250.5”, expected a number with a point"),
        ("ash,5a,Bo,yes,24,50,56", "o.csv, line 3: this class stands in o.csv, line 2 too"),
        ("ash,5b,,yes,24,50,56", "o.csv, line 3: class or teacher is empty"),
    ),
)
def test_a_wrong_class_is_refused_with_its_line(line: str, sentence: str) -> None:
    text = f"{CLASSES}ash,5a,Bo,yes,24,50,56\n{line}\n"
    with pytest.raises(UsageError) as raised:
        read_outcomes(text, name="o.csv", sites={"ash"}, draw=random.Random(5))
    assert sentence in str(raised.value)


def test_a_score_may_be_below_zero_and_have_a_point() -> None:
    text = f"{CLASSES}ash,5a,Bo,yes,24,-1.25,+3\n"
    (found,) = read_outcomes(text, name="o.csv", sites={"ash"}, draw=random.Random(5))
    assert (found.before, found.after) == (-1.25, 3.0)
