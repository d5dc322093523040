"""Brings a server to another release, and back.

The new release's own program does it. Everything is stopped meanwhile; kits hold what they sense.
The data is copied before the new release touches it, and the old release stays. What does not come
up well is taken back at once.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.errors import RoomtoneError, UsageError
from ingest.purge.log import LOG
from ingest.settings import ServerSettings
from roomtone.server.machine import Machine
from roomtone.server.plan import SETTINGS, USER
from roomtone.server.services import Services
from roomtone.server.upgrading.releases import Releases
from roomtone.server.upgrading.wellness import Wellness

__all__ = ["RECORD", "Upgrade", "UpgradeRecord", "read_record", "remove_old_copies"]

RECORD: Final = "/etc/roomtone/upgrade.json"
_AT_LEAST_FREE: Final = 1.1
"""Room for the copy, in parts of the data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeRecord:
    """The last upgrade, which a rollback takes back."""

    before: str
    """The release that ran."""
    after: str
    began_utc_ns: int
    copy: str
    """The data as it was, as `roomtone backup` writes it."""
    schemas: dict[str, str]
    """The versions of the tables before."""


def read_record(machine: Machine) -> UpgradeRecord | None:
    """The last upgrade; None if there was none, or its record can't be read."""
    text = machine.read(RECORD)
    try:
        return None if text is None else UpgradeRecord(**json.loads(text))
    except (ValueError, TypeError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """One change of the release that runs, in either direction."""

    machine: Machine
    releases: Releases
    services: Services
    schemas: Callable[[ServerSettings], dict[str, str]]
    wellness: Wellness
    clock: Clock

    @property
    def _settings(self) -> ServerSettings:
        return ServerSettings.load(self.machine.path(SETTINGS))

    def forward(self, name: str, *, is_database_saved: bool) -> None:
        """Bring the server to a release; raises RoomtoneError, with everything as it was before."""
        before, after = self.releases.require_current(), self.releases.require(name)
        if before == after:
            raise UsageError(f"The release {after} runs already; install another one first.")
        settings = self._settings
        if settings.school.database_url is not None and not is_database_saved:
            raise UsageError(
                "The school's data is in PostgreSQL, which this copies not: copy it with pg_dump "
                "(docs/store.md), and add --database-is-saved."
            )
        self._require_room(settings)
        self.machine.say("stopping the programs; kits hold what they sense")
        self.services.stop()
        try:
            record = self._copied(settings, before, after)
            self._bring_up(settings, record)
        except RoomtoneError:
            self.services.start()
            raise
        self._switch(after)
        fault = self.wellness.fault(settings)
        if fault is None:
            self.releases.remove_all_but({before, after})
            self.machine.say(f"{after} runs. To go back to {before}: sudo roomtone server rollback")
            return
        self.machine.say(f"{after} does not work: {fault}")
        self._back(record, restore=self.schemas(settings) != record.schemas)
        also = self.wellness.fault(settings)
        again = f"{before} runs again" if also is None else f"{before} is back, and {also}"
        raise RoomtoneError(f"{after} does not work ({fault}); {again}.")

    def _bring_up(self, settings: ServerSettings, record: UpgradeRecord) -> None:
        self.machine.say("bringing the data up to the new release")
        try:
            self._as_user(record.after, "server", "migrate")
        except RoomtoneError:
            if self.schemas(settings) != record.schemas:
                # Nothing came since: the copy has everything.
                self._restore(record)
            self._forget_last()
            raise

    def back(self, *, restore: bool) -> None:
        """Take the last upgrade back; with `restore` also its changes of the data."""
        record = read_record(self.machine)
        if record is None or record.after != self.releases.require_current():
            raise UsageError(
                "There is no upgrade to take back: the release that runs came by none."
            )
        self.releases.require(record.before)
        settings = self._settings
        changed = {
            name for name, version in self.schemas(settings).items()
            if record.schemas.get(name, version) != version
        }  # fmt: skip
        if "PostgreSQL" in changed:
            raise UsageError(
                f"{record.before} does not know the database's tables: put the copy that you made with "
                "pg_dump before the upgrade back (docs/store.md), then run this again."
            )
        if changed and not restore:
            raise UsageError(
                f"{record.before} can't read {', '.join(sorted(changed))}, which {record.after} has "
                "changed. With --restore the data comes back as it was before the upgrade; what came "
                "since is put aside, and kits do not send it again."
            )
        if changed and not Path(record.copy).exists():
            raise UsageError(
                f"{record.copy} is gone: restore a backup of before the upgrade (docs/backups.md)."
            )
        self.machine.say("stopping the programs; kits hold what they sense")
        self._back(record, restore=bool(changed))
        fault = self.wellness.fault(settings)
        if fault is not None:
            raise RoomtoneError(f"{record.before} runs again, and something is wrong: {fault}.")
        self.machine.say(f"{record.before} runs again")

    def _back(self, record: UpgradeRecord, *, restore: bool) -> None:
        self.services.stop()
        if restore:
            self._restore(record)
        self._switch(record.before)
        self._forget_last()

    def _restore(self, record: UpgradeRecord) -> None:
        """Put the copy back with the old release's program, and purge again what was purged since."""
        data = self._settings.data_dir
        aside = data.with_name(f"{data.name}.of-{record.after}")
        if aside.exists():
            raise UsageError(f"{aside} is in the way; move it away.")
        self.machine.say(f"the data since the upgrade stays in {aside}")
        data.rename(aside)
        log = aside / LOG
        purges = ("--purges", str(log)) if log.exists() else ()
        self._as_user(record.before, "restore", record.copy, *purges)

    def _copied(self, settings: ServerSettings, before: str, after: str) -> UpgradeRecord:
        copy = f"{settings.data_dir}.before-{after}"
        if Path(copy).exists():
            raise UsageError(f"{copy} is there, from an earlier try; remove it first.")
        self._forget_last()
        record = UpgradeRecord(
            before=before, after=after, began_utc_ns=self.clock.utc_ns(), copy=copy,
            schemas=self.schemas(settings),
        )  # fmt: skip
        self.machine.say(f"copying the data to {copy}")
        self._as_user(before, "backup", copy)
        self.machine.write(RECORD, json.dumps(asdict(record), indent=1) + "\n")
        return record

    def _forget_last(self) -> None:
        """Remove an upgrade's copy, which has what retention and purges have removed since."""
        if (last := read_record(self.machine)) is not None:
            self._as_user_words("rm", "-rf", "--", last.copy)
            self.machine.remove(RECORD)

    def _switch(self, name: str) -> None:
        self.releases.use(name)
        # The units as that release has them.
        self.machine.programs.run(
            (str(self.machine.path(self.releases.program(name))), "server", "units")
        )
        # What hangs while it starts is found by asking.
        self.services.start(wait=False)

    def _require_room(self, settings: ServerSettings) -> None:
        data = settings.data_dir
        size = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
        free = self.wellness.free_bytes(data)
        if free < size * _AT_LEAST_FREE:
            raise UsageError(
                f"The copy of the data needs {size * _AT_LEAST_FREE / 1e9:.1f} GB beside it, and "
                f"{free / 1e9:.1f} GB are free: make room first."
            )

    def _as_user(self, release: str, *words: str) -> None:
        program = str(self.machine.path(self.releases.program(release)))
        config = str(self.machine.path(SETTINGS))
        *action, last = words
        self._as_user_words(program, *action, last, "--config", config)

    def _as_user_words(self, *words: str) -> None:
        self.machine.programs.run(("runuser", "-u", USER, "--", *words))


def remove_old_copies(data_dir: Path, *, keep_days: int, now_utc_ns: int) -> list[Path]:
    """Remove what upgrades and restores left beside the data, older than so many days; returns what went.

    It has what retention and purges have removed from the data since.
    """
    before = now_utc_ns / SECOND_NS - keep_days * 86_400
    kinds = ("before-*", "of-*")  # the first also after a restore
    found = [path for kind in kinds for path in data_dir.parent.glob(f"{data_dir.name}.{kind}")]
    old = [path for path in found if path.stat().st_mtime < before]
    for path in old:
        shutil.rmtree(path)
    return old
