"""Puts a server's data back from a backup that went off it: `roomtone server restore`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contract.clock import Clock
from contract.errors import RoomtoneError, UsageError
from contract.files.sqlite_file import make_directory, sync_directory
from ingest.backup.nightly import COPIED, DUMP, repository_of
from ingest.backup.restic import Snapshot
from ingest.backup.restore import Restore
from ingest.clocks.words import when_exactly
from ingest.purge.log import LOG
from ingest.settings import ServerSettings
from roomtone.server.machine import Machine
from roomtone.server.plan import SETTINGS, USER
from roomtone.server.services import Services
from school.postgres_backup import restore_advice
from school.video.files import VideoFiles

__all__ = ["ServerRestore", "fetch"]

_ASIDE: Final = ".before-restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRestore:
    """One restore, with the programs stopped; the data that was there stays beside it."""

    settings: ServerSettings
    machine: Machine
    services: Services
    program: str

    def run(self, snapshot: str | None) -> Path | None:
        """Put the last backup back, or the one with this id; returns where the earlier data is.

        Raises RoomtoneError, with the data as it was, if the backup can't be restored.
        """
        data = self.settings.data_dir.absolute()
        aside = data.with_name(data.name + _ASIDE)
        if aside.exists():
            raise UsageError(f"{aside} is in the way, from an earlier restore: move it away.")
        had = data.is_dir() and any(data.iterdir())
        self.machine.say("stopping the programs; kits hold what they sense")
        self.services.stop()
        try:
            if had:
                data.rename(aside)
            self._fetch(snapshot, aside / LOG)
        except RoomtoneError:
            if had:
                shutil.rmtree(data, ignore_errors=True)
                aside.rename(data)
                sync_directory(data.parent)
            self.services.start()
            raise
        self.services.start()
        return aside if had else None

    def _fetch(self, snapshot: str | None, log: Path) -> None:
        which = () if snapshot is None else ("--snapshot", snapshot)
        purges = ("--purges", str(log)) if log.exists() else ()
        words = (
            "runuser", "-u", USER, "--", self.program, "server", "fetch", *which, *purges,
            "--config", str(self.machine.path(SETTINGS)),
        )  # fmt: skip
        for line in self.machine.programs.run(words).splitlines():
            self.machine.say(line)


def fetch(
    settings: ServerSettings, snapshot: str | None, purges: Path | None, clock: Clock,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Copy a backup out of the repository, and restore it into the data directory, which is empty."""
    data = settings.data_dir.absolute()
    repository = repository_of(settings)
    chosen = _chosen(repository.snapshots(), snapshot, repository.repository)
    say(f"the backup {chosen.id} of {when_exactly(chosen.utc_ns)}")
    place = data.with_name(f"{data.name}.restoring")
    shutil.rmtree(place, ignore_errors=True)  # of one that was killed
    make_directory(place)
    try:
        source = repository.restore(chosen, place)
        Restore(
            source=source / COPIED, data_dir=data, purges=purges, clock=clock, say=say,
            database_url=settings.school.database_url, videos=VideoFiles.of(settings.video),
        ).run()  # fmt: skip
        if (source / DUMP).exists() and (url := settings.school.database_url) is not None:
            dump = data.with_name(DUMP)
            (source / DUMP).replace(dump)
            say(f"The school's data of then is in {dump}. {restore_advice(url)}")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _chosen(found: list[Snapshot], wanted: str | None, where: str) -> Snapshot:
    if wanted is None:
        if not found:
            raise UsageError(f"There is no backup in {where}.")
        return found[-1]
    for each in found:
        if each.id == wanted[:8]:
            return each
    listed = ", ".join(f"{each.id} of {when_exactly(each.utc_ns)}" for each in found[-10:])
    raise UsageError(
        f"There is no backup {wanted!r} in {where}; the last ones: {listed or 'none'}."
    )
