"""Backups by restic, and the rehearsal of a restore, on the real program."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from contract.clock import SystemClock
from contract.errors import StoreError, UsageError
from contract.finding import Finding
from ingest.backup.nightly import DUMP, Nightly, repository_of, stage_of
from ingest.backup.notes import BackupNotes, read_notes, write_notes
from ingest.backup.restic import Restic
from ingest.doctor.backup import backup_findings
from ingest.purge.log import KEY, LOG
from ingest.settings import ServerSettings
from roomtone.cli import main
from roomtone.server.rehearsal import Rehearsal
from school import open_lesson_store, open_school
from school.audit.actor import Actor
from school.rooms.layout import plan_of_size
from school.rooms.records import Room
from tests.ingest.purge.test_command import School
from tests.postgres_server import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.restic]

DAY_NS = 86_400_000_000_000


class Server:
    """A school's data directory with a place for backups."""

    def __init__(self, folder: Path) -> None:
        self.school = School(folder)
        self.data, self.config = self.school.data, self.school.config
        self.place = folder / "disk/backups"
        self.place.parent.mkdir()
        key = folder / "backup-key"
        key.write_text("a key of the test\n")
        self.config.write_text(
            f'{self.config.read_text()}\n[backup]\nrepository = "{self.place}"\n'
            f'key_file = "{key}"\n'
        )
        repository_of(self.settings).create()
        self.said: list[str] = []

    @property
    def settings(self) -> ServerSettings:
        return ServerSettings.load(self.config)

    def backup(self, **how: bool) -> BackupNotes:
        return Nightly(
            settings=self.settings, config=self.config, clock=SystemClock(), say=self.said.append
        ).run(**how)

    def rehearse(self) -> BackupNotes:
        self.said.clear()
        return Rehearsal(settings=self.settings, clock=SystemClock(), say=self.said.append).run()

    def findings(self, later_days: int = 0) -> list[Finding]:
        now = SystemClock().utc_ns() + later_days * DAY_NS
        return list(backup_findings(self.settings, now))


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def beside(server: Server) -> set[str]:
    """What is in the folder of the data directory."""
    return {path.name for path in server.data.parent.iterdir()}


def test_a_backup_is_restored_aside_looked_over_and_removed(server: Server) -> None:
    before = beside(server)
    made = server.backup()
    assert made.n_bytes > 10_000
    assert read_notes(server.data) == made
    notes = server.rehearse()
    assert notes.faults == ()
    assert notes.rehearsed_snapshot == made.snapshot
    said = "\n".join(server.said)
    assert "every file is as it was written" in said
    assert "lessons: 2 in the backup, 2 here now" in said
    assert "none missing or changed" in said
    assert "values and 180 epochs of the newest read" in said
    assert "2 runs of kits; 0 values" not in said
    assert beside(server) - before <= {"data.restic-cache"}


def test_what_is_backed_up_can_be_read_by_nobody_without_the_key(server: Server) -> None:
    server.backup()
    found = b"".join(path.read_bytes() for path in server.place.rglob("*") if path.is_file())
    assert len(found) > 1_000
    for word in (b"SQLite format", b"quill-room", b"teacher of"):
        assert word not in found
    other = server.config.with_name("other-key")
    other.write_text("another key\n")
    stranger = Restic(repository=str(server.place), key_file=other, cache=server.place.parent / "c")
    with pytest.raises(StoreError, match="could not cat"):
        stranger.exists()


def test_a_rehearsal_says_what_is_damaged_and_notes_it(server: Server) -> None:
    server.backup()
    (pack, *_) = sorted(
        (path for path in (server.place / "data").rglob("*") if path.is_file()),
        key=lambda path: -path.stat().st_size,
    )
    content = bytearray(pack.read_bytes())
    content[: len(content) // 2] = bytes(len(content) // 2)
    pack.chmod(0o600)
    pack.write_bytes(content)
    notes = server.rehearse()
    assert notes.faults
    assert any(line.startswith("WRONG") for line in server.said)
    finding = server.findings()[-1]
    assert (finding.about, finding.state) == ("restore", "wrong")
    assert "data.rehearsal" not in beside(server)


def test_a_rehearsal_leaves_the_data_as_it_is_and_purges_again_aside(server: Server) -> None:
    server.backup()
    purge = ("purge", "--config", str(server.config), "--lesson", "quill-room-1", "--yes")
    assert main(purge) == 0
    assert {(server.data / name).exists() for name in (LOG, KEY)} == {True}
    log = (server.data / LOG).read_bytes()
    notes = server.rehearse()
    assert notes.faults == ()
    assert any("purging again" in line for line in server.said)
    assert any("lessons: 1 in the backup, 1 here now" in line for line in server.said)
    assert (server.data / LOG).read_bytes() == log
    with closing(open_lesson_store(server.data)) as lessons:
        assert [each.id for each in lessons.lessons()] == ["other-room-1"]


def test_an_audit_log_that_was_changed_shows_in_the_rehearsal(server: Server) -> None:
    create = ("admin", "create", "--config", str(server.config))
    assert main((*create, "--name", "Ada", "--sign-in-name", "ada")) == 0
    # As somebody does who knows the database: its own triggers would refuse.
    with closing(sqlite3.connect(server.data / "school.db")) as database, database:
        kept = database.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'audit_events'"
        ).fetchall()
        for name, _ in kept:
            database.execute(f"DROP TRIGGER {name}")
        changed = database.execute("UPDATE audit_events SET at_utc_ns = at_utc_ns + 1")
        assert changed.rowcount
        for _, statement in kept:
            database.execute(statement)
    server.backup()
    assert any("audit log" in fault for fault in server.rehearse().faults)


def test_old_backups_go_and_the_newest_stays(server: Server) -> None:
    first = server.backup()
    second = server.backup()
    repository = repository_of(server.settings)
    assert [each.id for each in repository.snapshots()] == [first.snapshot, second.snapshot]
    third = server.backup(only_newest=True)
    assert [each.id for each in repository.snapshots()] == [third.snapshot]


def test_a_place_that_is_away_is_a_failure_that_the_doctor_shows(server: Server) -> None:
    made = server.backup()
    shutil.move(server.place, server.place.with_name("elsewhere"))
    with pytest.raises(StoreError, match="check that its disk is mounted"):
        server.backup()
    assert not server.place.exists()
    notes = read_notes(server.data)
    assert (notes.made_utc_ns, notes.failed_utc_ns > 0) == (made.made_utc_ns, True)
    assert server.findings()[0].said.startswith("the last one failed: restic could not")
    assert not stage_of(server.data).exists()


def test_the_commands_say_what_they_did(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(("server", "backup", "--config", str(server.config))) == 0
    assert "server rehearse` does that" in capsys.readouterr().out
    assert main(("server", "rehearse", "--config", str(server.config))) == 0
    assert "The restore works." in capsys.readouterr().out
    (server.place / "config").unlink()
    assert main(("server", "rehearse", "--config", str(server.config))) == 1
    assert "check that its disk is mounted" in capsys.readouterr().err


def test_the_doctor_knows_how_old_the_last_backup_and_rehearsal_are(server: Server) -> None:
    assert [each.state for each in server.findings()] == ["wrong"]
    server.backup()
    assert [(each.about, each.state) for each in server.findings()] == [
        ("backup", "fine"), ("restore", "note"),
    ]  # fmt: skip
    notes = read_notes(server.data)
    now = SystemClock().utc_ns()
    write_notes(server.data, notes.model_copy(update={"rehearsed_utc_ns": now}))
    assert [each.state for each in server.findings()] == ["fine", "fine"]
    assert [each.state for each in server.findings(later_days=3)] == ["wrong", "fine"]
    assert server.findings(later_days=101)[-1].said == "was rehearsed 101 days ago"


def test_without_a_place_the_doctor_notes_it_and_the_commands_refuse(tmp_path: Path) -> None:
    school = School(tmp_path)
    settings = ServerSettings.load(school.config)
    (finding,) = backup_findings(settings, SystemClock().utc_ns())
    assert finding.state == "note"
    with pytest.raises(UsageError, match="server backup --to PLACE"):
        repository_of(settings)


@pytest.mark.postgres
def test_a_school_in_postgresql_is_dumped_with_the_backup(
    server: Server, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    url = postgres_server.url().get_secret_value()
    server.config.write_text(f'{server.config.read_text()}\n[school]\ndatabase_url = "{url}"\n')
    room = Room(name="room-12", site="school", plan=plan_of_size(6))
    settings = server.settings
    with closing(open_school(settings.data_dir, settings.school.database_url)) as school:
        by = Actor(name="a test", utc_ns=1)
        school.rooms.add_room(room, None, by, now_utc_ns=1)
    made = server.backup()
    notes = server.rehearse()
    assert (notes.faults, notes.rehearsed_snapshot) == ((), made.snapshot)
    assert any("its dump has " in line and "can be read" in line for line in server.said)

    repository = repository_of(settings)
    kept = repository.restore(repository.snapshots()[-1], tmp_path / "aside")
    shown = subprocess.run(
        ("pg_restore", "--data-only", "--table=rooms", "--file=-", str(kept / DUMP)),
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "room-12" in shown.stdout


@pytest.mark.postgres
def test_a_dump_that_fails_is_said_and_noted(
    server: Server, postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres_server.url().get_secret_value()
    server.config.write_text(f'{server.config.read_text()}\n[school]\ndatabase_url = "{url}"\n')
    program = tmp_path / "bin/pg_dump"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'the disk is full' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    with pytest.raises(
        StoreError, match="pg_dump could not copy the school's data: the disk is full"
    ):
        server.backup()
    notes = read_notes(server.data)
    assert (notes.made_utc_ns, "the disk is full" in notes.failure) == (0, True)
    assert not stage_of(server.data).exists()
