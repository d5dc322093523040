"""The pack for a researcher: complete, explained column by column, without anybody's name."""

from __future__ import annotations

import csv
import hashlib
import json
import stat
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from contract.clock import SECOND_NS
from contract.errors import StoreError
from contract.files.summed_folder import SUMS
from roomtone.cli import main
from roomtone.evaluation.pack import codebook_rows
from school import School, open_school
from school.audit.actor import Actor
from school.audit.store import AuditStore
from school.evaluation.tables import evaluation_plans
from school.ledger.records import Costs, Outcome, Week
from school.lessons.records import Lesson
from school.programme.month_figures import month_of
from school.programme.records import SchoolGroup
from school.programme.waves import Criterion, Wave
from school.pulse.records import Answer
from school.rooms.records import Site
from tests.full_school import ADA_IN_TIMETABLES, ADA_NAME, ADA_SIGNS_IN, fill

OCTOBER = month_of(2025, 10, UTC)
IN_IT = OCTOBER.low_utc_ns + 60 * SECOND_NS
LATER = OCTOBER.high_utc_ns
BY = Actor(name="a test", utc_ns=LATER)
START = date(2025, 9, 1)
SURNAMES = [f"Quillfeather{letter}" for letter in "abcdefghijkl"]


def config_of(folder: Path) -> Path:
    path = folder / "server.toml"
    path.write_text(f'site = "ash"\ndata_dir = "{folder / "data"}"\n', encoding="utf-8")
    return path


def school_of(config: Path) -> closing[School]:
    return closing(open_school(config.parent / "data"))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Twelve teachers of one school, with their weeks, answers, outcomes and a counted month."""
    path = config_of(tmp_path)
    with school_of(path) as school:
        school.rooms.add_site(Site(name="ash", title="Ash School"), BY)
        north = SchoolGroup(name="north", title="The north", sites=frozenset({"ash"}))
        school.programme.put_group(north, BY)
        school.ledger.put_costs(Costs(starts_on=START, hour_cost=50.0), BY)
        for number, surname in enumerate(SURNAMES):
            person = school.people.add(f"Bea {surname}", f"t{number}", ["teacher"], BY).id
            school.sharing.tie_name(f"Ms {surname}", person, BY)
            school.programme.put_people({person: "ash"}, BY)
            school.lessons.put(
                Lesson(
                    id=f"lesson-{number}", room="room-1", teacher=f"Ms {surname}", title="",
                    starts_utc_ns=IN_IT, ends_utc_ns=IN_IT + SECOND_NS, source="timetable",
                )
            )  # fmt: skip
            weeks = [
                Week(monday=START + timedelta(days=7 * at), preparing=120 if at < 0 else 60)
                for at in (-2, -1, 0, 1)
            ]
            school.ledger.put_weeks(person, weeks, LATER)
            tap = Answer(question="could-use", step=2 if number < 6 else 0, site="ash")
            school.pulse.settle(person, "week", [date(2025, 10, 6)], tap)
        own = Criterion(figure="own", at_least=2.0, words="Schools with a coach")
        share = Criterion(figure="with_cycle", at_least=40.0)
        wave = Wave(name="first", title="First", starts_on=START, sites=north.sites,
                    criteria=(share, own))  # fmt: skip
        school.waves.put(wave, BY)
        school.coverage.count(OCTOBER, set(), BY, now_utc_ns=LATER)
        one = Outcome(site="ash", teacher=0, is_coached=True, pupils=9, before=1.0, after=3.0)
        outcomes = [replace(one, teacher=at, after=2.0 + at % 3) for at in range(12)]
        school.ledger.put_outcomes([*outcomes, replace(one, teacher=99, is_coached=False)], BY)
        last_day = START + timedelta(weeks=8, days=-1)
        school.worth_sheets.count(last_day, BY, zone=UTC, today=date(2025, 11, 3))
    return path


def fix(config: Path, text: str, *more: str) -> int:
    plan = config.parent / "plan.md"
    plan.write_text(text, encoding="utf-8")
    return main(["evaluation", "fix", str(plan), *more, "--config", str(config)])


def write(config: Path, *more: str, out: str = "pack") -> int:
    out_path = str(config.parent / out)
    return main(["evaluation", "write", "--out", out_path, *more, "--config", str(config)])


def notes_of(config: Path, **texts: str) -> tuple[str, ...]:
    folder = config.parent / "notes"
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return "--notes", str(folder), "--numbers", str(config.parent / "whose.json")


def table(pack: Path, name: str) -> list[dict[str, str]]:
    with (pack / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def files_of(pack: Path) -> dict[str, bytes]:
    return {
        path.relative_to(pack).as_posix(): path.read_bytes()
        for path in sorted(pack.rglob("*"))
        if path.is_file()
    }


def test_each_file_has_its_hash_and_each_column_its_line_in_the_codebook(config: Path) -> None:
    assert fix(config, "# Plan\n") == 0
    assert write(config, *notes_of(config, one="We talk more.", two="It rains.")) == 0
    files = files_of(config.parent / "pack")
    lines = [line.split("  ") for line in files.pop(SUMS).decode().splitlines()]
    sums = {name: digest for digest, name in lines}
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    explained: dict[str, list[str]] = {"codebook.csv": codebook_rows()[0]}
    for row in codebook_rows()[1:]:
        explained.setdefault(row[0], []).append(row[1])
        assert row[3], row
        assert row[5], row
    tables = {name: data for name, data in files.items() if name.endswith(".csv")}
    assert set(tables) == set(explained)
    for name, data in tables.items():
        assert next(csv.reader(data.decode("utf-8-sig").splitlines())) == explained[name], name
        assert f"`{name}`" in files["README.md"].decode(), name


def test_figures_have_their_n_and_interval(config: Path) -> None:
    assert write(config) == 0
    pack = config.parent / "pack"
    time = {(row["figure"], row["name"]): row for row in table(pack, "time.csv")}
    days = {(row["first_day"], row["last_day"]) for row in table(pack, "time.csv")}
    assert days == {("2025-09-01", "2025-10-26")}
    assert time["hours_before", "the whole district"]["value"] == "2.0"
    assert time["hours_saved", "the whole district"]["n"] == "12"
    assert float(time["hours_saved", "The north"]["value"]) == 1.0
    # Nobody coaches: a row of coaches is there, and has no figures.
    assert time["hours_saved", "coaches"]["value"] == ""
    assert "too few people to show" in time["hours_saved", "coaches"]["note"]
    gains = {row["name"]: row for row in table(pack, "outcomes.csv")}
    assert (gains["coached"]["n"], gains["coached"]["classes"]) == ("12", "12")
    assert float(gains["coached"]["low_95"]) < 2.0 < float(gains["coached"]["high_95"])
    assert gains["others"]["n"] == gains["others"]["classes"] == gains["difference"]["n"] == ""
    answers = {row["kind"]: row for row in table(pack, "satisfaction.csv")}
    assert set(answers) == {"district", "school"}
    assert answers["school"] | {"low_95": "", "high_95": ""} == {
        "question": "could-use", "kind": "school", "name": "Ash School", "week": "2025-10-06",
        "n": "12", "low": "6", "high": "6", "low_95": "", "high_95": "",
    }  # fmt: skip
    assert float(answers["school"]["low_95"]) < 0.5 < float(answers["school"]["high_95"])
    asked = {row["question"]: row for row in table(pack, "questions.csv")}
    assert asked["could-use"]["counted_steps"] == "yes"
    months = [(row["kind"], row["teachers"]) for row in table(pack, "coverage.csv")]
    assert months == [("district", "12"), ("group", "12"), ("wave", "12"), ("school", "12")]
    (wave,) = table(pack, "waves.csv")
    assert (wave["wave"], wave["month"], wave["month_of_wave"], wave["with_cycle"]) == (
        "first", "2025-10", "2", "0"
    )  # fmt: skip
    share, own = table(pack, "criteria.csv")
    assert (share["month"], share["k"], share["n"], share["value"], share["low_95"]) == (
        "2025-10", "0", "12", "0.0", "0.0"
    )  # fmt: skip
    assert float(share["high_95"]) > 20
    assert (share["state"], own["state"], own["value"]) == ("not_met", "not_known", "")
    for name in ("time.csv", "outcomes.csv", "satisfaction.csv", "coverage.csv"):
        for row in table(pack, name):
            n = row.get("n", row.get("teachers"))
            assert not n or int(n) >= 10, row


def test_a_later_pack_has_the_same_figures_of_what_was_counted(config: Path) -> None:
    assert write(config) == 0
    with school_of(config) as school:
        school.people.leaving.leave(school.people.people()[0].id, BY, utc_ns=LATER)
        school.programme.remove_group("north", BY)
        school.ledger.put_outcomes([], BY)
    assert write(config, out="later") == 0
    first, later = (files_of(config.parent / name) for name in ("pack", "later"))
    for name in ("time.csv", "outcomes.csv", "coverage.csv"):
        assert first[name] == later[name], name


def test_answers_after_debriefs_need_three_coaches(config: Path) -> None:
    with school_of(config) as school:
        for number, person in enumerate(school.people.people()):
            tap = Answer(question="worth-its-time", step=number % 5)
            school.pulse.settle(person.id, "debrief", [date(2025, 10, 6)], tap)
        for name in ("Cora Kindle", "Cleo Kindle"):
            school.people.add(name, name, ["coach"], BY)
    assert write(config) == 0
    for name in ("questions.csv", "satisfaction.csv"):
        found = {row["question"] for row in table(config.parent / "pack", name)}
        assert found == {"could-use"}, "with two coaches it would be about one of them"
    with school_of(config) as school:
        school.people.add("Cyra Kindle", "cyra", ["coach"], BY)
    assert write(config, out="second") == 0
    rows = [
        (row["question"], row["kind"], row["n"])
        for row in table(config.parent / "second", "satisfaction.csv")
    ]
    assert sorted(rows) == [
        ("could-use", "district", "12"), ("could-use", "school", "12"),
        ("worth-its-time", "district", "12"),
    ]  # fmt: skip


def test_whether_the_plan_came_first_is_said(config: Path, tmp_path: Path) -> None:
    assert fix(config, "# Plan\n") == 0
    assert write(config) == 0
    (plan,) = table(config.parent / "pack", "plans.csv")
    assert (plan["is_before_the_data"], plan["outcome_classes"]) == ("no", "13")
    assert (plan["coverage_months"], plan["worth_sheets"]) == ("1", "1")
    assert plan["satisfaction_weeks"] == "1"
    text = (config.parent / "pack" / "README.md").read_text()
    assert "The programme began on 2025-09-01" in text
    assert "**not before the data**: outcomes of 13 classes were kept" in text
    fresh = config_of(tmp_path / "data")
    assert fix(fresh, "# Plan\n") == 0
    assert fix(fresh, "# Plan 2\n", "--because", "a school left.") == 0
    assert write(fresh) == 0
    text = (fresh.parent / "pack" / "README.md").read_text()
    assert text.count("UTC, before the data.") == 2
    assert "because a school left. SHA-256" in text
    first, second = table(fresh.parent / "pack", "plans.csv")
    kept = files_of(fresh.parent / "pack")
    for plan in (first, second):
        content = kept[f"plans/plan-{plan['number']}.txt"]
        assert hashlib.sha256(content).hexdigest() == plan["sha256"]
        assert (plan["is_before_the_data"], plan["is_as_fixed"]) == ("yes", "yes")


def test_a_plan_after_answers_is_not_before_the_data(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    with school_of(config) as school:
        for number in range(10):
            person = school.people.add(f"Bea {SURNAMES[number]}", f"t{number}", ["teacher"], BY).id
            tap = Answer(question="could-use", step=number % 2, site="ash")
            school.pulse.settle(person, "week", [date(2025, 10, 6)], tap)
        for day, text in ((12, "# Of that Sunday"), (13, "# Of Monday")):
            at = int(datetime(2025, 10, day, 12, tzinfo=UTC).timestamp()) * SECOND_NS
            school.evaluation_plans.fix(text, "a test", Actor(name="a test", utc_ns=at))
    assert write(config) == 0
    rows = table(tmp_path / "pack", "plans.csv")
    assert [(row["satisfaction_weeks"], row["is_before_the_data"]) for row in rows] == [
        ("0", "yes"), ("1", "no"),
    ]  # fmt: skip


def test_without_a_plan_and_without_figures_it_says_so(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    assert write(config) == 2  # there is no database
    with school_of(config):
        pass
    assert write(config) == 0
    text = (tmp_path / "pack" / "README.md").read_text()
    assert "**No plan was fixed.**" in text
    assert "no figures of time" in text
    assert table(tmp_path / "pack", "coverage.csv") == table(tmp_path / "pack", "plans.csv") == []
    assert "Interviews" not in text


def test_a_plan_that_was_changed_fails_and_is_named(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fix(config, "# Plan\n")
    with school_of(config) as school, school.evaluation_plans._database.writing() as connection:
        connection.execute(update(evaluation_plans).values(body="# Better\n"))
    assert write(config) == 1
    assert "A plan is not as it was fixed" in capsys.readouterr().out
    text = (config.parent / "pack" / "README.md").read_text()
    assert "**Its text is not the one that was fixed.**" in text


@pytest.mark.parametrize(
    ("text", "place"),
    (
        ("fine\n\nthen Quillfeatherc came", "ada.md, line 3 (“Quillfeatherc”)"),
        ("ms QUILLFEATHERD", "ada.md, line 1 (“QUILLFEATHERD”)"),
        ("a\nBea said", "ada.md, line 2 (“Bea”)"),
        ("mail x@y.example", "ada.md, line 1 (“x@y.example”)"),
    ),
)
def test_a_note_with_a_name_is_refused_with_its_line(
    config: Path, capsys: pytest.CaptureFixture[str], text: str, place: str
) -> None:
    assert write(config, *notes_of(config, ada=text, other="fine")) == 2
    assert place in capsys.readouterr().err
    assert not (config.parent / "pack").exists()
    assert not (config.parent / "whose.json").exists()


def test_names_that_the_server_does_not_know_are_looked_for_if_they_are_given(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with school_of(config) as school:
        bea = next(each for each in school.people.people() if each.name == "Bea Quillfeathera")
        school.people.leaving.leave(bea.id, BY, utc_ns=LATER)
    notes = notes_of(config, one="fine\nthen Quillfeathera came", two="asked Ng")
    names = config.parent / "gone.txt"
    names.write_text("Bea Quillfeathera\nKim Ng\n", encoding="utf-8")
    assert write(config, *notes, "--also-names", str(names)) == 2
    said = capsys.readouterr().err
    assert "one.md, line 2 (“Quillfeathera”); two.md, line 1 (“Ng”)" in said
    assert write(config, *notes) == 0
    assert "Names of people who left are gone" in capsys.readouterr().out


def test_a_plan_with_a_name_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fix(config, "# Plan\nby Quillfeathera")
    fix(config, "# Plan\n", "--because", "Bea left")
    assert write(config) == 2
    with school_of(config) as school:
        (wave,) = school.waves.waves()
        own = Criterion(figure="own", at_least=1.0, words="Bea agrees")
        school.waves.put(replace(wave, criteria=(own,)), BY)
    assert "plan 1, line 2 (“Quillfeathera”)" in capsys.readouterr().err
    assert write(config, "--allow", "quillfeathera") == 2
    assert "a criterion of the wave First, line 1 (“Bea”)" in capsys.readouterr().err
    with school_of(config) as school:
        school.waves.remove("first", BY)
    assert write(config, "--allow", "quillfeathera") == 2
    assert "the reason of plan 2, line 1 (“Bea”)" in capsys.readouterr().err
    assert write(config, "--allow", "Quillfeathera", "--allow", "bea") == 0


def test_interviews_keep_their_numbers_and_whose_they_are_stays_outside(config: Path) -> None:
    more = notes_of(config, quentin_roe="It helps.", petra_moe="It takes time.")
    whose = config.parent / "whose.json"
    assert write(config, *more) == 0
    numbers = json.loads(whose.read_text())["numbers"]
    assert sorted(numbers.values()) == [1, 2]
    assert stat.S_IMODE(whose.stat().st_mode) == 0o600
    (config.parent / "notes" / "petra_moe.md").unlink()
    more = notes_of(config, nora_poe="\ufeffIt is new.\r\n")
    assert write(config, *more, out="second") == 0
    numbers |= {"nora_poe.md": 3}
    assert json.loads(whose.read_text())["numbers"] == numbers
    files = files_of(config.parent / "second")
    mine = {name: data for name, data in files.items() if name.startswith("interviews/")}
    assert mine == {
        f"interviews/interview-{numbers['quentin_roe.md']:03}.md": b"It helps.\n",
        "interviews/interview-003.md": b"It is new.\n",
    }
    readme = files["README.md"].decode()
    assert hashlib.sha256(whose.read_bytes()).hexdigest() in readme
    assert "Numbers of notes that are no longer given: 1." in readme
    for name, data in files.items():
        assert not [each for each in (b"quentin", b"petra", b"nora_poe") if each in data], name
    before = whose.read_bytes()
    assert write(config, *more, out="third") == 0
    assert whose.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    (
        ("a.docx", b"PK\x03\x04", "is no note"),
        ("a.md", b" \n", "is empty"),
        ("a.md", b"PK\x03\x04", "is an Excel workbook"),
        ("a.txt", b"\xff\xfe\x00", "UTF-16"),
        (".hidden", b"x", "has no notes"),
    ),
)
def test_what_is_no_note_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, sentence: str
) -> None:
    more = notes_of(config)
    (config.parent / "notes" / name).write_bytes(content)
    assert write(config, *more) == 2
    assert sentence in capsys.readouterr().err
    assert not (config.parent / "pack").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    (
        ("{", "is no file of interviews' numbers"),
        ('{"salt": "s", "numbers": []}\n[', "is no file of interviews' numbers"),
        ('{"salt": "s", "numbers": {"a.md": 1, "b.md": 1}}', "a number of its own"),
        ('{"salt": "s", "numbers": {"a.md": true}}', "a number of its own"),
        ('{"salt": 1, "numbers": {}}', "a number of its own"),
    ),
)
def test_a_file_of_numbers_that_is_none_stays_as_it_is(
    config: Path, capsys: pytest.CaptureFixture[str], content: str, sentence: str
) -> None:
    more = notes_of(config, one="It helps.")
    (config.parent / "whose.json").write_text(content)
    assert write(config, *more) == 2
    assert sentence in capsys.readouterr().err
    assert (config.parent / "whose.json").read_text() == content


def test_the_file_of_numbers_is_kept_apart(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notes = notes_of(config, one="It helps.")[:2]
    assert write(config, *notes) == 2
    assert "belong together" in capsys.readouterr().err
    assert write(config, *notes, "--numbers", str(config.parent / "notes" / "w.json")) == 2
    assert "is among the notes" in capsys.readouterr().err
    assert write(config, *notes, "--numbers", str(config.parent / "pack" / "w.json")) == 2
    assert "is in the pack" in capsys.readouterr().err
    assert write(config, *notes, "--numbers", str(config.parent / "nowhere" / "w.json")) == 2
    assert "can't be written" in capsys.readouterr().err
    assert not (config.parent / "pack").exists()


def test_the_audit_log_has_it_and_a_folder_that_is_there_stays(config: Path) -> None:
    (config.parent / "pack").mkdir()
    assert write(config) == 2
    assert list((config.parent / "pack").iterdir()) == []
    assert write(config, out="other") == 0
    with school_of(config) as school:
        entries = [entry.sentence for entry in school.audit.latest(limit=5)]
    said = "The command “roomtone evaluation” exported the programme: its files for an evaluation"
    assert entries.count(said) == 1


def test_no_pack_is_left_that_the_audit_log_does_not_have(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object, **_more: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(AuditStore, "record_export", broken)
    assert write(config) != 0
    assert not (config.parent / "pack").exists()


def test_nothing_of_anybody_in_a_full_school_is_in_it(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    (tmp_path / "data").mkdir()
    fill(tmp_path / "data")
    assert write(config, "--allow", "p") == 1  # the full school's plan has a hash of its own
    theirs = (ADA_NAME, "Quillfeather", ADA_IN_TIMETABLES, ADA_SIGNS_IN, "Lindqvist", "id-of-")
    for name, data in files_of(tmp_path / "pack").items():
        assert [word for word in theirs if word.encode() in data] == [], name
