"""One backup off this computer: a checked copy of the data, given to restic, and a note of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contract.clock import Clock
from contract.errors import RoomtoneError, StoreError, UsageError
from contract.files.sqlite_file import make_directory
from ingest.backup.copy import Backup
from ingest.backup.notes import BackupNotes, read_notes, write_notes
from ingest.backup.restic import Restic
from ingest.settings import ServerSettings
from school.database_url import postgres_url, public_url, without_secrets

__all__ = ["COPIED", "DUMP", "SETTINGS_COPY", "Nightly", "repository_of", "stage_of"]

COPIED: Final = "data"
"""The backed up folder's copy of the data directory, as `roomtone backup` makes it."""
DUMP: Final = "school.dump"
"""And of a PostgreSQL database, in pg_dump's custom format."""
SETTINGS_COPY: Final = "server.toml"


def stage_of(data_dir: Path) -> Path:
    """Where a backup is made ready: beside the data, always the same, so that restic compares."""
    return data_dir.with_name(f"{data_dir.name}.backup")


def repository_of(settings: ServerSettings) -> Restic:
    """The repository of the settings; raises UsageError without one."""
    named = settings.backup.repository
    if named is None:
        raise UsageError(
            "No backup goes off this computer: name a place with `sudo roomtone server backup --to "
            "PLACE`, such as a folder on another disk."
        )
    return Restic(
        repository=named, key_file=settings.backup.key_file,
        cache=settings.data_dir.with_name(f"{settings.data_dir.name}.restic-cache"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Nightly:
    """One backup."""

    settings: ServerSettings
    config: Path
    clock: Clock
    say: Callable[[str], None]

    def run(self, *, only_newest: bool = False) -> BackupNotes:
        """Back up, remove what is too old, and note it; a failure is noted too, and raised."""
        data_dir = self.settings.data_dir.absolute()
        before = read_notes(data_dir)
        try:
            notes = self._backed_up(data_dir, before, only_newest=only_newest)
        except (RoomtoneError, OSError) as error:
            failed = {"failed_utc_ns": self.clock.utc_ns(), "failure": str(error)}
            write_notes(data_dir, before.model_copy(update=failed))
            raise
        write_notes(data_dir, notes)
        return notes

    def _backed_up(self, data_dir: Path, before: BackupNotes, *, only_newest: bool) -> BackupNotes:
        repository = repository_of(self.settings)
        stage = stage_of(data_dir)
        shutil.rmtree(stage, ignore_errors=True)  # of one that was killed
        began_ns = self.clock.utc_ns()
        make_directory(stage)
        try:
            Backup(
                data_dir=data_dir, target=stage / COPIED, clock=self.clock, say=self.say,
                database_url=self.settings.school.database_url,
            ).run()  # fmt: skip
            shutil.copyfile(self.config, stage / SETTINGS_COPY)
            self._dump(stage / DUMP)
            size = sum(path.stat().st_size for path in stage.rglob("*") if path.is_file())
            self.say(
                f"to {repository.repository}: {size / 1e6:.1f} MB, and what is new of them ..."
            )
            snapshot = repository.add(stage)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
        repository.forget(keep_days=None if only_newest else self.settings.backup.keep_days)
        made = {
            "made_utc_ns": began_ns, "snapshot": snapshot, "n_bytes": size, "failed_utc_ns": 0,
            "failure": "",
        }  # fmt: skip
        return before.model_copy(update=made)

    def _dump(self, target: Path) -> None:
        secret = self.settings.school.database_url
        if secret is None:
            return
        url = postgres_url(secret.get_secret_value())
        password = {} if url.password is None else {"PGPASSWORD": str(url.password)}
        words = ("pg_dump", "--format=custom", f"--file={target}", public_url(url))
        self.say("copying the school's data from PostgreSQL ...")
        try:
            done = subprocess.run(  # noqa: S603  # the words are ours
                words, check=False, capture_output=True, text=True, env=os.environ | password,
                stdin=subprocess.DEVNULL, errors="replace",
            )  # fmt: skip
        except FileNotFoundError as error:
            raise RoomtoneError(
                "The school's data is in PostgreSQL, and pg_dump is not installed: `sudo apt install "
                "postgresql-client`."
            ) from error
        if done.returncode:
            said = without_secrets(done.stderr.strip()[-300:], url)
            raise StoreError(f"pg_dump could not copy the school's data: {said}")
