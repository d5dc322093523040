"""The copy of a SQLite file that is made before its schema is brought up, and can be put back."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from contract.errors import StoreError
from contract.files.sqlite_file import sync_directory

__all__ = ["copies_of", "copy_before_upgrade", "remove_copies"]

_BEFORE: Final = ".before-"
_SPARE_BYTES: Final = 64 << 20
"""What has to be free on the disk beside the copy: the upgrade writes as well."""
_PAGES_AT_ONCE: Final = 1_024


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


def copy_before_upgrade(path: Path, version: int) -> Path:
    """A durable copy of the last committed state, whatever writes to the file meanwhile.

    Raises StoreError where the disk has no room for it, or the directory can't be written.
    """
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
