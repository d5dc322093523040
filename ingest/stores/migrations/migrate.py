"""Brings a database of an older schema up, after a copy of it that can be put back.

All steps run in one transaction, which is held while the copy is made: the copy is the state that
the steps begin with, and a crash at any point leaves the older file, whose next opening begins
again.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from contract.errors import StoreError
from ingest.stores.sqlite_file import BringUp, sync_directory, too_old, transaction

__all__ = ["Migrations", "copies_of", "left_to", "migrator", "remove_copies"]

Migrations = Mapping[int, Callable[[sqlite3.Connection], None]]
"""Schema n → the step that makes schema n + 1 of it, inside the transaction that is open."""
_LOG: Final = logging.getLogger("store")
_BEFORE: Final = ".before-"
_SPARE_BYTES: Final = 64 << 20
"""What has to be free on the disk beside the copy: the steps write as well."""
_PAGES_AT_ONCE: Final = 1_024


def migrator(migrations: Migrations) -> BringUp:
    """What the program that writes a file gives to `open_database`."""

    def bring_up(connection: sqlite3.Connection, path: Path, version: int) -> None:
        with transaction(connection):
            found = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if found >= version:
                return  # another program has done it meanwhile
            if any(step not in migrations for step in range(found, version)):
                raise too_old(path, found, version)
            _LOG.info("%s has schema %d: bringing it up to %d.", path, found, version)
            copy = _copied(path, found)
            for step in range(found, version):
                migrations[step](connection)
            connection.execute(f"PRAGMA user_version = {version:d}")
        _LOG.info(
            "%s has schema %d now. %s is the file as it was; docs/store.md says how to go back to "
            "it, and when it is removed.", path, version, copy.name,
        )  # fmt: skip

    return bring_up


def left_to(command: str, migrations: Migrations) -> BringUp:
    """What any other program gives: it refuses an older file and names who brings it up."""

    def bring_up(connection: sqlite3.Connection, path: Path, version: int) -> None:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if found >= version:
            return
        if any(step not in migrations for step in range(found, version)):
            raise too_old(path, found, version)
        raise StoreError(
            f"{path} was written by an earlier version of Roomtone (schema {found}, this program "
            f"wants {version}): start `{command}` first, which brings it up."
        )

    return bring_up


def copies_of(path: Path) -> Iterator[Path]:
    """The copies of a database that were made before it was brought up."""
    yield from sorted(path.parent.glob(path.name + _BEFORE + "*"))


def remove_copies(path: Path, *, before_utc_ns: int | None = None) -> int:
    """Remove copies, all of them or those made before a time; how many went."""
    gone = 0
    for copy in copies_of(path):
        if before_utc_ns is None or copy.stat().st_mtime_ns < before_utc_ns:
            copy.unlink(missing_ok=True)
            gone += 1
    return gone


def _copied(path: Path, version: int) -> Path:
    """A durable copy of the last committed state, whatever writes to the file meanwhile."""
    copy = path.with_name(f"{path.name}{_BEFORE}{version}")
    new = copy.with_name(copy.name + ".new")
    _check_room(path)
    try:
        for left in (new, new.with_name(new.name + "-journal")):
            left.unlink(missing_ok=True)
        os.close(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with (
            closing(sqlite3.connect(path, timeout=10)) as source,
            closing(sqlite3.connect(new)) as target,
        ):
            source.backup(target, pages=_PAGES_AT_ONCE, sleep=0)
            # A copy that stands alone: no log beside it has to be kept with it.
            target.execute("PRAGMA journal_mode = delete")
        handle = os.open(new, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        new.replace(copy)
        sync_directory(path.parent)
    except OSError as error:
        raise StoreError(
            f"{path} can't be copied before it is brought up ({error.strerror}): check the disk "
            "and the directory's rights; nothing has changed."
        ) from error
    return copy


def _check_room(path: Path) -> None:
    """Refuse before the disk is full, rather than fill it."""
    beside = (path, path.with_name(path.name + "-wal"))
    needed = sum(each.stat().st_size for each in beside if each.exists())
    needed = 2 * needed + _SPARE_BYTES
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise StoreError(
            f"{path} is of an older version, and bringing it up needs {needed / 1e6:.0f} MB on "
            f"its disk, where {free / 1e6:.0f} MB are free: free some space and start again; "
            "nothing has changed."
        )
