"""The steps that bring a main.db of an older schema up; `schema.py` has what it is today.

A table that changes is made again with the very words of a new file, so that a file that was
brought up has the same schema as one that is new.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Final

from contract.errors import DecodeError
from contract.wire.messages import Timebase
from contract.wire.parts import RUN_BITS
from ingest.stores.migrations.migrate import Migrations
from ingest.stores.migrations.older_main import CHANGES
from ingest.stores.rows.clocks import DATES, MAX_RECORDS, UNSET
from ingest.stores.rows.run_places import place_all
from ingest.stores.rules.thinning import ClockMark, insert

__all__ = ["MAIN_MIGRATIONS"]


@contextmanager
def _made_again(database: sqlite3.Connection, table: str, schema: int) -> Iterator[None]:
    """Make what is new in a schema; meanwhile what a table held is in the table `older`."""
    statements = CHANGES[schema].split(";")
    database.execute(f"ALTER TABLE {table} RENAME TO older")
    for statement in statements:
        if "CREATE TABLE" in statement:
            database.execute(statement)
    yield
    database.execute("DROP TABLE older")  # and its indexes, whose names are wanted again
    for statement in statements:
        if "CREATE INDEX" in statement:
            database.execute(statement)


def _from_3(database: sqlite3.Connection) -> None:
    """Clock records belong to their node and are thinned; nodes have shares, and notices.

    The layouts that a node uses from here on count for its share.
    """
    now_ns = time.time_ns()  # nobody noted when they came: not later than now
    counts: Counter[str] = Counter()
    with _made_again(database, "timebases", 4):
        rows = database.execute("SELECT boot, body FROM older ORDER BY boot, boot_ns")
        for boot, of_boot in groupby(rows, key=lambda row: row[0]):
            for (node, use), marks in _thinned((body for _, body in of_boot), now_ns).items():
                kept = marks[: MAX_RECORDS - counts[node]]
                counts[node] += len(kept)
                database.executemany(
                    "INSERT INTO timebases VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [(node, boot, use, *mark) for mark in kept],
                )
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
        try:
            record = Timebase.decode(body)
        except DecodeError:  # a file that was saved after damage may hold anything
            continue
        mark = ClockMark(
            record.boot_ns, record.utc_ns, record.error_ns, record.run, received_utc_ns
        )
        if record.synchronised:
            insert(found[record.node, DATES], mark)
        else:
            found[record.node, UNSET] = [mark]
    return found


def _from_4(database: sqlite3.Connection) -> None:
    """Each run has a cell of time, and clocks' offsets and runs have indexes."""
    with _made_again(database, "streams", 5):
        database.execute("INSERT INTO streams SELECT *, NULL FROM older")
    place_all(database)


def _from_5(database: sqlite3.Connection) -> None:
    """A part of a run has a column of its own; it stood in the highest bits of the run's number."""
    with _made_again(database, "streams", 6):
        database.execute(
            f"""INSERT INTO streams
            SELECT id, site, room, node, run & {(1 << RUN_BITS) - 1}, run >> {RUN_BITS}, boot,
                run_boot_ns, period_ns, start, is_up, first_received_utc_ns, main, cell
            FROM older"""  # noqa: S608
        )
    place_all(database)  # cells that were saved from a damaged file may be any


MAIN_MIGRATIONS: Final[Migrations] = {3: _from_3, 4: _from_4, 5: _from_5}
