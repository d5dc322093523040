"""`roomtone backup` and `roomtone restore`: all that was acknowledged, checked, while it runs."""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from contract.errors import StoreError, UsageError
from contract.wire.messages import Birth, Timebase
from contract.wire.payload import Batch, Layout
from ingest.backup import command as backup_command
from ingest.backup import restore_command
from ingest.purge.log import PurgeLog
from ingest.purge.requests import PurgeFolder, PurgeRequest
from ingest.stores import open_period_reader, open_period_store, open_score_store
from ingest.stores.format.day_files import DayFiles
from ingest.stores.records import Arrival, Tick
from school import open_lesson_store
from tests.ingest.purge.test_command import N, School, found_in, share_found, words_of

SECOND = 1_000_000_000
UTC_NS = 1_772_445_600 * SECOND
LAYOUT = Layout(tuple(range(1, 9)))
ROOMS = 3


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)


def call(command: ModuleType, *words: object) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return int(command.run(parser.parse_args([str(word) for word in words])))


def backup(school: School, target: Path) -> int:
    return call(backup_command, "--config", school.config, target)


def restore(school: School, source: Path, *words: object) -> School:
    """The school as it is in a restored directory."""
    data = source.with_name("restored")
    config = source.with_name("restored.toml")
    config.write_text(f'site = "s"\ndata_dir = "{data}"\n', encoding="utf-8")
    assert call(restore_command, "--config", config, source, *words) == 0
    there = object.__new__(School)
    there.__dict__ = {**school.__dict__, "data": data, "config": config}
    return there


@pytest.mark.parametrize("name", ("backup", "backup.tar"))
def test_everything_comes_back(
    school: School, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    school.purge("--seat", "other-room:4", "--yes")
    assert backup(school, tmp_path / name) == 0
    assert "checked" in capsys.readouterr().out
    there = restore(school, tmp_path / name)
    assert there.seqs("quill-room") == list(range(N))
    with (
        closing(open_score_store(there.data)) as scores,
        closing(open_lesson_store(there.data)) as lessons,
        closing(open_period_store(there.data)) as store,
    ):
        assert lessons.get("quill-room-1") == school.lesson("quill-room")
        assert [m.note for m in lessons.moments("quill-room-1")] == ["notetext quill-room"]
        assert len(scores.epochs("quill-room-1")) == N // 5
        assert scores.alerts("quill-room-1") == [school.alert("quill-room")]
        assert store.count_aside() == 1
        assert store.seal(before_utc_ns=school.starts_ns + 10_000 * SECOND) == 600
    assert len(PurgeLog(there.data).verified()) == 1
    assert [path.name for path in tmp_path.glob("*.partial")] == []
    files = [path for path in there.data.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def tick_of(first: int, n: int) -> Tick:
    """Periods of some rooms, whose values tell which they are."""
    arrivals = []
    for room in range(ROOMS):
        seqs = np.arange(first, first + n)[:, None]
        values = ((seqs * 31 + np.arange(LAYOUT.width) + room) % 60_000).astype(np.uint16)
        batch = Batch(
            node=f"pi-{room}", run=1, first_seq=first, boot_ns=first * SECOND, period_ns=SECOND,
            synchronised=True, waited_ms=0, layout=LAYOUT, values=values,
        )  # fmt: skip
        arrivals.append(Arrival(site="s", room=f"r{room}", message=batch, is_live=True))
    return Tick(received_utc_ns=UTC_NS + first * SECOND, arrivals=arrivals)


def dates() -> Tick:
    births, timebases = [], []
    for room in range(ROOMS):
        node, boot = f"pi-{room}", f"boot-{room}"
        birth = Birth(
            node=node, run=1, boot=boot, software="1", period_ns=SECOND, run_boot_ns=0, hubs=(),
            seat_codes=(), room_codes=(), units={}, synchronised=True,
        )  # fmt: skip
        births.append(("s", f"r{room}", birth))
        timebases.append(
            Timebase(
                node=node, run=1, boot=boot, boot_ns=0, utc_ns=UTC_NS, error_ns=0,
                synchronised=True,
            )
        )  # fmt: skip
    return Tick(received_utc_ns=UTC_NS, births=births, timebases=timebases)


@contextmanager
def keeping(data: Path) -> Iterator[Callable[[], int]]:
    """A writer that commits and seals without a pause; tells the last seq that it has kept."""
    stop, begun, kept = threading.Event(), threading.Event(), [0]

    def keep() -> None:
        with closing(open_period_store(data)) as store:
            store.commit(dates())
            while not stop.is_set():
                first = kept[0]
                store.commit(tick_of(first, 20))
                kept[0] = first + 20
                if first % 600 == 0:
                    store.seal(before_utc_ns=UTC_NS + (first - 900) * SECOND)
                if first >= 1_500:
                    begun.set()

    thread = threading.Thread(target=keep)
    thread.start()
    try:
        assert begun.wait(60)
        yield lambda: kept[0] - 1
    finally:
        stop.set()
        thread.join(60)


def test_nothing_that_was_kept_before_is_missing(tmp_path: Path) -> None:
    data, config = tmp_path / "data", tmp_path / "server.toml"
    config.write_text(f'site = "s"\ndata_dir = "{data}"\n', encoding="utf-8")
    with keeping(data) as newest:
        before = newest()
        assert call(backup_command, "--config", config, tmp_path / "backup") == 0
        assert newest() > before  # it never waited
    config.write_text(f'site = "s"\ndata_dir = "{tmp_path / "restored"}"\n', encoding="utf-8")
    assert call(restore_command, "--config", config, tmp_path / "backup") == 0
    with closing(open_period_reader(tmp_path / "restored")) as reader:
        streams = reader.streams()
        assert len(streams) == ROOMS
        for room, stream in enumerate(streams):
            ((first, last),) = reader.kept(stream.id)
            assert first == 0
            assert last >= before
            (periods,) = reader.read(stream.id, 0, 1 << 30)
            # The ledger and the values are of one state: neither has more than the other.
            assert periods.seqs.tolist() == list(range(last + 1))
            expected = (periods.seqs[:, None] * 31 + np.arange(LAYOUT.width) + room) % 60_000
            np.testing.assert_array_equal(periods.values, expected.astype(np.uint16))
    with closing(open_period_store(tmp_path / "restored")) as store:
        store.seal(before_utc_ns=UTC_NS + 1_000_000 * SECOND)
        store.commit(tick_of(last + 1, 5))  # and keeping goes on
        (periods,) = store.read(1, 0, 1 << 30)
        assert periods.seqs.tolist() == list(range(last + 6))


@pytest.mark.parametrize("table", ("chunks", "streams"))
def test_what_is_damaged_already_is_a_gap_in_what_is_restored(
    school: School, tmp_path: Path, table: str
) -> None:
    with closing(open_period_store(school.data)) as store:
        store.seal(before_utc_ns=school.starts_ns + 10_000 * SECOND)
    # Depending on the time of day, the values are in the files of one day or of two.
    for day in (school.data / "days").glob("seat-*.db"):
        with closing(sqlite3.connect(day)) as database:
            statement = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
            (root,) = database.execute(statement, (table,)).fetchone()
        content = bytearray(day.read_bytes())
        content[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096
        day.write_bytes(content)
    assert backup(school, tmp_path / "backup") == 0
    there = restore(school, tmp_path / "backup")
    with closing(open_period_store(there.data)) as store:
        is_busy = store.check_sealed(max_chunks=100, from_start=True)
        while is_busy:
            is_busy = store.check_sealed(max_chunks=100)
        gone = sum(
            gap.last_seq - gap.first_seq + 1
            for stream in store.streams("quill-room")
            for gap in store.gaps(stream.id)
            if gap.kind == "seat"
        )
    assert (gone == N) == (table == "chunks")


def test_what_is_retired_meanwhile_is_left_out(
    school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewritten = DayFiles.rewritten

    def late(self: DayFiles, kind: str, *words: object) -> object:
        with closing(open_period_store(school.data)) as store:
            store.retire("seat", before=date(2100, 1, 1))
        return rewritten(self, kind, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(DayFiles, "rewritten", late)
    assert backup(school, tmp_path / "backup") == 0
    assert [path.name[:5] for path in (tmp_path / "backup" / "days").iterdir()] == ["room-"]
    with closing(sqlite3.connect(tmp_path / "backup" / "main.db")) as copy:
        assert copy.execute("SELECT DISTINCT kinds FROM sealed").fetchall() == [(2,)]


def test_a_backup_goes_into_a_folder_that_is_there_and_is_no_other_archive(
    school: School, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="mnt is no directory; make it, or mount its disk"):
        backup(school, tmp_path / "mnt" / "b.tar")
    with pytest.raises(UsageError, match=r"a directory, or a file that ends in \.tar"):
        backup(school, tmp_path / "b.zip")
    assert not (tmp_path / "mnt").exists()
    assert not (tmp_path / "b.zip").exists()


def test_nothing_is_written_over(school: School, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="exists; choose another name"):
        backup(school, tmp_path / "there")
    assert backup(school, tmp_path / "backup") == 0
    words = ("--config", school.config, tmp_path / "backup")
    with pytest.raises(UsageError, match="is not empty"):
        call(restore_command, *words)
    assert school.seqs("quill-room") == list(range(N))


def test_a_backup_that_fails_leaves_nothing(
    school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ingest.backup.copy.shutil.copyfile", full)
    school.purge("--seat", "other-room:4", "--yes")
    with pytest.raises(StoreError, match="No space left"):
        backup(school, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("is_packed", (False, True))
def test_a_damaged_backup_is_refused(school: School, tmp_path: Path, is_packed: bool) -> None:
    assert backup(school, tmp_path / "backup") == 0
    file = next((tmp_path / "backup" / "days").iterdir())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    source = tmp_path / "backup"
    if is_packed:
        source = tmp_path / "backup.tar"
        with tarfile.open(source, "w") as tar:
            tar.add(tmp_path / "backup", arcname=".")
            for path in sorted((tmp_path / "backup").rglob("*")):
                if path.is_file():
                    tar.add(path, arcname=path.relative_to(tmp_path / "backup").as_posix())
    with pytest.raises(StoreError, match="its hash is wrong"):
        restore(school, source)
    assert not (tmp_path / "restored").exists()
    assert not list(tmp_path.glob("*.partial"))


def test_what_is_no_backup_is_refused(school: School, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"no readable backup.json"):
        restore(school, tmp_path / "empty")
    (tmp_path / "text.tar").write_text("no", encoding="utf-8")
    with pytest.raises(UsageError, match="is no backup"):
        restore(school, tmp_path / "text.tar")
    with pytest.raises(UsageError, match="is no backup"):
        restore(school, tmp_path / "nothing")
    assert backup(school, tmp_path / "backup") == 0
    manifest = tmp_path / "backup" / "backup.json"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('"main.db"', '"../main.db"'), encoding="utf-8")
    with pytest.raises(UsageError, match=r"no backup has: '\.\./main\.db'"):
        restore(school, tmp_path / "backup")
    manifest.write_text(text.replace('"format": 1', '"format": 2'), encoding="utf-8")
    with pytest.raises(UsageError, match="later version"):
        restore(school, tmp_path / "backup")


def test_no_backup_while_a_purge_is_unfinished(school: School, tmp_path: Path) -> None:
    folder = PurgeFolder(school.data)
    folder.ask(PurgeRequest(id="0" * 16, asked_utc_ns=1, room="quill-room", to_utc_ns=2))
    with pytest.raises(StoreError, match="purge --resume"):
        backup(school, tmp_path / "backup")


@pytest.mark.parametrize("is_first", (True, False))
def test_what_was_purged_since_goes_again(school: School, tmp_path: Path, is_first: bool) -> None:
    if not is_first:
        school.purge("--seat", "other-room:4", "--yes")
    needles = [*school.bytes_of("quill-room", 0, N), *words_of("quill-room")]
    assert backup(school, tmp_path / "backup") == 0
    assert share_found(tmp_path / "backup", needles) > 0.9
    school.purge("--room", "quill-room", "--yes")
    kept = tmp_path / "kept"
    kept.mkdir()
    for name in ("purge-log.jsonl", "purge-key"):
        shutil.copy(school.data / name, kept)
    there = restore(school, tmp_path / "backup", "--purges", kept / "purge-log.jsonl")
    assert there.seqs("quill-room") == []
    assert found_in(there.data, needles) == []
    assert len(PurgeLog(there.data).verified()) == (1 if is_first else 2)
    with closing(open_period_store(there.data)) as store:
        store.commit(school.tick("quill-room", 0, N))
    assert there.seqs("quill-room") == []


def test_another_servers_record_is_refused(school: School, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = School(tmp_path / "other")
    school.purge("--seat", "other-room:4", "--yes")
    other.purge("--seat", "other-room:4", "--yes")
    assert backup(school, tmp_path / "backup") == 0
    with pytest.raises(StoreError, match="signature does not fit"):
        restore(school, tmp_path / "backup", "--purges", other.data / "purge-log.jsonl")
    assert not (tmp_path / "restored").exists()
