"""`roomtone roster sync` as an administrator types it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contract.errors import UsageError
from ingest import roster_command
from school import open_school
from simulators.one_roster.server import OneRosterServer
from tests.school.roster.archives import FILES_11, FILES_12, archive

Command = Callable[..., list[str]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(f'site = "north"\ndata_dir = "{tmp_path}/data"\n')
    return path


@pytest.fixture
def roster(config: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    parser = argparse.ArgumentParser()
    roster_command.add_arguments(parser)

    def call(*words: str) -> list[str]:
        assert roster_command.run(parser.parse_args([*words, "--config", str(config)])) == 0
        return capsys.readouterr().out.splitlines()

    return call


WOULD_CHANGE = [
    "new school: Ash School, site ash-school",
    "new school: Birch, the School, site birch-the-school",
    "new teacher, without access: Ada Okafor (ada@school.example), Ash School",
    "new teacher, without access: Kim Roth (kroth), Birch, the School, Ash School",
    "new: 3 organisations",
    "new: 2 terms",
    "  2026-27, 2026-08-24 to before 2027-06-12",
    "  Autumn, 2026-08-24 to before 2026-12-19",
    "new: 1 course",
    "new: 2 classes",
    "  Algebra I (2), Room 12",
    "  Algebra I (3)",
    "new: 2 assignments of teachers to classes",
    "rooms of classes: 0 are here by their name or title",
    "rooms that nobody has described here: Room 12",
    "not taken, rows of pupils: 1",
    "not taken, enrolments of pupils: 2",
    "not taken, rows of people who are no teachers: 1",
    "not taken, enrolments of people who are no teachers: 1",
    "not taken, teachers who are not active now: 1",
]


@pytest.mark.parametrize(("version", "files"), (("1.1", FILES_11), ("1.2", FILES_12)))
def test_a_dry_run_prints_the_difference_and_a_sync_makes_it(
    version: str, files: dict[str, str], roster: Command, config: Path, tmp_path: Path
) -> None:
    file = str(archive(tmp_path / "r.zip", files, version))
    assert roster("sync", file, "--dry-run") == [
        *WOULD_CHANGE, "Nothing was changed (--dry-run).",
    ]  # fmt: skip
    with closing(open_school(config.parent / "data")) as school:
        assert school.people.people() == []
        assert school.rooms.sites() == []
    assert roster("sync", file) == [
        *WOULD_CHANGE,
        "All of this was written. Nobody can come in by it: invite people on the page People.",
    ]
    again = roster("sync", file)
    assert again[-1] == "Nothing is different from the last sync."
    assert not [line for line in again if line.startswith("new")]


def test_a_file_that_is_wrong_changes_nothing(
    roster: Command, config: Path, tmp_path: Path
) -> None:
    enrolments = FILES_11["enrollments"].replace("c2,birch", "c9,birch")
    file = str(archive(tmp_path / "r.zip", FILES_11, enrollments=enrolments))
    with pytest.raises(UsageError, match=r"enrollments.csv, line 3: it names a class c9"):
        roster("sync", file)
    with closing(open_school(config.parent / "data")) as school:
        assert school.people.people() == []
        assert school.rooms.sites() == []


def test_no_byte_of_a_pupil_is_in_the_database(
    roster: Command, config: Path, tmp_path: Path
) -> None:
    roster("sync", str(archive(tmp_path / "r.zip", FILES_12, "1.2")))
    kept = b"".join(
        each.read_bytes() for each in (config.parent / "data").rglob("*") if each.is_file()
    )
    assert b"Okafor" in kept
    for word in (b"u-zoe", b"zoe@", b"Pupil", b"u-aide", b"secret-of", b"nobody-knows"):
        assert word not in kept


def test_a_server_is_read_as_a_file_is(
    roster: Command, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OneRosterServer() as server:
        words = (
            "fetch",
            server.url("1.2"),
            "--token-url",
            server.token_url,
            "--client-id",
            "roomtone",
        )
        with pytest.raises(UsageError, match="There is no client secret"):
            roster(*words)
        secret = tmp_path / "secret"
        secret.write_text(f"{server.secret}\n")
        dry = roster(*words, "--secret-file", str(secret), "--dry-run")
        assert dry[-1] == "Nothing was changed (--dry-run)."
        assert len([line for line in dry if line.startswith("new teacher")]) == 24
        monkeypatch.setenv("ROOMTONE_ROSTER_SECRET", server.secret)
        roster(*words)
        assert roster(*words)[-1] == "Nothing is different from the last sync."
    with closing(open_school(config.parent / "data")) as school:
        assert len(school.people.people()) == 24
        assert [site.name for site in school.rooms.sites()] == [
            "ash-school", "birch-school", "cedar-school",
        ]  # fmt: skip
