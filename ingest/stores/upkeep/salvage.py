"""Gets out of a damaged main.db what can be read, and says what is gone.

Called by the one writer before it opens the store. A damaged file is set aside, never changed;
what it still gives goes into a new one. Periods that the ledger has and no row holds any more
become gaps with the reason `damaged`, so that nobody takes them for kept.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from contract.errors import PayloadError, StoreError
from contract.files.sqlite_file import is_damage, open_database, sync_directory, transaction
from contract.ranges import SeqRanges
from ingest.stores.format.chunk_contents import Holding
from ingest.stores.format.day_files import name_aside
from ingest.stores.format.schema import SCHEMA, VERSION, is_sound, key_of, layout_of
from ingest.stores.migrations.older_main import OLDER_SCHEMAS
from ingest.stores.rows.ledger import put_damaged
from ingest.stores.rows.run_places import place_all
from ingest.stores.rules.admission import STRETCH

__all__ = ["salvage"]

_LOG = logging.getLogger("ingest")
_BESIDE: Final = ("", "-wal", "-shm")
_PLAIN: Final = (
    "streams", "layouts", "stretches", "ledger", "gaps", "sealed", "births", "deaths",
    "timebases", "healths", "aside", "arrivals", "purges", "node_layouts", "notices",
)  # fmt: skip
"""The tables beside `live`."""
_OF_STREAMS: Final = ("stretches", "ledger", "gaps", "sealed", "births", "deaths", "seen_clocks")
_IS_ORPHAN: Final = "stream NOT IN (SELECT id FROM streams)"


def salvage(directory: Path) -> bool:
    """Look at main.db and, if it is damaged, put a new one in its place; whether it was damaged.

    Raises StoreError where files can't be moved. Whoever reads the old file must open the new one.
    """
    path = directory / "main.db"
    if not path.exists() or path.stat().st_size == 0:
        return False
    if (fault := _fault_of(path)) is None:
        return False
    _LOG.error("%s is damaged (%s): saving what can be read.", path, fault)
    aside = name_aside(path)
    fresh = path.with_name("main.db-salvaged")
    try:
        for end in _BESIDE:
            fresh.with_name(fresh.name + end).unlink(missing_ok=True)
        kept, gone = _copied(path, fresh)
        for end in _BESIDE:
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + end).rename(aside.with_name(aside.name + end))
        fresh.rename(path)
        sync_directory(directory)
    except OSError as error:
        raise StoreError(
            f"{path} is damaged, and it can't be set aside ({error.strerror}): check the "
            "directory's rights and the room on its disk."
        ) from error
    if not kept + gone:
        _LOG.error(
            "%s was set aside as %s. No live period is missing by what could be read of it; look "
            "at the last backup for what could not.", path, aside.name,
        )  # fmt: skip
    else:
        _LOG.error(
            "%s was set aside as %s; of what was not sealed yet %d periods could be read, and %d "
            "are gone: a gap says so in each stream.", path, aside.name, kept, gone,
        )  # fmt: skip
    return True


def _fault_of(path: Path) -> str | None:
    """What is wrong with the file, in SQLite's words; None if nothing is."""
    try:
        with closing(sqlite3.connect(path, timeout=10)) as database:
            verdict = str(database.execute("PRAGMA quick_check(1)").fetchone()[0])
            if verdict != "ok":
                return verdict.splitlines()[-1]
            bad = sum(not is_sound(row) for (row,) in database.execute("SELECT v FROM live"))
            if _unread_layouts(database):
                return "the text of a layout has changed"
    except (sqlite3.Error, UnicodeDecodeError) as error:
        is_none = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_NOTADB
        if is_none or not is_damage(error):
            # Locked, no table yet, no right to read, or no database at all, of which nothing
            # could be saved: opening it says what to do.
            return None
        return str(error)
    return f"{bad} live rows fail their check" if bad else None


def _copied(path: Path, fresh: Path) -> tuple[int, int]:
    with (
        closing(sqlite3.connect(path, timeout=10)) as old,
        closing(_opened_as(old, fresh)) as new,
    ):
        # Else SQLite reads nothing at all of a file that is shorter than it says.
        old.execute("PRAGMA writable_schema = ON")
        with transaction(new):
            for table in _PLAIN:
                _copy_table(old, new, table)
            for number in _unread_layouts(new):
                new.execute("DELETE FROM layouts WHERE id = ?", (number,))
            kept = _copy_live(old, new)
            gone = _drop_orphans(new) + _record_gone(new)
            if new.execute("PRAGMA user_version").fetchone()[0] == VERSION:
                place_all(new)  # an older file is brought up when it is opened
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return kept, gone


def _opened_as(old: sqlite3.Connection, fresh: Path) -> sqlite3.Connection:
    """A new file with the schema of the damaged one: it is brought up when it is whole."""
    try:
        version = int(old.execute("PRAGMA user_version").fetchone()[0])
    except (sqlite3.Error, UnicodeDecodeError):
        version = VERSION
    schema = OLDER_SCHEMAS.get(version)
    if schema is None:
        return open_database(fresh, SCHEMA, VERSION)
    return open_database(fresh, schema, version)


def _copy_table(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> None:
    """Both ends of a table, up to where it can't be read: the broken page lies between them."""
    columns = new.execute(f"PRAGMA table_info({table})").fetchall()
    places = ", ".join("?" * len(columns))
    by_key = sorted((column for column in columns if column[5]), key=lambda column: column[5])
    backwards = ", ".join(f"{column[1]} DESC" for column in by_key)
    for order in ("", f" ORDER BY {backwards}"):
        for row in _readable(old, f"SELECT * FROM {table}{order}"):  # noqa: S608
            if row is None:
                break
            with contextlib.suppress(sqlite3.Error):  # a row that no longer fits its table
                new.execute(f"INSERT OR IGNORE INTO {table} VALUES({places})", row)
        else:
            return  # all of it


def _readable(
    database: sqlite3.Connection, question: str, values: Iterable[object] = ()
) -> Iterator[tuple[Any, ...] | None]:
    """Rows, and None where it went wrong."""
    try:
        yield from database.execute(question, tuple(values))
    except (sqlite3.Error, UnicodeDecodeError):
        yield None


def _copy_live(old: sqlite3.Connection, new: sqlite3.Connection) -> int:
    """Each live period by its key: the rest of a table can be reached around a broken page.

    Without its layout a period can't be read.
    """
    layouts = {number for (number,) in new.execute("SELECT id FROM layouts")}
    starts = dict(new.execute("SELECT id, start FROM streams WHERE start IS NOT NULL"))
    kept = 0
    for stream_id, first, last in _live_ranges(new):
        for seq in range(first, last + 1):
            if stream_id not in starts:
                break
            key = key_of(stream_id, starts[stream_id], seq)
            for row in _readable(old, "SELECT v FROM live WHERE k = ?", (key,)):
                if row is not None and is_sound(row[0]) and _layout_number(row[0]) in layouts:
                    new.execute("INSERT OR IGNORE INTO live VALUES(?, ?)", (key, row[0]))
                    kept += 1
    return kept


def _live_ranges(database: sqlite3.Connection) -> list[tuple[int, int, int]]:
    """What the ledger has in stretches that are not sealed, as (stream, first, last)."""
    found = []
    for stream_id, stretch in database.execute("SELECT stream, stretch FROM stretches").fetchall():
        low, high = stretch * STRETCH, (stretch + 1) * STRETCH - 1
        kept = SeqRanges(
            database.execute(
                "SELECT first, last FROM ledger WHERE stream = ? AND last >= ? AND first <= ? "
                "ORDER BY first",
                (stream_id, low, high),
            )
        )
        found += [(stream_id, max(first, low), min(last, high)) for first, last in kept]
    return found


def _drop_orphans(database: sqlite3.Connection) -> int:
    """Forget streams that could not be read, for another may get their number; of how many periods."""
    (gone,) = database.execute(
        f"SELECT coalesce(sum(last - first + 1), 0) FROM ledger WHERE {_IS_ORPHAN}"  # noqa: S608
    ).fetchone()
    there = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
    for table in _OF_STREAMS:
        if table in there:  # the file may be of an older schema
            database.execute(f"DELETE FROM {table} WHERE {_IS_ORPHAN}")  # noqa: S608
    database.execute("DELETE FROM live WHERE k & ((1 << 21) - 1) NOT IN (SELECT id FROM streams)")
    return int(gone)


def _record_gone(database: sqlite3.Connection) -> int:
    """Take out of the ledger what no row holds any more, and put gaps there."""
    gone = 0
    starts = dict(database.execute("SELECT id, start FROM streams"))
    for stream_id, first, last in _live_ranges(database):
        sealed = SeqRanges(
            database.execute(
                "SELECT first, last FROM sealed WHERE stream = ? AND last >= ? AND first <= ?",
                (stream_id, first, last),
            )
        )
        held = SeqRanges()
        for seq in range(first, last + 1):
            key = key_of(stream_id, starts[stream_id] or 0, seq)
            is_there = database.execute("SELECT 1 FROM live WHERE k = ?", (key,)).fetchone()
            if is_there or seq in sealed:
                held.add(seq, seq)
        for low, high in held.missing(first, last):
            gap = Holding(low, high, _seats_of(database, stream_id))
            put_damaged(database, stream_id, [gap], kind=None)
            gone += high - low + 1
    return gone


def _unread_layouts(database: sqlite3.Connection) -> list[int]:
    """The numbers of layouts whose text is none any more."""
    found = []
    for number, body in database.execute("SELECT id, body FROM layouts"):
        try:
            layout_of(body)
        except PayloadError:
            found.append(number)
    return found


def _layout_number(row: bytes) -> int:
    return int.from_bytes(row[:2], "little")


def _seats_of(database: sqlite3.Connection, stream_id: int) -> tuple[int, ...]:
    """The stream's seats, by a row of it that is left, or by the only layout that there is."""
    row = database.execute(
        "SELECT v FROM live WHERE k & ((1 << 21) - 1) = ? LIMIT 1", (stream_id,)
    ).fetchone()
    found = database.execute(
        "SELECT body FROM layouts WHERE ?1 IS NULL OR id = ?1 ORDER BY id DESC LIMIT 1",
        (None if row is None else _layout_number(row[0]),),
    ).fetchone()
    return layout_of(found[0]).seats if found else ()
