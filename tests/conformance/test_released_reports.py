"""A month's figures of a school, in each database: who counts, what stays, and that it leaves once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date
from typing import Any

import pytest

from contract.aggregates.report import Report
from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.cycle.records import CycleText
from school.programme.month_figures import month_figures, month_of, report_of
from school.rooms.records import Site
from tests.conformance.ada import BY, LESSON

OCTOBER = month_of(2026, 10, UTC)
IN_IT = OCTOBER.low_utc_ns + 3_600 * SECOND_NS
REPORT = Report(site="ash", month="2026-10", teachers=12, figures={"lessons": 40})


@pytest.fixture
def teachers(programs: Any) -> Any:
    """Fourteen teachers with a lesson each in October; twelve of them belong to a school."""
    one, _ = programs
    for site in ("ash", "birch"):
        one.rooms.add_site(Site(name=site), BY)
    for number in range(14):
        name = f"t{number:02}"
        one.people.add(name, name, ["teacher"], BY, person_id=name)
        one.sharing.tie_name(f"Ms {name}", name, BY)
        lesson = replace(
            LESSON, id=f"lesson-{name}", teacher=f"Ms {name}", starts_utc_ns=IN_IT + number,
            ends_utc_ns=IN_IT + number + 60 * SECOND_NS,
        )  # fmt: skip
        one.lessons.put(lesson)
    one.programme.put_people({f"t{number:02}": "ash" for number in range(12)}, BY)
    return one


def figures_of(school: Any, site: str | None = None) -> Report | None:
    return report_of("ash", OCTOBER, month_figures(school.released._database, OCTOBER, site))


def test_teachers_with_a_lesson_count_and_small_groups_stay(teachers: Any) -> None:
    assert figures_of(teachers) == Report(
        site="ash", month="2026-10", teachers=14,
        figures={"with_cycle": 0, "with_step": 0, "with_talk": 0, "lessons": 14, "steps": 0,
                 "talks": 0, "talk_minutes": 0},
    )  # fmt: skip
    by = Actor(name="", utc_ns=IN_IT, person="t00")
    text = CycleText(focus="Calm", debrief_on=None, again_on=None)
    for number in range(3):
        teachers.sharing.cycles.write(text, None, replace(by, person=f"t{number:02}"))
    shown = figures_of(teachers)
    assert shown is not None
    assert "with_cycle" not in shown.figures
    for number in range(3, 12):
        teachers.sharing.cycles.write(text, None, replace(by, person=f"t{number:02}"))
    shown = figures_of(teachers)
    assert shown is not None
    assert "with_cycle" not in shown.figures, "two are left over"
    for number in range(12, 14):
        teachers.sharing.cycles.write(text, None, replace(by, person=f"t{number:02}"))
    shown = figures_of(teachers)
    assert shown is not None
    assert shown.figures["with_cycle"] == 14


def test_each_school_counts_its_own_people(teachers: Any) -> None:
    shown = figures_of(teachers, "ash")
    assert shown is not None
    assert (shown.teachers, shown.figures["lessons"]) == (12, 12)
    assert figures_of(teachers, "birch") is None


def test_talks_of_the_months_days_count(teachers: Any) -> None:
    teachers.people.add("coach", "coach", ["coach"], BY, person_id="coach")
    for number in range(14):
        name = f"t{number:02}"
        for day, minutes in ((date(2026, 10, 31), 20), (date(2026, 11, 1), 99)):
            teachers.sharing.talks.add(f"lesson-{name}", name, "coach", day, minutes)
    shown = figures_of(teachers)
    assert shown is not None
    of_talks = {name: shown.figures[name] for name in ("talks", "with_talk", "talk_minutes")}
    assert of_talks == {"talks": 14, "with_talk": 14, "talk_minutes": 280}


def test_what_all_but_a_few_did_stays_too(teachers: Any) -> None:
    """Twelve talks without the number of teachers who talked would say nearly how many did not."""
    teachers.people.add("coach", "coach", ["coach"], BY, person_id="coach")
    for number in range(12):
        name = f"t{number:02}"
        teachers.sharing.talks.add(f"lesson-{name}", name, "coach", date(2026, 10, 31), 20)
    shown = figures_of(teachers)
    assert shown is not None
    assert not {"talks", "with_talk", "talk_minutes"} & set(shown.figures)
    assert shown.figures["lessons"] == 14


def test_a_hidden_lesson_counts_for_nobody(teachers: Any) -> None:
    by = Actor(name="", utc_ns=IN_IT, person="t00")
    teachers.sharing.teacher.hide("lesson-t00", by)
    shown = figures_of(teachers)
    assert shown is not None
    assert shown.teachers == 13


def test_a_month_is_released_once(programs: Any) -> None:
    one, other = programs
    first = one.released.release(REPORT, "https://collector.example", BY)
    again = replace(REPORT, figures={"lessons": 41})
    assert other.released.release(again, "https://elsewhere.example", BY) == first
    assert first.report == REPORT
    assert first.taken_utc_ns is None
    one.released.taken(REPORT, 77)
    other.released.taken(REPORT, 99)
    assert [each.taken_utc_ns for each in other.released.all()] == [77]


def test_december_ends_with_the_year() -> None:
    assert month_of(2026, 12, UTC).day_after == "2027-01-01"
