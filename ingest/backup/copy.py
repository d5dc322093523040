"""Copies a data directory while its programs run, and checks the copy.

The scores are copied first and main.db after them, so that no score is newer than its data. The
copy of main.db is one consistent state from after the start, with everything that had been
acknowledged by then. Sealed chunks never change, so the chunks that this state lists are copied
afterwards. Chunks that were sealed later are left out, because their rows are live in the copy.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from contract.clock import SECOND_NS, Clock
from contract.errors import StoreError, UsageError
from contract.files.sqlite_file import (
    disk_error,
    make_directory,
    store_errors,
    sync_directory,
    transaction,
    writing_errors,
)
from ingest.purge.log import KEY, LOG, PurgeLog
from ingest.purge.requests import PurgeFolder, private, write_whole
from ingest.stores.format.chunks import is_whole
from ingest.stores.format.day_files import DayFiles, SealedChunk
from ingest.stores.rules.seal_schedule import KINDS, Kind
from school.audit.heads import HEADS
from school.audit.heads import KEY as AUDIT_KEY

__all__ = ["MANIFEST", "Backup", "BackupManifest", "FileNote", "digest", "manifest_hash"]

MANIFEST: Final = "backup.json"
_BEFORE: Final = (HEADS,)
"""Copied before the databases: the copy of school.db has every entry that a copied head is of."""
_DATABASES: Final = ("score.db", "main.db", "school.db")
_RECORDS: Final = (LOG, KEY, AUDIT_KEY, "school_model.onnx", "school_model.json")
"""Files that are copied as they are; `roomtone model recalibrate` writes the last two."""
_OTHER_ARCHIVES: Final = frozenset({".7z", ".bz2", ".gz", ".rar", ".tgz", ".xz", ".zip", ".zst"})
_READ: Final = 1 << 20
_REPORT_EACH_NS: Final = 5 * SECOND_NS


class FileNote(BaseModel):
    """Size and hash of a file in a backup, as it was written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: Annotated[int, Field(ge=0, lt=1 << 63)]
    sha256: str


class BackupManifest(BaseModel):
    """The contents of a backup; it is written last, so a backup that has one is complete."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: int = 1
    began_utc_ns: Annotated[int, Field(ge=0, lt=1 << 63)]
    ended_utc_ns: int
    purges: int
    """How many purges were recorded when it was made."""
    files: dict[str, FileNote]
    own_sha256: str = ""
    """The hash of all other fields; "" in backups of earlier versions."""


@dataclass(slots=True, kw_only=True)
class Backup:
    """One backup of a data directory into a new directory, or a new .tar file."""

    data_dir: Path
    target: Path
    clock: Clock
    say: Callable[[str], None]
    database_url: SecretStr | None = None
    _reported_ns: int = field(default=0, init=False)

    @property
    def _partial(self) -> Path:
        return self.target.with_name(self.target.name + ".partial")

    def run(self) -> BackupManifest:
        """Copy and check; only then the copy gets its name."""
        if not (self.data_dir / "main.db").exists():
            raise UsageError(f"{self.data_dir} has no main.db; check `data_dir`.")
        for path in (self.target, self._partial):
            if path.exists():
                raise UsageError(f"{path} exists; choose another name, or remove it.")
        if self.target.suffix.lower() in _OTHER_ARCHIVES:
            raise UsageError(
                f"{self.target}: a backup is a directory, or a file that ends in .tar."
            )
        if not self.target.absolute().parent.is_dir():
            # If its disk is not mounted, the backup must not end up on the disk of the data.
            raise UsageError(
                f"{self.target.absolute().parent} is no directory; make it, or mount its disk."
            )
        self._reported_ns = self.clock.elapsed_ns()
        folder = PurgeFolder(self.data_dir)
        with folder.alone():
            if folder.waiting():
                raise StoreError(
                    "A purge was interrupted, and its data would be in the backup: "
                    "finish it with `roomtone purge --resume`."
                )
            make_directory(self._partial)
            try:
                manifest = self._copy()
                self._finish()
            except OSError as error:
                if isinstance(error, StoreError):
                    raise
                raise disk_error(self.target, error) from error
            finally:
                shutil.rmtree(self._partial, ignore_errors=True)
        return manifest

    def _copy(self) -> BackupManifest:
        began_ns = self.clock.utc_ns()
        self._copy_as_they_are(_BEFORE)
        for name in _DATABASES:
            is_elsewhere = name == "school.db" and self.database_url is not None
            if (self.data_dir / name).exists() and not is_elsewhere:
                self._copy_database(name)
        self._copy_days()
        self._copy_as_they_are(_RECORDS)
        notes = {}
        for path in sorted(self._partial.rglob("*")):
            if path.is_file():
                self._report(f"checking {path.name} ...")
                path.chmod(0o600)
                _sync(path)
                notes[path.relative_to(self._partial).as_posix()] = digest(path)
        manifest = BackupManifest(
            began_utc_ns=began_ns,
            ended_utc_ns=self.clock.utc_ns(),
            purges=len(PurgeLog(self._partial).verified()),
            files=notes,
        )
        manifest = manifest.model_copy(update={"own_sha256": manifest_hash(manifest.model_dump())})
        note = self._partial / MANIFEST
        write_whole(note, f"{manifest.model_dump_json(indent=1)}\n".encode())
        for directory in {note.parent, *(path.parent for path in self._partial.rglob("*"))}:
            sync_directory(directory)
        return manifest

    def _copy_as_they_are(self, names: Iterable[str]) -> None:
        for name in names:
            if (self.data_dir / name).exists():
                shutil.copyfile(self.data_dir / name, self._partial / name)

    def _copy_database(self, name: str) -> None:
        """Copy one state of a database, without its free pages and without blocking its writer."""
        source, target = self.data_dir / name, self._partial / name
        size = source.stat().st_size
        self.say(f"copying {name}, {size / 1e6:.1f} MB ...")
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with store_errors(source), closing(sqlite3.connect(source, timeout=10)) as database:
            database.execute(
                "PRAGMA schema_version"
            )  # opens it, so that an error below is about the copy
            with writing_errors(target):
                database.execute("VACUUM INTO ?", (str(target),))
        with store_errors(target), closing(sqlite3.connect(target)) as copy:
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(
                f"The copy of {source} failed its check ({found}): the file is damaged; restore an "
                "earlier backup."
            )

    def _copy_days(self) -> None:
        """Copy the chunks that the copy of main.db lists; unlist those that were removed since."""
        days, copies = DayFiles(self.data_dir), DayFiles(self._partial)
        main = self._partial / "main.db"
        with store_errors(main), closing(sqlite3.connect(main, isolation_level=None)) as copy:
            files = copy.execute("SELECT DISTINCT day FROM sealed ORDER BY day").fetchall()
            for number, (day,) in enumerate(files, start=1):
                for bit, kind in enumerate(KINDS):
                    rows = copy.execute(
                        "SELECT id FROM sealed WHERE day = ? AND kinds & ? ORDER BY id",
                        (day, 1 << bit),
                    )
                    listed = [chunk for (chunk,) in rows]
                    if not listed:
                        continue
                    self._report(f"copying day {number} of {len(files)}, {kind}-{day}.db ...")
                    target = copies.path(kind, day)
                    make_directory(target.parent)
                    copied: set[int] = set()
                    try:
                        check = partial(self._checked, kind)
                        for some in days.rewritten(kind, day, listed, check, target):
                            copied |= some
                    except StoreError:
                        if days.path(kind, day).exists():
                            raise
                    if not copied:
                        target.unlink(missing_ok=True)
                    # If retention has removed the file meanwhile, its chunks are unlisted. Chunks
                    # missing from a file that exists stay listed, and count as damaged later.
                    is_retired = not days.path(kind, day).exists()
                    gone = [(1 << bit, n) for n in listed if is_retired and n not in copied]
                    with transaction(copy):
                        copy.executemany("UPDATE sealed SET kinds = kinds & ~? WHERE id = ?", gone)
            copy.execute("DELETE FROM sealed WHERE kinds = 0")

    def _checked(self, kind: Kind, chunk: SealedChunk) -> SealedChunk:
        if not is_whole(chunk.chunk, chunk.key(kind)):
            self.say(f"chunk {chunk.id} is already damaged; it is copied as it is.")
        return chunk

    def _finish(self) -> None:
        if self.target.suffix != ".tar":
            self._partial.rename(self.target)
            sync_directory(self.target.parent)
            return
        self.say(f"packing {self.target.name} ...")
        packed = self.target.with_name(self.target.name + ".packing")
        try:
            with open(packed, "wb", opener=private) as file:
                paths = [path for path in self._partial.rglob("*") if path.is_file()]
                with tarfile.open(fileobj=file, mode="w") as tar:
                    for path in sorted(paths, key=lambda path: (path.name != MANIFEST, path)):
                        name = path.relative_to(self._partial).as_posix()
                        tar.add(path, arcname=name, filter=_plain)
                file.flush()
                os.fsync(file.fileno())
            packed.rename(self.target)
        finally:
            packed.unlink(missing_ok=True)
        sync_directory(self.target.parent)

    def _report(self, line: str) -> None:
        now_ns = self.clock.elapsed_ns()
        if now_ns - self._reported_ns >= _REPORT_EACH_NS:
            self._reported_ns = now_ns
            self.say(line)


def digest(path: Path) -> FileNote:
    """A file's size and hash, read from the disk."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return FileNote(size=path.stat().st_size, sha256=sha256)


def manifest_hash(fields: Mapping[str, object]) -> str:
    """The hash of a manifest's JSON, with any keys, but without its own hash."""
    rest = {key: value for key, value in fields.items() if key != "own_sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Use whole seconds: fractions need an extended header, which has no checksum."""
    member.mtime = int(member.mtime)
    return member


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
