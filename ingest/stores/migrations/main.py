"""The steps that bring a main.db of an older schema up; `schema.py` has what it is today.

A table that changes is made again with the very words of a new file, so that a file that was
brought up has the same schema as one that is new.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Final

from contract.errors import DecodeError
from contract.wire.messages import Timebase
from contract.wire.parts import RUN_BITS
from ingest.stores.migrations.migrate import Migrations
from ingest.stores.rows.clocks import DATES, MAX_RECORDS, UNSET
from ingest.stores.rows.run_places import place_all
from ingest.stores.rules.thinning import ClockMark, insert

__all__ = ["MAIN_MIGRATIONS"]

_TIMEBASES_4: Final = """
CREATE TABLE timebases(
    node TEXT NOT NULL, boot TEXT NOT NULL, use INTEGER NOT NULL, boot_ns INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL, error_ns INTEGER NOT NULL, run INTEGER NOT NULL,
    received_utc_ns INTEGER NOT NULL, is_thinned INTEGER NOT NULL,
    PRIMARY KEY(node, boot, use, boot_ns)) STRICT, WITHOUT ROWID"""

_NEW_IN_4: Final = (
    "CREATE TABLE notes(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE day_files(
    kind TEXT NOT NULL, day TEXT NOT NULL, newest_utc_ns INTEGER NOT NULL,
    PRIMARY KEY(kind, day)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE node_layouts(
    node TEXT NOT NULL, layout INTEGER NOT NULL, PRIMARY KEY(node, layout)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE notices(
    node TEXT NOT NULL, kind TEXT NOT NULL, room TEXT NOT NULL, sentence TEXT NOT NULL,
    count INTEGER NOT NULL, first_utc_ns INTEGER NOT NULL, last_utc_ns INTEGER NOT NULL,
    PRIMARY KEY(node, kind)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE seen_clocks(
    stream INTEGER PRIMARY KEY, offset_ns INTEGER NOT NULL, seen_utc_ns INTEGER NOT NULL) STRICT""",
)


_STREAMS_5: Final = """
CREATE TABLE streams(
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, room TEXT NOT NULL, node TEXT NOT NULL,
    run INTEGER NOT NULL, boot TEXT, run_boot_ns INTEGER NOT NULL, period_ns INTEGER NOT NULL,
    start INTEGER, is_up INTEGER NOT NULL DEFAULT 0, first_received_utc_ns INTEGER NOT NULL,
    main INTEGER, cell INTEGER, UNIQUE(node, run)) STRICT"""
_INDEXES_5: Final = (
    "CREATE INDEX streams_main ON streams(main) WHERE main IS NOT NULL",
    "CREATE INDEX streams_place ON streams(room, cell)",
    "CREATE INDEX streams_clock ON streams(node, boot)",
    "CREATE INDEX timebases_offset ON timebases(node, boot, utc_ns - boot_ns) WHERE use = 1",
)
_STREAMS_6: Final = """
CREATE TABLE streams(
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, room TEXT NOT NULL, node TEXT NOT NULL,
    run INTEGER NOT NULL, part INTEGER NOT NULL, boot TEXT, run_boot_ns INTEGER NOT NULL,
    period_ns INTEGER NOT NULL, start INTEGER, is_up INTEGER NOT NULL DEFAULT 0,
    first_received_utc_ns INTEGER NOT NULL, main INTEGER, cell INTEGER,
    UNIQUE(node, run, part)) STRICT"""
_INDEXES_6: Final = (
    "CREATE INDEX streams_main ON streams(main) WHERE main IS NOT NULL",
    "CREATE INDEX streams_place ON streams(room, cell)",
    "CREATE INDEX streams_clock ON streams(node, boot)",
)


def _from_3(database: sqlite3.Connection) -> None:
    """Clock records belong to their node and are thinned; nodes have shares, and notices.

    The layouts that a node uses from here on count for its share.
    """
    for table in _NEW_IN_4:
        database.execute(table)
    now_ns = time.time_ns()  # nobody noted when they came: not later than now
    database.execute("ALTER TABLE timebases RENAME TO timebases_3")
    database.execute(_TIMEBASES_4.strip())
    counts: Counter[str] = Counter()
    rows = database.execute("SELECT boot, body FROM timebases_3 ORDER BY boot, boot_ns")
    for boot, of_boot in groupby(rows, key=lambda row: row[0]):
        for (node, use), marks in _thinned((body for _, body in of_boot), now_ns).items():
            kept = marks[: MAX_RECORDS - counts[node]]
            counts[node] += len(kept)
            database.executemany(
                "INSERT INTO timebases VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        node, boot, use, mark.boot_ns, mark.utc_ns, mark.error_ns, mark.run,
                        mark.received_utc_ns, mark.is_thinned,
                    )
                    for mark in kept
                ],
            )  # fmt: skip
    database.execute("DROP TABLE timebases_3")
    database.execute("CREATE INDEX timebases_refuted ON timebases(node, boot) WHERE use = 2")
    _stamp_day_files(database, now_ns)


def _stamp_day_files(database: sqlite3.Connection, now_ns: int) -> None:
    """Nobody noted when the day files were sealed; they were last changed then."""
    (path,) = (row[2] for row in database.execute("PRAGMA database_list") if row[1] == "main")
    for file in sorted((Path(path).parent / "days").glob("*-*.db")):
        kind, _, day = file.stem.partition("-")
        database.execute(
            "INSERT OR REPLACE INTO day_files VALUES(?, ?, ?)",
            (kind, day, min(file.stat().st_mtime_ns, now_ns)),
        )


def _thinned(
    bodies: Iterable[bytes], received_utc_ns: int
) -> dict[tuple[str, int], list[ClockMark]]:
    """The records of a boot by node and use; of unset clocks the newest word."""
    found: dict[tuple[str, int], list[ClockMark]] = defaultdict(list)
    for body in bodies:
        record = _decoded(body)
        if record is None:
            continue
        mark = ClockMark(
            record.boot_ns, record.utc_ns, record.error_ns, record.run, received_utc_ns
        )
        if record.synchronised:
            insert(found[record.node, DATES], mark)
        else:
            found[record.node, UNSET] = [mark]
    return found


def _decoded(body: bytes) -> Timebase | None:
    try:
        return Timebase.decode(body)
    except DecodeError:  # a file that was saved after damage may hold anything
        return None


def _from_4(database: sqlite3.Connection) -> None:
    """Each run has a cell of time, and clocks' offsets and runs have indexes."""
    database.execute("ALTER TABLE streams RENAME TO streams_4")
    database.execute(_STREAMS_5.strip())
    columns = (
        "id, site, room, node, run, boot, run_boot_ns, period_ns, start, is_up, "
        "first_received_utc_ns, main"
    )
    database.execute(
        f"INSERT INTO streams({columns}) SELECT {columns} FROM streams_4"  # noqa: S608
    )
    database.execute("DROP TABLE streams_4")
    for index in _INDEXES_5:
        database.execute(index)
    place_all(database)


def _from_5(database: sqlite3.Connection) -> None:
    """A part of a run has a column of its own; it stood in the highest bits of the run's number."""
    columns = "boot, run_boot_ns, period_ns, start, is_up, first_received_utc_ns, main, cell"
    for statement in (
        "ALTER TABLE streams RENAME TO streams_5",
        _STREAMS_6.strip(),
        f"""INSERT INTO streams(id, site, room, node, run, part, {columns})
            SELECT id, site, room, node, run & {(1 << RUN_BITS) - 1}, run >> {RUN_BITS}, {columns}
            FROM streams_5""",  # noqa: S608
        "DROP TABLE streams_5",
        *_INDEXES_6,
    ):
        database.execute(statement)
    place_all(database)  # cells that were saved from a damaged file may be any


MAIN_MIGRATIONS: Final[Migrations] = {3: _from_3, 4: _from_4, 5: _from_5}
