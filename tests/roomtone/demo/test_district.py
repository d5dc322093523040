"""The demo's district: the same people for a seed, and a check that finds what is not as it was put."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from contract.errors import UsageError
from roomtone.cli import main
from roomtone.demo.district.calendar import calendar_of
from roomtone.demo.district.cast import SITES, cast_of
from roomtone.demo.district.put import Put
from school.ledger.records import monday_of
from school.people.demo_ids import DISTRICT_PEOPLE


def test_a_seed_draws_the_same_people() -> None:
    assert cast_of(3) == cast_of(3)
    assert cast_of(3) != cast_of(4)


@pytest.mark.parametrize("seed", range(5))
def test_each_school_has_what_was_planned(seed: int) -> None:
    cast = cast_of(seed)
    for school in SITES:
        mine = [part for part in cast.teachers if part.school == school]
        assert len(mine) == school.teachers
        assert sum(part.coach is not None for part in mine) == school.coached
        assert sum(part.keeps_time for part in mine) == school.keep_time
    # The demo's own teacher does everything, with the demo's own coach.
    own = cast.teachers[0]
    assert own.coach == 0
    assert own.keeps_time
    assert own.answers
    assert len({part.sign_in_name for part in cast.teachers}) == len(cast.teachers)


@pytest.mark.parametrize("day", (date(2026, 11, 30), date(2027, 1, 3), date(2028, 2, 29)))
def test_two_terms_end_in_the_week_before_today(day: date) -> None:
    calendar = calendar_of(day)
    weeks = calendar.baseline + calendar.weeks
    assert all(not monday.weekday() for monday in weeks)
    assert calendar.second[-1] + timedelta(days=7) == monday_of(day)
    assert calendar.second[0] - calendar.first[-1] > timedelta(days=7)
    assert calendar.baseline[-1] < calendar.starts_on


def test_what_may_leave_is_of_ten_or_more() -> None:
    put = Put()
    teachers = [part for part in cast_of(1).teachers if part.school.site == "ash"]
    for at, part in enumerate(teachers):
        put.of_teacher[part.number] = part
        put.lessons["2026-10"][part.number] = 2
        put.steps["2026-10"][part.number] = int(at < 9)
    put.steps["2026-10"] += put.steps["2026-10"]  # Counter drops what is 0
    report = put.report("2026-10", "ash")
    assert report is not None
    assert report["teachers"] == len(teachers)
    assert report["lessons"] == 2 * len(teachers)
    assert "steps" not in report
    assert put.report("2026-10", "birch") is None


def test_options_of_a_single_lesson_are_refused(capsys) -> None:
    assert main(["demo", "--district", "--minutes", "5"]) == UsageError.exit_code
    assert "leave --minutes and --scenario out" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.programs
@pytest.mark.timeout(600)
def test_every_page_shows_what_was_put_into_the_district(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "roomtone", "demo", "--district", "--check"]
    done = subprocess.run(
        [*command, "--keep", str(tmp_path / "kept")],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["faults"] == 0
    assert (counts["teachers"], counts["coaches"]) == (60, 6)
    assert counts["lessons"] > counts["scored"] > 0
    assert counts["pages_fetched"] > 400
    assert set(counts["reached"]) == {*DISTRICT_PEOPLE, "collector", "oversight"}
    assert all(counts["reached"].values())
    assert list((tmp_path / "kept" / "logs").glob("*.log"))
