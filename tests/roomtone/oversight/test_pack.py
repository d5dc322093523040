"""The pack: complete, without anybody's words, honest about records that were changed."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select

from contract.errors import StoreError
from ingest.purge.log import LOG, PurgeLog
from ingest.purge.requests import PurgeRequest
from ingest.settings import AggregatesSettings, RetentionSettings, ServerSettings
from ingest.stores.format.score_schema import SCHEMA_2
from roomtone.as_owner import AS_OWNER
from roomtone.cli import main
from roomtone.oversight.inventory import inventory
from roomtone.oversight.kept import kept
from roomtone.oversight.pack import SUMS, pack_of, write_pack
from roomtone.oversight.purges import purges
from roomtone.oversight.situation import Situation
from roomtone.oversight.use import use
from school.audit.actor import Actor
from school.audit.store import AuditStore
from school.database import open_school_database
from school.schema import METADATA
from tests.full_school import (
    ADA,
    ADA_IN_TIMETABLES,
    ADA_NAME,
    ADA_SIGNS_IN,
    COMING,
    DAY_NS,
    HIDDEN,
    KIM,
    NOTE,
    NOW_NS,
    PASSWORD_HASH,
    PAST,
    ROB,
    SECRET_KEY,
    SUBJECT,
    fill,
)

BY = Actor(name="roomtone oversight", utc_ns=NOW_NS)
THEIRS = (
    ADA_NAME, "Quillfeather", ADA_IN_TIMETABLES, ADA_SIGNS_IN, ADA, KIM, ROB, "Lindqvist", NOTE, PAST,
    HIDDEN, COMING, PASSWORD_HASH, SECRET_KEY, SUBJECT,
)  # fmt: skip
"""Names, ids, secrets and words that are in the database of the full school."""


def settings_file(folder: Path, more: str = "") -> Path:
    config = folder / "server.toml"
    config.write_text(f'site = "hill-school"\ndata_dir = "{folder / "data"}"\n{more}')
    return config


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full school, its settings, and the pack of it."""
    made = tmp_path_factory.mktemp("oversight")
    (made / "data").mkdir()
    fill(made / "data")
    config = settings_file(made)
    assert main(("oversight", "--config", str(config), "--out", str(made / "pack"))) == 0
    return made


@pytest.fixture
def now(tmp_path: Path) -> Iterator[Situation]:
    """The same school, to be changed."""
    (tmp_path / "data").mkdir()
    fill(tmp_path / "data")
    with closing(open_school_database(tmp_path / "data")) as database:
        settings = ServerSettings.load(settings_file(tmp_path))
        yield Situation(settings=settings, database=database, utc_ns=NOW_NS, version="1.2.3")


def said(path: Path) -> str:
    """What a file of the pack says."""
    if path.suffix == ".pdf":
        # A line may break where a word has no other place for it.
        pages = PdfReader(BytesIO(path.read_bytes())).pages
        return "\n".join(page.extract_text() for page in pages).replace("\u200b", "")
    return path.read_text(encoding="utf-8-sig")


def files_of(pack: Path) -> list[Path]:
    return sorted(path for path in pack.rglob("*") if path.is_file())


def test_the_contents_name_every_file_and_every_hash_fits(folder: Path) -> None:
    pack = folder / "pack"
    files = {path.relative_to(pack).as_posix() for path in files_of(pack)}
    index = (pack / "index.html").read_text()
    assert set(re.findall(r'href="([^"]+)"', index)) == files - {"index.html", SUMS}
    sums = dict(reversed(line.split("  ", 1)) for line in (pack / SUMS).read_text().splitlines())
    assert set(sums) == files - {SUMS}
    for name, digest in sums.items():
        assert hashlib.sha256((pack / name).read_bytes()).hexdigest() == digest


def test_nothing_of_anybody_is_in_it(folder: Path) -> None:
    for path in files_of(folder / "pack"):
        text = said(path)
        assert len(text) > 15, path
        assert [word for word in THEIRS if word in text] == [], path


def test_the_date_the_version_and_the_school_stand_in_each_document(folder: Path) -> None:
    for path in files_of(folder / "pack"):
        if path.suffix in {".html", ".pdf"}:
            assert re.search(
                r"hill-school · Roomtone \S+ · \d{4}-\d\d-\d\d \d\d:\d\d", said(path)
            ), path


def test_no_document_loads_anything(folder: Path) -> None:
    for path in (folder / "pack").glob("*.html"):
        assert not re.search(r"<script|<img|<link|src=|url\(|@import", path.read_text()), path


def test_each_pdf_is_tagged_and_has_its_title(folder: Path) -> None:
    found = sorted((folder / "pack").glob("*.pdf"))
    assert len(found) > 5
    for path in found:
        reader = PdfReader(path)
        assert reader.metadata is not None
        assert reader.metadata.title, path
        assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"], path


@pytest.mark.slow
def test_the_same_situation_gives_the_same_bytes(now: Situation, tmp_path: Path) -> None:
    pack = pack_of(now)
    for name in ("one", "two"):
        write_pack(pack, now, tmp_path / name, BY)
    one, two = files_of(tmp_path / "one"), files_of(tmp_path / "two")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert len(one) > 10


@pytest.mark.slow
def test_it_changes_nothing_in_the_data_but_the_audit_log(now: Situation, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in files_of(tmp_path / "data")}
    rows = rows_of(now)
    write_pack(pack_of(now), now, tmp_path / "pack", BY)
    after = {path: path.read_bytes() for path in files_of(tmp_path / "data")}
    assert {path.name for path in after} - {path.name for path in before} <= {
        "school.db-wal", "school.db-shm"
    }  # fmt: skip
    assert {path.name for path in before if after[path] != before[path]} <= {
        "school.db", "school.db-wal", "school.db-shm"
    }  # fmt: skip
    changed = {name for name, n in rows_of(now).items() if n != rows[name]}
    assert changed <= {"audit_events", "audit_names"}
    (newest,) = AuditStore(now.database).latest(1)
    assert newest.sentence.startswith("The command “roomtone oversight” wrote an oversight pack")


def rows_of(now: Situation) -> dict[str, int]:
    """How many rows each table of the school has."""
    with now.database.reading() as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in METADATA.tables.items()
        }


def test_a_pack_that_can_t_be_recorded_has_no_name(
    now: Situation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_store: AuditStore, _by: Actor) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(AuditStore, "record_pack", refuse)
    with pytest.raises(StoreError, match="full"):
        write_pack(pack_of(now), now, tmp_path / "pack", BY)
    assert list(tmp_path.glob("pack*")) == []


def test_an_older_file_of_scores_is_read_and_stays_as_it_is(now: Situation) -> None:
    path = now.settings.data_dir / "score.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(f"{SCHEMA_2}; PRAGMA user_version = 2")
        for lesson, at in ((1, 5), (2, 3), (2, 9)):
            at_ns = NOW_NS - at * DAY_NS
            row = (lesson, 1, at, at_ns, 1, 1, b"")
            database.execute("INSERT INTO epochs VALUES(?, ?, ?, ?, ?, ?, ?)", row)
    before = path.read_bytes()
    grid = next(each for each in kept(now).grids() if each.name == "retention-oldest")
    (row,) = [row for row in grid.rows if row[2] == "epochs"]
    assert row[3:] == (now.day(NOW_NS - 9 * DAY_NS), "9", "within the setting")
    assert path.read_bytes() == before


def test_a_folder_that_is_there_is_refused_and_stays(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "mine").write_text("mine")
    config = str(folder / "server.toml")
    assert main(("oversight", "--config", config, "--out", str(tmp_path / "pack"))) == 2
    assert [path.name for path in tmp_path.rglob("*")] == ["pack", "mine"]


def test_without_a_database_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    config = settings_file(tmp_path)
    assert main(("oversight", "--config", str(config), "--out", str(tmp_path / "pack"))) == 2
    assert "has no school.db; check `data_dir`" in capsys.readouterr().err
    assert not (tmp_path / "pack").exists()
    assert list((tmp_path / "data").iterdir()) == []


def test_it_runs_as_the_owner_of_the_data() -> None:
    assert "oversight" in AS_OWNER


def test_a_changed_audit_log_is_named_and_fails(now: Situation) -> None:
    document, is_whole = use(now)
    assert is_whole
    with closing(sqlite3.connect(now.settings.data_dir / "school.db")) as database, database:
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_events'"
        ).fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        database.execute("UPDATE audit_events SET action = 'saw' WHERE number = 3")
    changed, is_whole = use(now)
    assert not is_whole
    assert "NOT as it was written" in str(changed.blocks)
    assert "NOT as it was written" not in str(document.blocks)
    assert not pack_of(now).is_whole


def test_a_purge_stands_there_with_its_hash_and_a_changed_record_fails(now: Situation) -> None:
    log = PurgeLog(now.settings.data_dir)
    request = PurgeRequest(
        id="0123456789abcdef", asked_utc_ns=NOW_NS, room="room-12", lesson=PAST, to_utc_ns=NOW_NS
    )
    record = log.append(request, {"moments": 3, "epochs": 0}, done_utc_ns=NOW_NS)
    document, is_whole = purges(now)
    (grid,) = document.grids()
    assert is_whole
    assert grid.rows == (("1", now.minute(NOW_NS), "a lesson", "3 moments", record.hash),)
    path = now.settings.data_dir / LOG
    path.write_bytes(path.read_bytes().replace(b'"moments":3', b'"moments":4'))
    document, is_whole = purges(now)
    assert not is_whole
    assert "line 1 is not as it was written" in str(document.blocks)


def test_what_is_older_than_its_setting_is_named(now: Situation) -> None:
    def findings(at: Situation) -> dict[str, str]:
        grid = next(each for each in kept(at).grids() if each.name == "retention-oldest")
        return {f"{row[0]} {row[2]}": row[-1] for row in grid.rows}

    fresh = findings(now)
    assert fresh["audit_days entries"] == "within the setting"
    assert fresh["seat_days day files"] == "none is there"
    days = now.settings.data_dir / "days"
    days.mkdir()
    # The full school is of 2025-11-18; seats' files stay for 30 days, and those of the room for 365.
    for name in ("seat-2025-09-30.db", "room-2025-09-30.db", "seat-2025-11-18.db"):
        (days / name).touch()
    found = findings(now)
    assert found["seat_days day files"].startswith("older than the setting")
    assert found["room_days day files"] == "within the setting"
    later = Situation(
        settings=now.settings, database=now.database, utc_ns=NOW_NS + 740 * DAY_NS, version=""
    )
    assert findings(later)["debrief_days notes"].startswith("older than the setting")
    assert findings(later)["audit_days entries"].startswith("older than the setting")
    # Also where a table has no row of its own.
    assert fresh["debrief_days all that retention looks for"] == "nothing is older"
    assert findings(later)["debrief_days all that retention looks for"].startswith("older than")


def test_no_setting_of_retention_is_forgotten(now: Situation) -> None:
    """A new setting belongs into `_oldest` or `_of_school` of roomtone/oversight/kept.py."""
    settings, oldest = kept(now).grids()
    assert [row[0] for row in settings.rows] == list(RetentionSettings.model_fields)
    assert all(len(row[1]) > 10 for row in settings.rows), "its docstring says what it is of"
    assert {row[0] for row in oldest.rows} == set(RetentionSettings.model_fields)


def test_a_place_that_is_closed_to_the_owner_has_its_sentence(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make = Path.mkdir

    def refuse(path: Path, *args: Any, **more: Any) -> None:
        if path.suffix == ".partial":
            raise PermissionError(13, "Permission denied", str(path))
        make(path, *args, **more)

    monkeypatch.setattr(Path, "mkdir", refuse)
    config = str(folder / "server.toml")
    assert main(("oversight", "--config", config, "--out", str(tmp_path / "pack"))) == 1
    assert "name another path" in capsys.readouterr().err


def test_a_collector_stands_among_those_who_get_something(now: Situation) -> None:
    def text(at: Situation) -> str:
        return "\n".join(map(str, inventory(at).blocks))

    assert "Figures for a collector beyond the school: none." in text(now)
    figures = AggregatesSettings(collector="https://figures.example")
    settings = now.settings.model_copy(update={"aggregates": figures})
    assert "go to https://figures.example when" in text(replace(now, settings=settings))
