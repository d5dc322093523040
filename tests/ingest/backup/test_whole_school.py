"""Backup, restore and purge know every table of the school's data."""

from __future__ import annotations

import argparse
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from contract.errors import StoreError
from ingest.backup import command as backup_command
from ingest.backup import restore_command
from ingest.purge import command as purge_command
from ingest.purge.log import PurgeLog
from ingest.purge.requests import PersonLeft
from ingest.stores import open_period_store, open_score_writer
from roomtone.cli import main
from school import open_school
from tests.full_school import (
    ADA,
    ADA_NAME,
    ADA_SIGNS_IN,
    NOTE,
    OF_ROB,
    OLD,
    PAST,
    cells,
    columns_with,
    counts,
    fill,
)
from tests.videos import video_settings


def call(command: ModuleType, *words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return int(command.run(parser.parse_args([str(word) for word in words])))


class Server:
    """A data directory with its settings, in which every table of school.db has a row."""

    def __init__(self, folder: Path, name: str) -> None:
        self.data = folder / name
        self.config = folder / f"{name}.toml"
        self.config.write_text(
            f'site = "s"\ndata_dir = "{self.data}"\n{video_settings(folder)}', encoding="utf-8"
        )

    def filled(self) -> Server:
        self.data.mkdir()
        open_period_store(self.data).close()
        open_score_writer(self.data).close()
        fill(self.data)
        return self

    def people(self, *words: str) -> int:
        return main(["people", *words, "--config", str(self.config)])


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path, "data").filled()


@pytest.fixture
def restored(tmp_path: Path) -> Server:
    return Server(tmp_path, "restored")


def all_cells(data: Path) -> list[tuple[str, str, object]]:
    return sorted(cells(data), key=repr)


def test_every_row_of_every_table_comes_back(
    server: Server, restored: Server, tmp_path: Path
) -> None:
    assert all(counts(server.data).values())
    assert call(backup_command, "--config", server.config, tmp_path / "b.tar") == 0
    assert call(restore_command, "--config", restored.config, tmp_path / "b.tar") == 0
    before, after = all_cells(server.data), all_cells(restored.data)
    assert [each for each in before if each[0] != "revision"] == [
        each for each in after if each[0] != "revision"
    ]
    with closing(sqlite3.connect(restored.data / "school.db")) as database:
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_purged_lesson_is_in_no_table_but_the_audit_log(server: Server) -> None:
    tables = {table for table, _ in columns_with(server.data, PAST)}
    assert {
        "lessons", "imported", "moments", "verdicts", "labels", "lesson_owners", "shares",
        "share_spans", "exclusions", "offers", "program_tokens", "audit_events",
    } <= tables  # fmt: skip
    assert "hidden_lessons" in {table for table, _ in columns_with(server.data, "ada-hidden")}
    for lesson in (PAST, "ada-hidden"):
        assert call(purge_command, "--config", server.config, "--lesson", lesson, "--yes") == 0
        assert {table for table, _ in columns_with(server.data, lesson)} == {"audit_events"}
    assert NOTE.encode() not in (server.data / "school.db").read_bytes()
    with closing(open_school(server.data)) as school:
        assert school.audit.of_lesson(PAST, 1)[0].action == "purged"
        assert school.lessons.get(OF_ROB) is not None


@pytest.mark.parametrize("is_first", (True, False))
def test_a_restored_backup_does_not_bring_back_who_left_since(
    server: Server, restored: Server, tmp_path: Path, is_first: bool
) -> None:
    if not is_first:
        call(purge_command, "--config", server.config, "--lesson", OF_ROB, "--yes")
    assert call(backup_command, "--config", server.config, tmp_path / "b.tar") == 0
    assert server.people("anonymise", ADA_SIGNS_IN, "--yes", "--delete-lessons") == 0
    log = tmp_path / "elsewhere" / "purge-log.jsonl"
    log.parent.mkdir()
    for name in ("purge-log.jsonl", "purge-key"):
        shutil.copy(server.data / name, log.parent / name)
    words = ("--config", restored.config, tmp_path / "b.tar", "--purges", log)
    assert call(restore_command, *words) == 0
    assert columns_with(restored.data, ADA_NAME, ADA_SIGNS_IN) == set()
    assert ADA_NAME.encode() not in (restored.data / "school.db").read_bytes()
    with closing(open_school(restored.data)) as school:
        assert {each.person for each in school.people.leaving.former()} == {OLD, ADA}
        assert school.lessons.get(PAST) is None
        assert school.people.held.lessons_of(ADA) == []
        by_restore = [each.sentence for each in school.audit.latest(20)]
        assert "The command “roomtone restore” removed the name of a person who left" in by_restore
    records = [each.request for each in PurgeLog(restored.data).verified()]
    assert ADA in {each.id for each in records if isinstance(each, PersonLeft)}


def test_without_the_record_restore_says_what_is_back(
    server: Server, restored: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(backup_command, "--config", server.config, tmp_path / "b.tar") == 0
    server.people("anonymise", ADA_SIGNS_IN, "--yes")
    capsys.readouterr()
    assert call(restore_command, "--config", restored.config, tmp_path / "b.tar") == 0
    assert "or someone left, it is back, with their name" in capsys.readouterr().out
    assert columns_with(restored.data, ADA_NAME)


def test_an_older_database_that_somebody_puts_in_place_is_noticed(server: Server) -> None:
    """As `pg_restore` does with a dump, or a copied file: the record is in the data directory."""
    older = (server.data / "school.db").read_bytes()
    assert server.people("anonymise", ADA_SIGNS_IN, "--yes") == 0
    for path in server.data.glob("school.db*"):
        path.unlink()
    (server.data / "school.db").write_bytes(older)
    assert columns_with(server.data, ADA_NAME)
    n = len(PurgeLog(server.data).verified())
    assert main(["purge", "--resume", "--config", str(server.config)]) == 0
    assert columns_with(server.data, ADA_NAME) == set()
    assert len(PurgeLog(server.data).verified()) == n


def test_a_changed_line_about_who_left_is_found(server: Server) -> None:
    server.people("anonymise", ADA_SIGNS_IN, "--yes")
    path = server.data / "purge-log.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace(ADA, "id-of-none"), encoding="utf-8")
    with pytest.raises(StoreError, match="signature does not fit"):
        PurgeLog(server.data).verified()
