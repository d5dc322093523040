"""school.db of a data directory: opened, brought up, and written by any number of programs."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, StaticPool, create_engine, insert
from sqlalchemy.exc import DBAPIError

from contract.errors import StoreError
from contract.files.sqlite_copy import copy_before_upgrade, remove_copies
from contract.files.sqlite_file import (
    emptied_log,
    make_directory,
    open_database,
    store_errors,
    too_old,
    transaction,
)
from school.migrating import SQLITE_VERSION, upgrade
from school.migrations.older_school_db import OLDER_VERSIONS
from school.schema import METADATA, revision

__all__ = ["NAME", "MemoryDatabase", "SqliteDatabase"]

NAME: Final = "school.db"
_LOG: Final = logging.getLogger("store")
_TRIES: Final = 100
_TRY_EACH_S: Final = 0.1


class SqliteDatabase:
    """`SchoolDatabase` in one file, over one connection: its threads take turns."""

    def __init__(self, directory: Path) -> None:
        path = directory / NAME
        make_directory(directory)
        with _sqlite_errors(path):
            self._use(path, open_database(path, None, SQLITE_VERSION, bring_up=_bring_up))

    def _use(self, path: Path, raw: sqlite3.Connection) -> None:
        self._path = path
        self._raw = raw
        self._raw.execute("PRAGMA foreign_keys = ON")
        self._engine, self._connection = _over(raw)
        self._lock = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._lock, _sqlite_errors(self._path):
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._lock, _sqlite_errors(self._path), self._transaction():
            yield self._connection

    @contextmanager
    def recording(self) -> Iterator[Connection]:
        with self._lock, _sqlite_errors(self._path), transaction(self._raw):
            yield self._connection

    @contextmanager
    def removing(self) -> Iterator[Connection]:
        """The file is written again: pages keep stale copies of rows that were moved within it.

        Raises StoreError while another program goes on reading an earlier state of it.
        """
        with self._lock, _sqlite_errors(self._path):
            with self._transaction():
                yield self._connection
            self._raw.execute("VACUUM")
            remove_copies(self._path)
            for _ in range(_TRIES):
                if emptied_log(self._raw):
                    return
                time.sleep(_TRY_EACH_S)
        raise StoreError(
            f"{self._path} is being read without a pause, so what was removed is still in its "
            "log: end the program that reads it and ask again."
        )

    def revision(self) -> int:
        with self._lock, _sqlite_errors(self._path):
            # Not through SQLAlchemy: followers ask twenty times a second.
            return int(self._raw.execute("SELECT value FROM revision").fetchone()[0])

    def close(self) -> None:
        with self._lock:
            _close(self._engine, self._connection)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with transaction(self._raw):
            self._raw.execute("UPDATE revision SET value = value + 1")
            yield


class MemoryDatabase(SqliteDatabase):
    """The same in memory, for one process; whoever is done with it need not close it."""

    def __init__(self) -> None:
        raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        raw.deserialize(_empty_database())
        self._use(Path(":memory:"), raw)
        weakref.finalize(self, _close, self._engine, self._connection)

    removing = SqliteDatabase.writing


@cache
def _empty_database() -> bytes:
    """Today's tables, as the contents of a file: to copy them is faster than to make them."""
    raw = sqlite3.connect(":memory:", isolation_level=None)
    engine, connection = _over(raw)
    METADATA.create_all(connection)
    connection.execute(insert(revision).values(id=0, value=1))
    contents = raw.serialize()
    _close(engine, connection)
    return contents


def _over(raw: sqlite3.Connection) -> tuple[Engine, Connection]:
    """SQLAlchemy on a connection whose transactions `sqlite_file.transaction` begins and ends."""
    engine = create_engine(
        "sqlite://", creator=lambda: raw, poolclass=StaticPool, hide_parameters=True
    )
    return engine, engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def _close(engine: Engine, connection: Connection) -> None:
    connection.close()
    engine.dispose()


def _bring_up(raw: sqlite3.Connection, path: Path, version: int) -> None:
    """Make the tables of a new file; of an older one, after a copy that can be put back."""
    _, connection = _over(raw)
    connection.begin()  # nothing in SQLite: Alembic only sees that the transaction is not its own
    copy = None
    try:
        with transaction(raw):
            found = int(raw.execute("PRAGMA user_version").fetchone()[0])
            if found >= version:
                return  # another program has done it meanwhile
            if found:
                if found < OLDER_VERSIONS[0]:
                    raise too_old(path, found, version)
                _LOG.info("%s has schema %d: bringing it up to %d.", path, found, version)
                copy = copy_before_upgrade(path, found)
            upgrade(connection)
            raw.execute(f"PRAGMA user_version = {version:d}")
    finally:
        connection.close()
    if copy is not None:
        _LOG.info(
            "%s has schema %d now. %s is the file as it was; docs/store.md says how to go back to "
            "it, and when it is removed.", path, version, copy.name,
        )  # fmt: skip


@contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as `store_errors` has them, also those that SQLAlchemy has wrapped."""
    with store_errors(path):
        try:
            yield
        except DBAPIError as error:
            if isinstance(error.orig, sqlite3.Error):
                raise error.orig from None
            raise
