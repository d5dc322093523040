"""Puts a backup back into an empty data directory, checked, and without what was purged since."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from pydantic import ValidationError

from contract.clock import Clock
from contract.errors import StoreError, UsageError
from ingest.backup import MANIFEST, Manifest
from ingest.purge_log import KEY, LOG, PurgeLog, Recorded
from ingest.purge_requests import private
from ingest.purge_run import PurgeRun
from ingest.stores import open_lesson_store, open_period_store, open_score_writer
from ingest.stores.sqlite_file import make_directory, sync_directory

__all__ = ["Restore"]

_FORMAT: Final = 1
_NAME: Final = re.compile(
    r"(main|score|school)\.db|school_model\.(onnx|json)|days/(seat|room)-(undated-)?\d{4}-\d\d-\d\d\.db|purge-log\.jsonl|purge-key"
)
_MOST_MANIFEST: Final = 64 << 20
_PART: Final = 1 << 20
Open = Callable[[str], IO[bytes]]


class Restore:
    """One restoring of a backup into a directory that holds nothing yet."""

    def __init__(
        self,
        *,
        source: Path,
        data_dir: Path,
        purges: Path | None,
        clock: Clock,
        say: Callable[[str], None],
    ) -> None:
        self._source = source
        self._data_dir = data_dir
        self._partial = data_dir.with_name(data_dir.name + ".partial")
        self._purges = purges
        self._clock = clock
        self._say = say

    def run(self) -> Manifest:
        """Copy, check, purge again; only then the directory gets its name."""
        if self._data_dir.exists() and (
            not self._data_dir.is_dir() or any(self._data_dir.iterdir())
        ):
            raise UsageError(f"{self._data_dir} is not empty; a backup is restored beside it.")
        if self._partial.exists():
            raise UsageError(f"{self._partial} was left by a restore that failed; remove it.")
        with _opened(self._source) as read:
            manifest = self._manifest(read)
            make_directory(self._partial)
            try:
                for number, name in enumerate(sorted(manifest.files), start=1):
                    size = manifest.files[name].size / 1e6
                    self._say(f"{number} of {len(manifest.files)}: {name}, {size:.1f} MB ...")
                    self._copy(read, name, manifest)
                self._purge_again()
                # A backup of a later version, or a damaged one, is refused before it has a name.
                for store in (open_period_store, open_score_writer, open_lesson_store):
                    with closing(store(self._partial)):
                        pass
                self._partial.rename(self._data_dir)
                sync_directory(self._data_dir.parent)
            finally:
                shutil.rmtree(self._partial, ignore_errors=True)
        return manifest

    def _manifest(self, read: Open) -> Manifest:
        try:
            with read(MANIFEST) as file:
                manifest = Manifest.model_validate_json(file.read(_MOST_MANIFEST))
        except (OSError, KeyError, ValidationError) as error:
            raise UsageError(
                f"{self._source} is no whole backup: it has no readable {MANIFEST}."
            ) from error
        if manifest.format > _FORMAT:
            raise UsageError(
                f"{self._source} was made by a later version of Roomtone (format "
                f"{manifest.format}, this program knows {_FORMAT}): install that version."
            )
        strange = [name for name in manifest.files if not _NAME.fullmatch(name)]
        if strange:
            raise UsageError(f"{self._source} names a file that no backup has: {strange[0]!r}.")
        return manifest

    def _copy(self, read: Open, name: str, manifest: Manifest) -> None:
        target = self._partial / name
        make_directory(target.parent)
        note = manifest.files[name]
        found = sha256()
        try:
            with read(name) as source, open(target, "wb", opener=private) as file:
                while part := source.read(_PART):
                    found.update(part)
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, KeyError) as error:
            raise StoreError(f"{name} of {self._source} can't be restored: {error}.") from error
        if found.hexdigest() != note.sha256:
            raise StoreError(
                f"{name} of {self._source} is not as it was written: take another backup."
            )
        sync_directory(target.parent)

    def _purge_again(self) -> None:
        if self._purges is None:
            return
        newer = self._newer()
        running = PurgeRun(data_dir=self._partial, clock=self._clock, say=self._say)
        for record in newer:
            self._say(f"purging again: record {record.number} of {self._purges.name} ...")
            running.repeat(record.request)
        if newer:
            shutil.copyfile(self._purges, self._partial / LOG)
            (self._partial / LOG).chmod(0o600)

    def _newer(self) -> list[Recorded]:
        """The records that the backup does not have; raises UsageError if they don't follow it."""
        assert self._purges is not None
        if self._purges.name != LOG or not self._purges.is_file():
            raise UsageError(f"--purges is {self._purges}; expected a {LOG}.")
        key = self._partial / KEY
        if not key.exists():
            # The first purge came after the backup, and made the key.
            beside = self._purges.with_name(KEY)
            if not beside.exists():
                raise UsageError(f"The backup is older than its key: put {KEY} beside {LOG}.")
            shutil.copyfile(beside, key)
            key.chmod(0o600)
        records = PurgeLog(self._purges.parent, key=key).verified()
        had = [record.hash for record in PurgeLog(self._partial).verified()]
        if [record.hash for record in records[: len(had)]] != had:
            raise UsageError(f"{self._purges} is not the record of the server of this backup.")
        return records[len(had) :]


@contextmanager
def _opened(source: Path) -> Iterator[Open]:
    """A way to read the files of a backup by name."""
    if source.is_dir():
        yield lambda name: (source / name).open("rb")
        return
    try:
        tar = tarfile.open(source, "r:")  # noqa: SIM115
    except (OSError, tarfile.TarError) as error:
        raise UsageError(f"{source} is no backup ({error}).") from error
    with tar:

        def read(name: str) -> IO[bytes]:
            file = tar.extractfile(name)
            if file is None:
                raise KeyError(name)
            return file

        yield read
