"""Plans of an evaluation, from the command to the store: fixed, followed, and never changed."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from roomtone.cli import main
from school import School, open_school
from school.audit.actor import Actor
from school.evaluation.tables import evaluation_plans
from school.ledger.records import Outcome
from school.rooms.records import Site

BY = Actor(name="a test", utc_ns=1)
PLAN = "# Plan\r\n\r\nThe outcome is the gain of coached classes – in points.\r\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(f'site = "school"\ndata_dir = "{tmp_path / "data"}"\n', encoding="utf-8")
    return path


def fix(config: Path, text: str, *more: str) -> int:
    path = config.parent / "plan.md"
    path.write_bytes(text.encode())
    return main(["evaluation", "fix", str(path), *more, "--config", str(config)])


def school_of(config: Path) -> closing[School]:
    return closing(open_school(config.parent / "data"))


def test_a_plan_is_fixed_listed_and_shown_as_it_was(
    config: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert fix(config, PLAN) == 0
    said = capfdbinary.readouterr().out.decode()
    assert said.startswith("Plan 1: fixed 20")
    assert "UTC, before any outcome. SHA-256 " in said
    assert main(["evaluation", "show", "1", "--config", str(config)]) == 0
    shown = capfdbinary.readouterr().out
    assert f"SHA-256 {hashlib.sha256(shown).hexdigest()}." in said
    assert "The outcome is the gain of coached classes – in points." in shown.decode()
    with school_of(config) as school:
        (entry, *_) = school.audit.latest(limit=1)
    assert hashlib.sha256(shown).hexdigest() in entry.sentence
    assert "fixed" in entry.sentence


def test_another_plan_follows_with_its_reason(
    config: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fix(config, PLAN)
    assert fix(config, PLAN, "--because", "again") == 2
    assert "this is plan 1 already" in capfd.readouterr().err
    assert fix(config, "# Another") == 2
    assert "say with --because why another follows it" in capfd.readouterr().err
    with school_of(config) as school:
        school.rooms.add_site(Site(name="ash"), BY)
        outcome = Outcome(site="ash", teacher=1, is_coached=True, pupils=9, before=1.0, after=2.0)
        school.ledger.put_outcomes([outcome, outcome], BY)
    assert fix(config, "# Another", "--because", "a school left") == 0
    capfd.readouterr()
    assert main(["evaluation", "plans", "--config", str(config)]) == 0
    first, second = capfd.readouterr().out.splitlines()
    assert "before any outcome. SHA-256" in first
    assert "Plan 2: " in second
    assert "when outcomes of 2 classes were kept, because a school left. SHA-256" in second


def test_a_plan_that_was_changed_behind_the_programs_back_is_found(
    config: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fix(config, PLAN)
    with school_of(config) as school, school.evaluation_plans._database.writing() as connection:
        connection.execute(update(evaluation_plans).values(body="# Better"))
    capfd.readouterr()
    assert main(["evaluation", "plans", "--config", str(config)]) == 1
    assert "ITS TEXT IS NOT THE ONE THAT WAS FIXED." in capfd.readouterr().out
    assert main(["evaluation", "show", "1", "--config", str(config)]) == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    ((" \n", "the plan is empty"), ("x" * 200_001, "more than 200000 letters")),
)
def test_what_is_no_plan_is_refused(
    config: Path, capfd: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    assert fix(config, text) == 2
    assert sentence in capfd.readouterr().err
    assert main(["evaluation", "plans", "--config", str(config)]) == 0
    assert "No plan is fixed." in capfd.readouterr().out
    assert main(["evaluation", "show", "1", "--config", str(config)]) == 2
