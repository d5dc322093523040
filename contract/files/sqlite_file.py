"""Opens SQLite files as Roomtone wants them: durable, private, checked, one writer each."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Literal

from contract.errors import StoreError

__all__ = [
    "BringUp",
    "WriterLock",
    "disk_error",
    "emptied_log",
    "has_writer",
    "is_damage",
    "make_directory",
    "open_database",
    "store_errors",
    "sync_directory",
    "too_old",
    "transaction",
    "writing_errors",
]

BringUp = Callable[[sqlite3.Connection, Path, int], None]
"""Brings an older file up to a schema, or raises StoreError with what to do: `migrate.py`."""

_BUSY_MS = 10_000
# Opening a file takes milliseconds; ten programs that start at once on a slow card, some seconds.
_ALONE_S = 10.0
_LOOK_S = 0.01
_LOCKS = Path("/proc/locks")
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_NOT_WRITTEN = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
}  # fmt: skip
_NOT_READ = {sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ}
_FULL = {errno.ENOSPC, errno.EDQUOT}
# A write-ahead log that grew while a reader was busy is cut back to this.
_LOG_BYTES = 64 << 20
# Pages of 4 KiB between checkpoints: a page that each tick touches is written back once in all
# of them. 16 MiB.
_CHECKPOINT_PAGES = 4_000
# Each room's newest rows lie on a page of their own: 1,200 of them fit, and a lesson.
_CACHE_KIB = 16_000


def make_directory(directory: Path) -> None:
    """Create the data directory, for its owner alone, unless it exists."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The data directory {directory} can't be made ({error.strerror}): "
            "choose another with `data_dir` or make it writable."
        ) from error


def open_database(
    path: Path,
    schema: str | None,
    version: int,
    *,
    journal: Literal["wal", "delete"] = "wal",
    bring_up: BringUp | None = None,
) -> sqlite3.Connection:
    """A connection to a database whose schema is `version`, made if the file is new.

    Readers make the file as well, so that programs can start in any order. `bring_up` is asked
    about a file of an older schema; without it such a file is refused. Without a `schema` it is
    asked about a new file too, whose version is 0.
    """
    with store_errors(path), ExitStack() as unless_ready:
        with _alone(path.parent):
            _touch(path)
            connection = sqlite3.connect(
                path, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False
            )
            unless_ready.callback(connection.close)
            is_older = _prepare(connection, path, schema, version, journal)
        if is_older:
            # Not within `_alone`: the others must not wait for as long as this may take.
            (bring_up or _refuse)(connection, path, version)
        unless_ready.pop_all()
        return connection


def _refuse(connection: sqlite3.Connection, path: Path, version: int) -> None:
    raise too_old(path, connection.execute("PRAGMA user_version").fetchone()[0], version)


def too_old(path: Path, found: int, version: int) -> StoreError:
    """A file of a schema that nothing here can bring up."""
    return StoreError(
        f"{path} was written by an earlier version of Roomtone (schema {found}, this program "
        f"wants {version}): continue with that version, or begin with a new data directory."
    )


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One program at a time opens files here: SQLite does not wait while it changes journals.

    Nobody holds this for longer than it takes to open a file, so whoever does is stopped or hangs,
    and waiting for it for ever would hang every start after it.
    """
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(
            f"The data directory {directory} can't be opened ({error.strerror}): check its rights."
        ) from error
    try:
        until = time.monotonic() + _ALONE_S
        while not _locked(handle):
            if time.monotonic() >= until:
                raise StoreError(
                    f"Files in {directory} can't be opened: {_holder(handle)} has held the "
                    f"directory for {_ALONE_S:g} s. It is stopped or hangs: continue with it "
                    "(kill -CONT), or end it."
                )
            time.sleep(_LOOK_S)
        yield
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(handle: int) -> str:
    """Who has the lock on an open file, in words, as far as the kernel says."""
    inode = os.fstat(handle).st_ino
    try:
        locks = _LOCKS.read_text(encoding="ascii").splitlines()
        # 1: FLOCK  ADVISORY  WRITE 4711 08:01:131074 0 EOF; a waiting one has -> in second place.
        words = [line.split() for line in locks if "->" not in line]
        pid = next(
            line[4] for line in words if line[1] == "FLOCK" and line[5].endswith(f":{inode}")
        )
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        return f"process {pid} ({command.decode('utf-8', 'replace').strip()})"
    except (OSError, IndexError, StopIteration):
        return "another program"


def _touch(path: Path) -> None:
    # SQLite gives its log and index files the rights of the database.
    try:
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            sync_directory(path.parent)
    except OSError as error:
        raise StoreError(
            f"{path} can't be opened ({error.strerror}): check the rights and the disk."
        ) from error


def sync_directory(directory: Path) -> None:
    """Make durable that files have come or gone; raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prepare(
    connection: sqlite3.Connection, path: Path, schema: str | None, version: int, journal: str
) -> bool:
    """Set a connection up, and make its tables if the file is new; whether it is older."""
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > version:
        raise StoreError(
            f"{path} was written by a later version of Roomtone (schema {found}, this program "
            f"knows {version}): install that version, or restore a backup made before."
        )
    mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
    if mode != journal:
        connection.execute(f"PRAGMA journal_mode = {journal}")
    if journal == "wal":
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
    if found == 0 and schema is not None:
        with transaction(connection):
            # Another program may have made it since.
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                for statement in schema.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version:d}")
    return found < version and (found > 0 or schema is None)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: all of it or, on any error, nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        # Not after a commit; a full disk or an I/O error may have ended the transaction as well.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def emptied_log(connection: sqlite3.Connection) -> bool:
    """Move all of the write-ahead log into the file and cut the log to nothing; no waiting.

    False while another program reads an earlier state out of the log: try again.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    return not is_busy


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into StoreErrors that say what to do."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.DataError):
        raise  # the machine is well; it is what was to be written that does not fit
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise StoreError(_sentence(path, error)) from error


@contextmanager
def writing_errors(path: Path) -> Iterator[None]:
    """Turn the errors of writing `path` into StoreErrors, where another database is open too."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code & 0xFF not in _NOT_WRITTEN or code in _NOT_READ:
            raise
        raise StoreError(_sentence(path, error)) from error


def disk_error(path: Path, error: OSError) -> StoreError:
    """What the system said when `path` could not be written, as a sentence that names the disk."""
    reason = f"{path} can't be written ({error.strerror or error})"
    if error.errno in _FULL:
        return StoreError(f"{reason}: free space on its disk, which is mounted at {_disk(path)}.")
    return StoreError(f"{reason}: check its disk.")


def _disk(path: Path) -> Path:
    disk = Path(os.path.realpath(path))
    while not disk.is_mount() and disk != disk.parent:
        disk = disk.parent
    return disk


def is_damage(error: Exception) -> bool:
    """Whether an error says that a file's bytes are not a database's."""
    # What SQLite says of a damaged schema quotes it, and then is no text either.
    is_no_text = isinstance(error, UnicodeDecodeError)
    return is_no_text or getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def _sentence(path: Path, error: Exception) -> str:
    # The primary code is the low byte; errors of the module itself have none.
    code = getattr(error, "sqlite_errorcode", -1) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        # No promise to try again: a program that does so says it itself, and a command does not.
        return (
            f"No room is left to write {path}: free space on its disk, which is mounted at "
            f"{_disk(path)}."
        )
    if is_damage(error):
        return (
            f"{path} is damaged ({error}): stop the program that writes it, then restore a backup, "
            "or move the file and its -wal and -shm away to begin with an empty one."
        )
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return f"{path} has been locked for {_BUSY_MS // 1000} s: end the program that holds it."
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        return f"{path} can't be written ({error}): check its rights and its directory's."
    return f"{path} can't be read or written ({error}): check the disk."


class WriterLock:
    """Holds the right to write a file, over all processes, until it is released or they end."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + "-writer")
        self._held: int | None = None

    def acquire(self) -> None:
        """Take the lock; raises StoreError if another writer has it. Taking it twice is fine."""
        if self._held is not None:
            return
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{self._path} can't be opened ({error.strerror}).") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            written = self._path.name.removesuffix("-writer")
            raise StoreError(
                f"Another program writes {written} in {self._path.parent}: "
                "end it first, or use another data directory."
            ) from error
        self._held = handle

    def release(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None


def has_writer(path: Path) -> bool:
    """Whether some program holds the right to write a file at this moment."""
    lock = WriterLock(path)
    try:
        lock.acquire()
    except StoreError:
        return True
    lock.release()
    return False
