"""Day files: sealed chunks of one kind and one UTC day, a file that retention can unlink.

A file describes itself: it repeats the streams and layouts that its chunks need, so that it can
be read without main.db. Which chunks count is what main.db's table `sealed` says: a chunk that a
crash left here before main.db knew of it is written over when its stretch is sealed again.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from contract.errors import StoreError
from ingest.stores.records import Stream
from ingest.stores.sqlite_file import (
    make_directory,
    open_database,
    store_errors,
    sync_directory,
    transaction,
)
from ingest.stores.stretches import Kind

__all__ = ["SET_ASIDE", "DayFiles", "SealedChunk"]

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE streams(
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, room TEXT NOT NULL, node TEXT NOT NULL,
    run INTEGER NOT NULL, boot TEXT, run_boot_ns INTEGER NOT NULL,
    period_ns INTEGER NOT NULL) STRICT;
CREATE TABLE layouts(id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE chunks(
    id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    layout INTEGER NOT NULL, chunk BLOB NOT NULL) STRICT
"""
SET_ASIDE: Final = ".db-damaged-"
"""In the name of a damaged file that was set aside and is never read again."""
_NEW: Final = ".new"
_AT_ONCE: Final = 32
_CHUNKS: Final = "SELECT id, stream, first, last, layout, chunk FROM chunks WHERE id IN ({})"
_MOST_PARAMETERS: Final = 500
_DAMAGE: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_LOG: Final = logging.getLogger("store")


@dataclass(frozen=True, slots=True)
class SealedChunk:
    """One row of `chunks`; `id` is the same in the seats' file, the room's file and main.db."""

    id: int
    stream: int
    first: int
    last: int
    layout: int
    chunk: bytes


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
        path = self.path(kind, day)
        # A rollback journal: nobody writes here but the sealing, and nothing is left beside it.
        database = open_database(path, _SCHEMA, _VERSION, journal="delete")
        with store_errors(path), closing(database), transaction(database):
            database.executemany(
                "INSERT OR REPLACE INTO streams VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
                [astuple(stream) for stream in streams],
            )
            database.executemany("INSERT OR REPLACE INTO layouts VALUES(?, ?)", layouts)
            database.executemany(
                "INSERT OR REPLACE INTO chunks VALUES(?, ?, ?, ?, ?, ?)",
                [astuple(chunk) for chunk in chunks],
            )

    def read(self, kind: Kind, day: str, ids: Sequence[int]) -> dict[int, SealedChunk]:
        """The chunks with these ids that are there; none where the file has been retired.

        Of a damaged file those that can still be read, which may be none.
        """
        path = self.path(kind, day)
        try:
            with store_errors(path), closing(_opened(path)) as database:
                found = _rows(path, database, ids)
        except StoreError:
            if not path.exists():
                return {}
            raise
        return {chunk.id: chunk for chunk in found}

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
        """Write a file anew as `target`, with these chunks alone, changed or left out (None).

        A few chunks a step, and the source is open only within a step, so that whoever else uses
        it never waits. Yields the ids that went into `target`. The file is whole and durable when
        this ends; one that was not finished is written over by the next.
        """
        path = self.path(kind, day)
        new = target.with_name(target.name + _NEW)
        new.unlink(missing_ok=True)
        with (
            store_errors(new),
            closing(open_database(new, _SCHEMA, _VERSION, journal="delete")) as into,
        ):
            into.execute("PRAGMA synchronous = OFF")  # it counts from the renaming on
            for start in range(0, len(ids), _AT_ONCE):
                chunks = [
                    changed
                    for _, chunk in sorted(
                        self.read(kind, day, ids[start : start + _AT_ONCE]).items()
                    )
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
            handle = os.open(new, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            new.replace(target)
            sync_directory(target.parent)
        except OSError as error:
            raise StoreError(f"{target} can't be written ({error.strerror}).") from error

    @staticmethod
    def _copy_identity(path: Path, into: sqlite3.Connection, chunks: list[SealedChunk]) -> None:
        """Give the new file the streams and layouts that its chunks need."""
        if not chunks:
            return
        with store_errors(path), closing(_opened(path)) as source:
            for table, wanted, fields in (
                ("streams", {chunk.stream for chunk in chunks}, 8),
                ("layouts", {chunk.layout for chunk in chunks}, 2),
            ):
                for number in wanted:
                    into.executemany(
                        f"INSERT OR IGNORE INTO {table} VALUES({', '.join('?' * fields)})",
                        source.execute(f"SELECT * FROM {table} WHERE id = ?", (number,)),  # noqa: S608
                    )

    def remove_set_aside(self) -> None:
        """Remove damaged files that were set aside: nothing can be purged out of them singly."""
        for directory in (self._directory, self._directory.parent):
            for path in directory.glob(f"*{SET_ASIDE}*"):
                path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove what a crash left of files that were being written anew."""
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


def _rows(path: Path, database: sqlite3.Connection, ids: Sequence[int]) -> list[SealedChunk]:
    found: list[SealedChunk] = []
    for part in _parts(ids):
        try:
            rows = database.execute(_CHUNKS.format(",".join("?" * len(part))), part).fetchall()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGE:
                raise
            if len(ids) == 1:
                _LOG.error(
                    "%s is damaged (%s), and its chunk %d can't be read: what it held reads as "
                    "missing; restore the file from a backup.", path, error, ids[0],
                )  # fmt: skip
                continue
            # Around a broken page there are chunks that are whole.
            found += [chunk for number in part for chunk in _rows(path, database, [number])]
            continue
        found += [SealedChunk(*row) for row in rows]
    return found


def _opened(path: Path) -> sqlite3.Connection:
    # Never made by reading: a retired file must not come back empty. Not `ro`, which could not
    # roll back what a crash left half written.
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10)


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _MOST_PARAMETERS):
        yield ids[start : start + _MOST_PARAMETERS]
