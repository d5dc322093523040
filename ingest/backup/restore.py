"""Restores a backup into an empty data directory: checks it, and purges again what was purged."""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from pydantic import SecretStr, ValidationError

from contract.clock import Clock
from contract.errors import StoreError, UnfitFileError, UsageError
from contract.files.plain_file import open_plain_file
from contract.files.sqlite_file import disk_error, make_directory, sync_directory
from ingest.backup.copy import MANIFEST, BackupManifest, manifest_hash
from ingest.purge.leaving import departure_of
from ingest.purge.log import KEY, LOG, PurgeLog, PurgeRecord
from ingest.purge.requests import PersonLeft, private
from ingest.purge.run import PurgeRun
from ingest.stores import open_period_store, open_score_writer
from ingest.stores.sqlite.database_check import check_database
from ingest.stores.sqlite.known_schemas import DatabaseKind
from school import open_lesson_store, open_school
from school.audit.actor import Actor
from school.video.files import VideoFiles

__all__ = ["Restore"]

_FORMAT: Final = 1
_NAME: Final = re.compile(
    r"(main|score|school)\.db|school_model\.(onnx|json)|days/(seat|room)-(undated-)?\d{4}-\d\d-\d\d\.db|purge-log\.jsonl|purge-key"
    r"|audit-heads\.log|audit-key",
    re.ASCII,
)
_KINDS: Final[dict[str, DatabaseKind]] = {
    "main.db": "main", "score.db": "score", "school.db": "school",
}  # fmt: skip
_MAX_MANIFEST_BYTES: Final = 64 << 20
_PART: Final = 1 << 20
_UNREADABLE: Final = (
    OSError, EOFError, LookupError, ArithmeticError, ValueError, TypeError, RecursionError,
    tarfile.TarError,
)  # fmt: skip
"""What Python's tarfile and json raise for cut or damaged files."""
Open = Callable[[str], IO[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """Restores one backup into a directory that is empty or missing."""

    source: Path
    data_dir: Path
    purges: Path | None
    clock: Clock
    say: Callable[[str], None]
    database_url: SecretStr | None = None
    videos: VideoFiles | None = None

    @property
    def _partial(self) -> Path:
        return self.data_dir.with_name(self.data_dir.name + ".partial")

    def run(self) -> BackupManifest:
        """Copy, check and purge again; only then the directory gets its name."""
        if self.data_dir.exists() and (not self.data_dir.is_dir() or any(self.data_dir.iterdir())):
            raise UsageError(
                f"{self.data_dir} is not empty; set `data_dir` to an empty directory for the restore."
            )
        if self._partial.exists():
            raise UsageError(f"{self._partial} was left by a restore that failed; remove it.")
        with _opened(self.source) as read:
            manifest = self._manifest(read)
            make_directory(self._partial)
            try:
                for number, name in enumerate(sorted(manifest.files), start=1):
                    size = manifest.files[name].size / 1e6
                    self.say(f"{number} of {len(manifest.files)}: {name}, {size:.1f} MB ...")
                    self._copy(read, name, manifest)
                    if name.endswith(".db"):
                        check_database(self._partial / name, _KINDS.get(name, "day"))
                self._purge_again()
                # Refuse a damaged backup, or one of a later version, before the directory has its name.
                with (
                    closing(open_period_store(self._partial)),
                    closing(open_score_writer(self._partial)),
                    closing(open_lesson_store(self._partial, self.database_url)),
                ):
                    pass
                self._partial.rename(self.data_dir)
                sync_directory(self.data_dir.parent)
            except OSError as error:
                if isinstance(error, StoreError):
                    raise
                raise disk_error(self.data_dir, error) from error
            finally:
                shutil.rmtree(self._partial, ignore_errors=True)
        if self.source.is_file() and self.source.stat().st_size % tarfile.RECORDSIZE:
            self.say(
                f"The end of {self.source} is cut off, or another program has packed it again; the "
                "files in it are unchanged."
            )
        return manifest

    def _manifest(self, read: Open) -> BackupManifest:
        try:
            with read(MANIFEST) as file:
                text = file.read(_MAX_MANIFEST_BYTES)
            words = json.loads(text)
            manifest = BackupManifest.model_validate(words)
        except (*_UNREADABLE, ValidationError) as error:
            raise UsageError(
                f"{self.source} is no complete backup: it has no readable {MANIFEST}. Use another "
                "backup."
            ) from error
        if manifest.format > _FORMAT:
            raise UsageError(
                f"{self.source} was made by a later version of Roomtone (format "
                f"{manifest.format}, this program knows {_FORMAT}): install that version."
            )
        strange = [name for name in manifest.files if not _NAME.fullmatch(name)]
        if strange:
            raise UsageError(f"{self.source} lists a file that no backup has: {strange[0]!r}.")
        if "main.db" not in manifest.files:
            raise UsageError(f"{self.source} is no complete backup: it has no main.db.")
        if manifest.own_sha256 and manifest.own_sha256 != manifest_hash(words):
            raise UsageError(
                f"{self.source} is damaged: its {MANIFEST} was changed. Take another backup."
            )
        return manifest

    def _copy(self, read: Open, name: str, manifest: BackupManifest) -> None:
        target = self._partial / name
        make_directory(target.parent)
        note = manifest.files[name]
        found = sha256()
        with open(target, "wb", opener=private) as file:
            for part in self._parts(read, name, note.size):
                found.update(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        if found.hexdigest() != note.sha256:
            raise StoreError(
                f"{name} in {self.source} is damaged: its hash is wrong. Take another backup."
            )
        sync_directory(target.parent)

    def _parts(self, read: Open, name: str, size: int) -> Iterator[bytes]:
        """The bytes of a file of the backup; raises StoreError if they can't be read.

        At most one byte more than the file should have, which makes its hash wrong.
        """
        try:
            with read(name) as source:
                while size >= 0 and (part := source.read(min(_PART, size + 1))):
                    size -= len(part)
                    yield part
        except _UNREADABLE as error:
            raise StoreError(
                f"{name} in {self.source} can't be read ({_reason(error)}): the backup is cut off or "
                "damaged; take another one."
            ) from error

    def _purge_again(self) -> None:
        if self.purges is None:
            return
        newer = self._newer(self.purges)
        running = PurgeRun(
            data_dir=self._partial, clock=self.clock, say=self.say,
            database_url=self.database_url, videos=self.videos,
        )  # fmt: skip
        for record in newer:
            self.say(f"purging again: record {record.number} of {self.purges.name} ...")
            if isinstance(record.request, PersonLeft):
                self._leave_again(record.request)
            else:
                running.repeat(record.request)
        if newer:
            shutil.copyfile(self.purges, self._partial / LOG)
            (self._partial / LOG).chmod(0o600)

    def _leave_again(self, left: PersonLeft) -> None:
        """Remove the name of someone whom the backup brought back."""
        by = Actor(name="roomtone restore", utc_ns=self.clock.utc_ns())
        with closing(open_school(self._partial, self.database_url)) as school:
            school.people.leaving.repeat(departure_of(left), by)

    def _newer(self, purges: Path) -> list[PurgeRecord]:
        """The records that are newer than the backup; raises UsageError if they are not its own."""
        if purges.name != LOG or not purges.is_file():
            raise UsageError(f"--purges is {purges}; expected a {LOG}.")
        key = self._partial / KEY
        if not key.exists():
            # The first purge, which made the key, came after the backup.
            beside = purges.with_name(KEY)
            if not beside.exists():
                raise UsageError(
                    f"The backup is older than the key of purges: put {KEY} beside {LOG}."
                )
            shutil.copyfile(beside, key)
            key.chmod(0o600)
        records = PurgeLog(purges.parent, key=key).verified()
        had = [record.hash for record in PurgeLog(self._partial).verified()]
        if [record.hash for record in records[: len(had)]] != had:
            raise UsageError(f"{purges} belongs to another server than this backup.")
        return records[len(had) :]


@contextmanager
def _opened(source: Path) -> Iterator[Open]:
    """Open a backup; yields a function that opens its files by name."""
    if source.is_dir():
        # Opening a named pipe in place of a file would hang.
        yield lambda name: os.fdopen(open_plain_file(source / name, follow_links=True), "rb")
        return
    try:
        # A pipe can't be read twice, and opening it may block for ever.
        is_file = source.is_file()
        tar = tarfile.open(source, "r:") if is_file else None  # noqa: SIM115
    except _UNREADABLE as error:
        raise UsageError(
            f"{source} is no backup, or its beginning is damaged ({_reason(error)}); give the path "
            "that `roomtone backup` wrote."
        ) from error
    if tar is None:
        why = "is a pipe or a device" if source.exists() else "does not exist"
        raise UsageError(
            f"{source} is no backup: it {why}; give the path that `roomtone backup` wrote."
        )
    with tar:

        def read(name: str) -> IO[bytes]:
            member = tar.getmember(name)
            # A backup has no links and no sparse files.
            if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
                raise UnfitFileError(source / name, "it is no plain file of the archive")
            file = tar.extractfile(member)
            if file is None:
                raise KeyError(name)
            return file

        yield read


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return "it is missing"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
