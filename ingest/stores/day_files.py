"""Day files: sealed chunks of one kind and one UTC day, a file that retention can unlink.

A file describes itself: it repeats the streams and layouts that its chunks need, so that it can
be read without main.db. Which chunks count is what main.db's table `sealed` says: a chunk that a
crash left here before main.db knew of it is written over when its stretch is sealed again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
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

__all__ = ["DayFiles", "SealedChunk"]

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
_CHUNKS: Final = "SELECT id, stream, first, last, layout, chunk FROM chunks WHERE id IN ({})"
_MOST_PARAMETERS: Final = 500


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
        """The chunks with these ids that are there; none where the file has been retired."""
        path = self.path(kind, day)
        try:
            with store_errors(path):
                # Never made by reading: a retired file must not come back empty. Not `ro`, which
                # could not roll back what a crash left half written.
                database = sqlite3.connect(
                    f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=10
                )
                with closing(database):
                    found = [
                        SealedChunk(*row)
                        for part in _parts(ids)
                        for row in database.execute(_CHUNKS.format(",".join("?" * len(part))), part)
                    ]
        except StoreError:
            if not path.exists():
                return {}
            raise
        return {chunk.id: chunk for chunk in found}

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


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _MOST_PARAMETERS):
        yield ids[start : start + _MOST_PARAMETERS]
