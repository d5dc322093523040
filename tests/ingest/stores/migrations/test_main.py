"""What the steps of main.db do: the schema of a new file, and what each step promises."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import cbor2
import numpy as np
import pytest

from contract.files.sqlite_file import open_database
from contract.wire.messages import Timebase
from contract.wire.parts import gap_part, late_part, packed_run
from contract.wire.payload import Batch, Layout, decode, encode
from ingest.stores import open_period_reader, open_period_store, open_score_writer
from ingest.stores.migrations.older_main import OLDER_SCHEMAS
from ingest.stores.records import Arrival, Tick
from school import open_lesson_store

GOLDEN = Path(__file__).parents[3] / "golden" / "formats"
KEPT = {"2026-11": 3, "2026-11-later": 4, "2026-11-28": 4, "2026-11-schema-5": 5}
"""Folder → the schema of its main.db."""
MINUTE = 60_000_000_000
UTC_NS = 1_772_445_600 * 1_000_000_000


def schema_of(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {" ".join(sql.split()) for (sql,) in found}


@pytest.mark.parametrize("version", sorted(OLDER_SCHEMAS))
def test_a_file_that_was_brought_up_has_the_schema_of_a_new_one(
    tmp_path: Path, version: int
) -> None:
    (tmp_path / "old").mkdir()
    open_database(tmp_path / "old" / "main.db", OLDER_SCHEMAS[version], version).close()
    for name in ("old", "new"):
        open_period_store(tmp_path / name).close()
    assert schema_of(tmp_path / "old" / "main.db") == schema_of(tmp_path / "new" / "main.db")


@pytest.mark.parametrize(("folder", "version"), KEPT.items())
def test_the_older_schemas_are_those_that_were_in_use(
    folder: str, version: int, tmp_path: Path
) -> None:
    shutil.copytree(GOLDEN / folder / "server", tmp_path / "data")
    open_database(tmp_path / "made.db", OLDER_SCHEMAS[version], version).close()
    assert schema_of(tmp_path / "data" / "main.db") == schema_of(tmp_path / "made.db")


def older(directory: Path, timebases: list[Timebase]) -> None:
    directory.mkdir()
    with closing(open_database(directory / "main.db", OLDER_SCHEMAS[3], 3)) as database:
        for number, node in enumerate(("pi-1", "pi-2"), start=1):
            database.execute(
                "INSERT INTO streams(id, site, room, node, run, boot, run_boot_ns, period_ns, "
                "first_received_utc_ns) VALUES(?, 's', 'r', ?, 7, 'b', 0, 1000000000, ?)",
                (number, node, UTC_NS),
            )
        database.executemany(
            "INSERT INTO timebases VALUES(?, ?, ?, ?, ?, ?)",
            [(t.boot, t.boot_ns, t.node, t.run, t.synchronised, t.encode()) for t in timebases],
        )


def record(
    node: str, at_ns: int, offset_ns: int = UTC_NS, *, is_synchronised: bool = True
) -> Timebase:
    return Timebase(
        node=node, run=7, boot="b", boot_ns=at_ns, utc_ns=offset_ns + at_ns, error_ns=50_000_000,
        synchronised=is_synchronised,
    )  # fmt: skip


def test_clock_records_are_thinned_and_belong_to_their_node(tmp_path: Path) -> None:
    first = [record("pi-1", i * MINUTE) for i in range(1_000)]
    other = [record("pi-2", i * MINUTE, 77, is_synchronised=False) for i in range(9)]
    older(tmp_path / "data", [*first, *other])
    with closing(open_period_store(tmp_path / "data")) as store:
        assert store.timebases(store.stream(1)) == [first[0], first[-1]]
        assert store.timebases(store.stream(2)) == []
        assert store.undated() == [2]
        # And it goes on from there.
        store_rows = sqlite3.connect(tmp_path / "data" / "main.db")
        assert store_rows.execute("SELECT count(*) FROM timebases").fetchone() == (3,)
        store_rows.close()


@pytest.mark.parametrize("folder", ("2026-11-28", "2026-11-schema-5"))
def test_a_part_of_a_run_gets_its_own_column_and_is_read_with_its_run(
    tmp_path: Path, folder: str
) -> None:
    """It was in the highest bits of the run's number up to schema 5."""
    data = Path(shutil.copytree(GOLDEN / folder / "server", tmp_path / "data"))
    with closing(sqlite3.connect(data / "main.db")) as database:
        before = database.execute("SELECT id, run, main FROM streams").fetchall()
    with closing(open_period_store(data)) as store:
        parts = store.parts(1)
        assert [part.part for part in parts] == [gap_part(1), late_part(1), gap_part(2)]
        assert {(part.run, part.main_id) for part in parts} == {(7, 1)}
        everyone = [each for run in store.streams() for each in (run, *store.parts(run.id))]
        assert before == [
            (each.id, packed_run(each.run, each.part), each.main_id)
            for each in sorted(everyone, key=lambda each: each.id)
        ]
        # A kit that is older still goes on with the same streams.
        late = Batch(
            node="pi-1", run=7, part=late_part(1), first_seq=705, boot_ns=5_705 * 10**9,
            period_ns=10**9, synchronised=True, waited_ms=None, layout=Layout((1, 2, 5)),
            values=np.zeros((1, Layout((1, 2, 5)).width), np.uint16),
        )  # fmt: skip
        earlier = cbor2.loads(encode(late))
        earlier[2] = packed_run(earlier[2], earlier.pop(13))
        arrival = Arrival(
            site="school", room="r12", message=decode(cbor2.dumps(earlier)), is_live=False
        )
        (stream_id,) = store.commit(Tick(received_utc_ns=UTC_NS, arrivals=[arrival]))
        assert stream_id == parts[1].id
        assert list(store.kept(stream_id)) == [(700, 705)]


@pytest.mark.parametrize("folder", KEPT)
def test_a_damaged_file_of_an_older_schema_is_saved_and_brought_up(
    folder: str, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(GOLDEN / folder / "server", tmp_path / "data"))
    with closing(sqlite3.connect(data / "main.db")) as database:
        (key,) = database.execute("SELECT min(k) FROM live").fetchone()
        database.execute("UPDATE live SET v = zeroblob(length(v)) WHERE k = ?", (key,))
        database.commit()
    with closing(open_period_store(data)) as store:
        assert (data / "main.db-damaged-1").exists()
        gaps = [gap.reason for stream in store.streams() for gap in store.gaps(stream.id)]
        assert sorted(set(gaps)) == ["damaged", "off"]
        assert store.timebases(store.stream(1))
        with closing(open_period_reader(data)) as reader:
            assert len(reader.streams()) == 3


def test_a_run_is_found_by_time_whatever_cell_was_saved_from_a_damaged_file(tmp_path: Path) -> None:
    data = Path(shutil.copytree(GOLDEN / "2026-11-schema-5" / "server", tmp_path / "data"))
    with closing(sqlite3.connect(data / "main.db")) as database:
        database.execute("UPDATE streams SET cell = 7")
        database.execute("UPDATE live SET v = zeroblob(length(v))")
        database.commit()
    with closing(open_period_store(data)) as store:
        assert (data / "main.db-damaged-1").exists()
        (known,) = store.timebases(store.stream(1))[:1]
        found = store.streams_between("r12", known.utc_ns, known.utc_ns + MINUTE)
        assert [stream.id for stream in found] == [1]


@pytest.mark.parametrize("folder", KEPT)
def test_a_score_file_that_was_brought_up_has_the_schema_of_a_new_one(
    tmp_path: Path, folder: str
) -> None:
    shutil.copytree(GOLDEN / folder / "server", tmp_path / "old")
    for name in ("old", "new"):
        open_score_writer(tmp_path / name).close()
    assert schema_of(tmp_path / "old" / "score.db") == schema_of(tmp_path / "new" / "score.db")


def test_a_school_file_that_was_brought_up_has_the_schema_of_a_new_one(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "2026-11" / "server", tmp_path / "old")
    for name in ("old", "new"):
        open_lesson_store(tmp_path / name).close()
    assert schema_of(tmp_path / "old" / "school.db") == schema_of(tmp_path / "new" / "school.db")
