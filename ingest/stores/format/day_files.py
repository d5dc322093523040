"""Day files: chunks of one kind that were sealed on one UTC day, for retention to unlink.

A file describes itself: it repeats the streams and layouts that its chunks need, so that it can
be read without main.db. Which chunks count is what main.db's table `sealed` says: a chunk that a
crash left here before main.db knew of it is written over when its stretch is sealed again.

Whoever reads a damaged file gets what can still be read. It leaves a note beside the file, for
ingest alone may write down what is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from contract.errors import StoreError
from contract.files.sqlite_file import (
    disk_error,
    is_damage,
    make_directory,
    open_database,
    store_errors,
    sync_directory,
    transaction,
)
from contract.wire.parts import packed_run
from ingest.stores.format.chunks import is_whole
from ingest.stores.records import Stream
from ingest.stores.rules.seal_schedule import KINDS, Kind, is_before

__all__ = ["SCHEMA", "SET_ASIDE", "VERSION", "DayFiles", "SealedChunk", "name_aside"]

VERSION: Final = 1
SCHEMA: Final = """
CREATE TABLE streams(
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, room TEXT NOT NULL, node TEXT NOT NULL,
    run INTEGER NOT NULL, boot TEXT, run_boot_ns INTEGER NOT NULL,
    period_ns INTEGER NOT NULL) STRICT;
CREATE TABLE layouts(id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE chunks(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    layout INTEGER NOT NULL, chunk BLOB NOT NULL) STRICT
"""
_TABLES: Final = ("streams", "layouts", "chunks")
SET_ASIDE: Final = ".db-damaged-"
"""In the name of a damaged file that was set aside and is never read again."""
_NEW: Final = ".new"
_SUSPECT: Final = ".db-suspect"
_AT_ONCE: Final = 32
_CHUNKS: Final = """
SELECT id, stream, first, last, layout, chunk FROM chunks
WHERE id IN (SELECT value FROM json_each(?))
"""


@dataclass(frozen=True, slots=True)
class SealedChunk:
    """One row of `chunks`; `id` is the same in the seats' file, the room's file and main.db."""

    id: int
    stream_id: int
    first: int
    last: int
    layout: int
    chunk: bytes

    def key(self, kind: Kind) -> int:
        """What its checksum begins with: which chunk this is, beside what it holds."""
        return zlib.crc32(f"{kind} {self.id} {self.stream_id} {self.layout}".encode())


class DayFiles:
    """The files `days/KIND-DAY.db` of a data directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "days"

    def path(self, kind: Kind, day: str) -> Path:
        return self._directory / f"{kind}-{day}.db"

    def write(
        self,
        kind: Kind,
        day: str,
        chunks: Sequence[SealedChunk],
        streams: Iterable[Stream],
        layouts: Iterable[tuple[int, str]],
    ) -> None:
        """Keep chunks durably in one transaction, replacing those with the same ids."""
        make_directory(self._directory)
        self._write(self.path(kind, day), chunks, streams, layouts)

    @staticmethod
    def _write(
        path: Path,
        chunks: Sequence[SealedChunk],
        streams: Iterable[Stream],
        layouts: Iterable[tuple[int, str]],
    ) -> None:
        # A rollback journal: nobody writes here but the sealing, and nothing is left beside it.
        database = open_database(path, SCHEMA, VERSION, journal="delete")
        with store_errors(path), closing(database), transaction(database):
            database.executemany(
                "INSERT OR REPLACE INTO streams VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                map(_row, streams),
            )
            database.executemany("INSERT OR REPLACE INTO layouts VALUES(?, ?)", layouts)
            database.executemany(
                "INSERT OR REPLACE INTO chunks VALUES(?, ?, ?, ?, ?, ?)",
                [astuple(chunk) for chunk in chunks],
            )

    def read(self, kind: Kind, day: str, ids: Sequence[int]) -> dict[int, SealedChunk]:
        """The chunks with these ids that can be read; none where the file has been retired.

        Whether what they hold is whole is for `decode_chunk` to say, with their key.
        """
        path = self.path(kind, day)
        try:
            with store_errors(path), closing(_opened(path)) as database:
                try:
                    found = database.execute(_CHUNKS, (json.dumps([*ids]),)).fetchall()
                except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                    if not _is_broken(error):
                        raise
                    # Else SQLite reads nothing at all of a file that is shorter than it says.
                    database.execute("PRAGMA writable_schema = ON")
                    # Around a broken page there are chunks that are whole.
                    found = [row for number in ids for row in _readable(database, number)]
        except StoreError:
            if not path.exists():
                return {}
            raise
        return {row[0]: SealedChunk(*row) for row in found if _is_plain(row)}

    def sound(self, kind: Kind, day: str, listed: Mapping[int, int]) -> set[int]:
        """The ids of the chunks, id → stream, that can be read and are whole."""
        return {
            number
            for some in _in_parts(list(listed))
            for number, chunk in self.read(kind, day, some).items()
            if chunk.stream_id == listed[number] and is_whole(chunk.chunk, chunk.key(kind))
        }

    def fault(self, kind: Kind, day: str) -> str | None:
        """Why nothing more can be written into a file; None if it can, or there is no file."""
        path = self.path(kind, day)
        if not path.exists():
            return None
        if path.stat().st_size == 0:
            return "it is empty"
        try:
            with closing(_opened(path)) as database:
                (version,) = database.execute("PRAGMA user_version").fetchone()
                for table in _TABLES:
                    database.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()  # noqa: S608
                (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not _is_broken(error):
                raise StoreError(f"{path} can't be read ({error}): check the disk.") from error
            return str(error)
        # main.db would say so first if a later Roomtone had written here.
        if version != VERSION:
            return f"it says that its schema is {version}"
        verdict = str(found, "utf-8", "replace")
        return None if verdict == "ok" else verdict.splitlines()[-1]

    def replace(
        self,
        kind: Kind,
        day: str,
        ids: Sequence[int],
        streams: Sequence[Stream],
        layouts: Sequence[tuple[int, str]],
    ) -> Path:
        """Put a new file with these chunks in a damaged one's place; returns what that is now.

        At no moment is there no file: what a crash leaves is one or the other. Without chunks
        there is no new file.
        """
        path = self.path(kind, day)
        new = path.with_name(path.name + _NEW)
        new.unlink(missing_ok=True)
        for some in _in_parts(ids):
            self._write(new, list(self.read(kind, day, some).values()), streams, layouts)
        aside = name_aside(path)
        try:
            # A journal belongs to the damaged file: the new one must not be rolled back by it.
            journal = path.with_name(path.name + "-journal")
            with contextlib.suppress(FileNotFoundError):
                journal.rename(aside.with_name(aside.name + "-journal"))
            try:
                os.link(path, aside)
            except OSError:
                path.rename(aside)  # a file system without second names
            if new.exists():
                new.replace(path)
            else:
                path.unlink(missing_ok=True)
            sync_directory(self._directory)
        except OSError as error:
            raise StoreError(
                f"{path} is damaged, and can't be set aside ({error.strerror}): check the "
                "directory's rights and the room on its disk."
            ) from error
        return aside

    def suspect(self, kind: Kind, day: str) -> None:
        """Leave a note that a file is damaged; without the right to do so, ingest finds it later."""
        with contextlib.suppress(OSError):
            self.path(kind, day).with_suffix(_SUSPECT).touch(mode=0o600)

    def suspects(self) -> list[tuple[Kind, str]]:
        """The files that somebody left a note about."""
        found: list[tuple[Kind, str]] = []
        for kind in KINDS:
            names = sorted(path.stem for path in self._directory.glob(f"{kind}-*{_SUSPECT}"))
            found += [(kind, name.removeprefix(f"{kind}-")) for name in names]
        return found

    def clear(self, kind: Kind, day: str) -> None:
        """Remove the note."""
        with contextlib.suppress(OSError):
            self.path(kind, day).with_suffix(_SUSPECT).unlink(missing_ok=True)

    def held(self, kind: Kind, day: str) -> list[tuple[int, int, int, int]]:
        """(id, stream, first, last) of every chunk in a file, whether it counts or not."""
        path = self.path(kind, day)
        with store_errors(path), closing(_opened(path)) as database:
            return database.execute("SELECT id, stream, first, last FROM chunks").fetchall()

    def rewritten(
        self,
        kind: Kind,
        day: str,
        ids: Sequence[int],
        change: Callable[[SealedChunk], SealedChunk | None],
        target: Path,
    ) -> Iterator[set[int]]:
        """Write a file again as `target`, with these chunks alone, changed or left out (None).

        A few chunks a step, and the source is open only within a step, so that whoever else uses
        it never waits. Yields the ids that went into `target`. The file is whole and durable when
        this ends; one that was not finished is written over by the next.
        """
        path = self.path(kind, day)
        new = target.with_name(target.name + _NEW)
        new.unlink(missing_ok=True)
        with (
            store_errors(new),
            closing(open_database(new, SCHEMA, VERSION, journal="delete")) as into,
        ):
            into.execute("PRAGMA synchronous = OFF")  # it counts from the renaming on
            for some in _in_parts(ids):
                chunks = [
                    changed
                    for _, chunk in sorted(self.read(kind, day, some).items())
                    if (changed := change(chunk)) is not None
                ]
                with transaction(into):
                    self._copy_identity(path, into, chunks)
                    into.executemany(
                        "INSERT INTO chunks VALUES(?, ?, ?, ?, ?, ?)",
                        [astuple(chunk) for chunk in chunks],
                    )
                yield {chunk.id for chunk in chunks}
        try:
            with new.open("rb") as written:
                os.fsync(written.fileno())
            new.replace(target)
            sync_directory(target.parent)
        except OSError as error:
            raise disk_error(target, error) from error

    @staticmethod
    def _copy_identity(path: Path, into: sqlite3.Connection, chunks: list[SealedChunk]) -> None:
        """Give the new file the streams and layouts that its chunks need."""
        if not chunks:
            return
        with store_errors(path), closing(_opened(path)) as source:
            source.text_factory = lambda text: text.decode("utf-8", "replace")
            for table, wanted, fields in (
                ("streams", {chunk.stream_id for chunk in chunks}, 8),
                ("layouts", {chunk.layout for chunk in chunks}, 2),
            ):
                for number in wanted:
                    # Where they are damaged, main.db has them still.
                    with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError):
                        into.executemany(
                            f"INSERT OR IGNORE INTO {table} VALUES({', '.join('?' * fields)})",
                            source.execute(f"SELECT * FROM {table} WHERE id = ?", (number,)),  # noqa: S608
                        )

    def remove_set_aside(self) -> None:
        """Remove damaged files that were set aside: nothing can be purged out of them singly."""
        for directory in (self._directory, self._directory.parent):
            for path in directory.glob(f"*{SET_ASIDE}*"):
                path.unlink(missing_ok=True)

    def retire_set_aside(self, kind: Kind, before: date) -> None:
        """Remove damaged files of a kind that are older than a day, as their values may not stay.

        A damaged main.db counts as the seats', and is as old as its last change.
        """
        for path in self._directory.glob(f"{kind}-*{SET_ASIDE}*"):
            if is_before(path.name.split(SET_ASIDE)[0].removeprefix(f"{kind}-"), before):
                path.unlink(missing_ok=True)
        if kind == "seat":
            for path in self._directory.parent.glob(f"main{SET_ASIDE}*"):
                changed = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).date()
                if changed < before:
                    path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what a crash left of files that were being written again."""
        for path in self._directory.glob(f"*{_NEW}*"):
            path.unlink(missing_ok=True)

    def days(self, kind: Kind) -> list[str]:
        """The days that have a file of this kind."""
        found = sorted(self._directory.glob(f"{kind}-*.db"))
        return [path.stem.removeprefix(f"{kind}-") for path in found]

    def unlink(self, kind: Kind, day: str) -> None:
        """Remove a day's file of a kind; its bytes go back to the disk."""
        path = self.path(kind, day)
        try:
            path.with_name(path.name + "-journal").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            sync_directory(self._directory)
        except OSError as error:
            raise StoreError(
                f"{path} can't be removed ({error.strerror}): check the directory's rights."
            ) from error


def _row(stream: Stream) -> tuple[object, ...]:
    """A row of `streams`, whose schema has no column for the part."""
    run = packed_run(stream.run, stream.part)
    return (
        stream.id, stream.site, stream.room, stream.node, run, stream.boot, stream.run_boot_ns,
        stream.period_ns,
    )  # fmt: skip


def name_aside(path: Path) -> Path:
    """A name that is free, for a damaged file that is set aside."""
    number = 1
    while (aside := path.with_name(f"{path.name}-damaged-{number}")).exists():
        number += 1
    return aside


def _readable(database: sqlite3.Connection, number: int) -> list[tuple[Any, ...]]:
    try:
        return database.execute(_CHUNKS, (f"[{number}]",)).fetchall()
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if not _is_broken(error):
            raise
        return []


def _is_plain(row: tuple[Any, ...]) -> bool:
    """In a damaged file anything may stand anywhere."""
    *numbers, chunk = row
    return isinstance(chunk, bytes) and all(isinstance(number, int) for number in numbers)


def _is_broken(error: Exception) -> bool:
    """Whether the file is no database any more, or none with the tables that it was made with."""
    # What is asked is fixed: an error in it means that the tables are not what they were.
    return is_damage(error) or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR


def _opened(path: Path) -> sqlite3.Connection:
    # Never made by reading: a retired file must not come back empty. Not `ro`, which could not
    # roll back what a crash left half written.
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10)
    database.text_factory = bytes  # nothing is text that is read here, but for what is damaged
    return database


def _in_parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
