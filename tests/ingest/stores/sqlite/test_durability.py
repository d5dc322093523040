"""What the SQLite stores promise when things go wrong: kill -9, a full disk, damage."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.errors import StoreError
from contract.quantities.table import MISSING
from contract.wire.messages import Birth, Timebase
from contract.wire.payload import Batch, Layout
from ingest.stores import open_period_reader, open_period_store, open_score_store
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Arrival, EpochRecord, Tick
from ingest.stores.rules.admission import STRETCH
from ingest.stores.sqlite.periods import SqlitePeriodStore
from ingest.stores.upkeep import sealing

SECOND = 1_000_000_000
UTC_NS = 1_772_445_600 * SECOND
LAYOUT = Layout(tuple(range(1, 31)))
LATER = UTC_NS + 24 * 3600 * SECOND

WRITER = """
import sys
from pathlib import Path
from typing import Any
import numpy as np
from contract.wire.payload import Batch, Layout
from ingest.stores import open_period_store
from ingest.stores.records import Arrival, Tick

layout = Layout(tuple(range(1, 31)))
store = open_period_store(Path(sys.argv[1]))
for seq in range(1_000_000):
    messages = [
        Batch(node=f"pi-{i}", run=1, first_seq=seq, boot_ns=seq * 10**9, period_ns=10**9,
              synchronised=True, waited_ms=0, layout=layout,
              values=np.full((1, layout.width), seq % 60_000, np.uint16))
        for i in range(3)
    ]
    store.commit(Tick(received_utc_ns=1, arrivals=[
        Arrival(site="s", room="r", message=m, is_live=True) for m in messages]))
    print(seq, flush=True)
"""


def tick(first: int, n: int = 10, *, nodes: int = 1) -> Tick:
    return Tick(
        received_utc_ns=UTC_NS,
        arrivals=[
            Arrival(
                site="s",
                room="r",
                is_live=True,
                message=Batch(
                    node=f"pi-{i}",
                    run=1,
                    first_seq=first,
                    boot_ns=first * SECOND,
                    period_ns=SECOND,
                    synchronised=True,
                    waited_ms=0,
                    layout=LAYOUT,
                    values=np.arange(first, first + n, dtype=np.uint16)[:, None]
                    + np.zeros(LAYOUT.width, np.uint16),
                ),
            )
            for i in range(nodes)
        ],
    )


def dated() -> Tick:
    birth = Birth(
        node="pi-0",
        run=1,
        boot="b",
        software="1",
        period_ns=SECOND,
        run_boot_ns=0,
        hubs=(),
        seat_codes=(),
        room_codes=(),
        units={},
        synchronised=True,
    )
    record = Timebase(
        node="pi-0", run=1, boot="b", boot_ns=0, utc_ns=UTC_NS, error_ns=0, synchronised=True
    )
    return Tick(received_utc_ns=UTC_NS, births=[("s", "r", birth)], timebases=[record])


def seqs(reader: PeriodReader, stream_id: int = 1) -> list[int]:
    found = []
    for periods in reader.read(stream_id, 0, 1 << 40):
        assert (periods.values == (periods.seqs % 60_000)[:, None]).all()
        found += periods.seqs.tolist()
    return found


@contextmanager
def opened(directory: Path) -> Iterator[SqlitePeriodStore]:
    store = open_period_store(directory)
    assert isinstance(store, SqlitePeriodStore)
    try:
        yield store
    finally:
        store.close()


@pytest.mark.parametrize("commits", (1, 40, 150))
def test_what_was_committed_survives_kill_9(tmp_path: Path, commits: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        for _ in range(commits):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        acknowledged = max(
            [acknowledged, *(int(line) for line in writer.stdout if line.endswith("\n"))]
        )
    with opened(tmp_path) as store:
        last = store.kept(1).without_hole()
        assert acknowledged <= last <= acknowledged + 1
        for stream in (1, 2, 3):
            assert seqs(store, stream) == list(range(last + 1))
            assert list(store.kept(stream)) == [(0, last)]
        assert store.changes(0)[1][0].last_seq == last


def test_a_full_disk_keeps_nothing_of_the_tick_and_heals(tmp_path: Path) -> None:
    with opened(tmp_path) as store, open_reader(tmp_path) as reader:
        store.commit(tick(0, nodes=2))
        cursor = reader.newest_cursor()
        pages = store.database.execute("PRAGMA page_count").fetchone()[0]
        store.database.execute(f"PRAGMA max_page_count = {pages + 2}")
        for _ in range(3):
            with pytest.raises(StoreError, match=r"No room is left to write .*main\.db: free"):
                store.commit(tick(10, nodes=9))
        assert reader.newest_cursor() == cursor
        assert [s.node for s in reader.streams()] == ["pi-0", "pi-1"]
        assert seqs(reader) == list(range(10))
        store.database.execute("PRAGMA max_page_count = 1000000")
        assert store.commit(tick(10, nodes=9)) == list(range(1, 10))
        assert seqs(reader) == list(range(20))
        assert list(reader.kept(1)) == [(0, 19)]
        assert list(reader.kept(9)) == [(10, 19)]


@contextmanager
def open_reader(directory: Path) -> Iterator[PeriodReader]:
    reader = open_period_reader(directory)
    try:
        yield reader
    finally:
        reader.close()


def test_a_crash_between_day_file_and_main_db_doubles_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: sqlite3.Connection) -> None:
        raise KeyboardInterrupt

    with opened(tmp_path) as store:
        store.commit(dated())
        store.commit(tick(0))
        with monkeypatch.context() as patch:
            patch.setattr(sealing, "transaction", crash)
            with pytest.raises(KeyboardInterrupt):
                store.seal(before_utc_ns=LATER)
        assert (tmp_path / "days" / "seat-2026-03-03.db").exists()
        assert seqs(store) == list(range(10))
    with opened(tmp_path) as store:
        assert seqs(store) == list(range(10))
        store.commit(tick(5))
        assert store.seal(before_utc_ns=LATER) == 15
        assert seqs(store) == list(range(15))
    with sqlite3.connect(tmp_path / "days" / "seat-2026-03-03.db") as day:
        assert day.execute("SELECT first, last FROM chunks").fetchall() == [(0, 14)]
    day.close()


def test_a_sealing_that_fails_on_the_way_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as store:
        store.commit(dated())
        for first in (0, 300, 610):
            store.commit(tick(first))
        write, left = store.days.write, [2]

        def fill_up(*arguments: Any) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise StoreError("No room is left.")
            write(*arguments)

        monkeypatch.setattr(sealing, "_TOGETHER", 1)
        monkeypatch.setattr(store.days, "write", fill_up)
        for _ in range(2):
            with pytest.raises(StoreError):
                store.seal(before_utc_ns=LATER)
        left[0] = 99
        store.commit(tick(10))
        store.commit(tick(620))
        expected = [*range(20), *range(300, 310), *range(610, 630)]
        assert seqs(store) == expected
        assert store.seal(before_utc_ns=LATER) == 40
        store.commit(tick(630))
        assert seqs(store) == [*expected, *range(630, 640)]


def test_a_day_file_left_half_written_by_a_crash_is_read_as_it_was(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    with opened(before) as store:
        store.commit(dated())
        for first in range(0, 3_000, 10):
            store.commit(tick(first))
        store.seal(before_utc_ns=LATER)
    day = sqlite3.connect(before / "days" / "seat-2026-03-03.db", isolation_level=None)
    day.execute("PRAGMA cache_size = 2")
    day.execute("BEGIN IMMEDIATE")
    day.execute("UPDATE chunks SET chunk = zeroblob(length(chunk))")
    shutil.copytree(before, after)  # as a crash would leave the files: written in part
    day.close()
    assert (after / "days" / "seat-2026-03-03.db-journal").stat().st_size > 0
    with open_reader(after) as reader:
        assert seqs(reader) == list(range(3_000))


def test_a_file_left_by_a_crash_while_retiring_goes_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with opened(tmp_path) as store:
        store.commit(dated())
        store.commit(tick(0))
        store.seal(before_utc_ns=LATER)
        with monkeypatch.context() as patch:
            patch.setattr(store.days, "unlink", crash)
            with pytest.raises(KeyboardInterrupt):
                store.retire("seat", before=date(2026, 4, 1))
        assert (store.read(1, 0, 9)[0].values[:, :390] == 65535).all()
        assert store.retire("seat", before=date(2026, 4, 1)) == 1
        assert [path.name for path in (tmp_path / "days").iterdir()] == ["room-2026-03-03.db"]


def test_a_reader_sees_whole_ticks_while_the_writer_writes_and_seals(tmp_path: Path) -> None:
    done = threading.Event()
    wrong: list[str] = []

    def follow() -> None:
        with open_reader(tmp_path) as reader:
            while not done.is_set():
                one, two = seqs(reader), len(reader.kept(2))
                if one != list(range(len(one))) or two < len(one):
                    wrong.append(f"{len(one)} periods, then {two}")

    with opened(tmp_path) as store:
        store.commit(dated())
        store.commit(tick(0, nodes=2))
        follower = threading.Thread(target=follow)
        follower.start()
        try:
            for i in range(1, 100):
                store.commit(tick(i * 10, nodes=2))
                if i % 20 == 0:
                    store.seal(before_utc_ns=LATER)
        finally:
            done.set()
            follower.join()
        assert seqs(store) == list(range(1000))
    assert wrong == []


def test_a_follower_that_fell_behind_is_told_the_ledger(tmp_path: Path) -> None:
    store = SqlitePeriodStore(tmp_path, kept_ticks=20)
    for i in range(200):
        store.commit(tick(i, 1))
    cursor, changes = store.changes(3)
    assert cursor == 200
    assert [(c.first_seq, c.last_seq, c.is_live) for c in changes] == [(0, 199, False)]
    assert [(c.first_seq, c.is_live) for c in store.changes(198)[1]] == [(198, True)]
    ticks = store.database.execute("SELECT count(*) FROM arrivals").fetchone()[0]
    assert ticks < 100
    store.close()


def test_a_reader_tells_of_damage_inside_main_db(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for i in range(60):
            store.commit(tick(i * 10, nodes=3))
    path = tmp_path / "main.db"
    damaged = bytearray(path.read_bytes())
    middle = len(damaged) // 4096 // 2 * 4096
    damaged[middle : middle + 40_960] = b"\xa5" * 40_960
    path.write_bytes(damaged)
    with open_reader(tmp_path) as reader:
        with pytest.raises(StoreError, match=r"main\.db is damaged"):
            seqs(reader)
        assert [s.node for s in reader.streams()] == ["pi-0", "pi-1", "pi-2"]


def test_a_damaged_chunk_is_named_and_reads_as_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as store:
        store.commit(dated())
        store.commit(tick(0))
        store.seal(before_utc_ns=LATER)
        path = tmp_path / "days" / "room-2026-03-03.db"
        with sqlite3.connect(path) as day:
            chunk = bytearray(day.execute("SELECT chunk FROM chunks").fetchone()[0])
            chunk[-1] ^= 1
            day.execute("UPDATE chunks SET chunk = ?", (bytes(chunk),))
        day.close()
        for _ in range(3):
            (periods,) = store.read(1, 0, 9)
            assert (LAYOUT.room_values(periods.values) == MISSING).all()
            assert (LAYOUT.seat_values(periods.values) != MISSING).all()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert f"{path} is damaged at chunk 1 (its checksum" in caplog.text


def test_around_a_broken_page_of_a_day_file_the_rest_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as store:
        store.commit(dated())
        for stretch in range(12):
            store.commit(tick(stretch * STRETCH, STRETCH))
        store.seal(before_utc_ns=LATER)
        path = tmp_path / "days" / "seat-2026-03-03.db"
        whole = path.read_bytes()
        lost = []
        for page in range(0, len(whole), 4096):
            path.write_bytes(whole[:page] + b"\xa5" * 4096 + whole[page + 4096 :])
            (periods,) = store.read(1, 0, 12 * STRETCH)
            values = LAYOUT.seat_values(periods.values)[:, 0, 0]
            is_there = values != MISSING
            assert (values == periods.seqs)[is_there].all()
            lost.append(int((~is_there).sum()))
    assert "damaged" in caplog.text
    assert lost[0] == 12 * STRETCH  # the first page says that it is a database
    assert STRETCH in lost  # and elsewhere a page costs its own chunk


def test_scores_and_cursor_come_and_go_together(tmp_path: Path) -> None:
    store = open_score_store(tmp_path)
    epoch = EpochRecord(lesson="x", stream_id=1, first_seq=0, utc_ns=0, model="m", zones=())
    store.commit(cursor=1, epochs=[epoch])
    beyond_sqlite = EpochRecord(
        lesson="x", stream_id=1, first_seq=1 << 70, utc_ns=0, model="m", zones=()
    )
    with pytest.raises(OverflowError):
        store.commit(cursor=2, epochs=[beyond_sqlite])
    assert store.cursor() == 1
    assert store.epochs("x") == [epoch]
    store.close()


def test_what_nothing_dates_is_not_sealed_in_crumbs(tmp_path: Path) -> None:
    """A kit whose clock is wrong goes on for days: its stretches are sealed as others' are."""
    day_ns = 24 * 3600 * SECOND
    with opened(tmp_path) as store:
        for first in range(0, 1_200, 30):
            store.commit(tick(first, 30))
            store.seal(before_utc_ns=UTC_NS + day_ns + first * SECOND)
        (chunks,) = store.database.execute("SELECT count(*) FROM sealed").fetchone()
        assert chunks <= 2 * 5
        assert sum(len(p.seqs) for p in store.read(1, 0, 9_999)) == 1_200
