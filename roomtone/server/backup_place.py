"""Chooses where backups go: the key, the settings, and the timers that make and prove them."""

from __future__ import annotations

import json
import pwd
import secrets
import tomllib
from pathlib import Path
from typing import Final

from contract.errors import UsageError
from ingest.settings import ServerSettings
from roomtone.server.machine import MARK, Machine
from roomtone.server.plan import SETTINGS, USER
from roomtone.server.services import Services

__all__ = ["set_up_backups"]

_UNITS: Final = ("roomtone-backup", "roomtone-rehearsal")
_DROP_INS: Final = "/etc/systemd/system"


def set_up_backups(place: str, machine: Machine, services: Services) -> ServerSettings:
    """Write key, settings and timers; returns the settings. A second time nothing changes."""
    text = machine.read(SETTINGS)
    if text is None:
        raise UsageError(f"There is no {SETTINGS}: `sudo roomtone server install` comes first.")
    where = machine.path(SETTINGS)
    before = ServerSettings.load(where)
    if before.backup.repository not in (None, place):
        raise UsageError(
            f"{SETTINGS} has backup.repository = {before.backup.repository!r}; change it there. What "
            "is in the old place stays, and is removed by nobody."
        )
    added = f"{text.rstrip()}\n\n[backup]\nrepository = {json.dumps(place, ensure_ascii=False)}\n"
    if before.backup.repository is None:
        if "backup" in before.model_fields_set:
            raise UsageError(f"{SETTINGS} has a table [backup] without `repository`; add it there.")
        _check(place, added, where)
    if place.startswith("/"):
        _folder(place, before, machine)
    key = str(before.backup.key_file)
    if machine.read(key) is None:
        machine.write(key, f"{secrets.token_urlsafe(32)}\n", mode=0o600, owner=USER)
        machine.say(f"  copy {key} to two places that are not this computer: without it no backup")
        machine.say("  can be read, and whoever has it and a backup can read everything")
    if before.backup.repository is None:
        machine.write(SETTINGS, added)
    for name in _UNITS:
        if place.startswith("/"):
            machine.write(f"{_DROP_INS}/{name}.service.d/place.conf", _drop_in(place))
        services.install_timer(name)
    return before if machine.is_dry else ServerSettings.load(where)


def _check(place: str, text: str, where: Path) -> None:
    ServerSettings.checked(tomllib.loads(text), where=str(where))
    if not place.startswith("/") and ":" not in place:
        raise UsageError(
            f"--to is {place}, expected a folder with its whole path, or such as "
            "sftp:backup@nas.school.example:/roomtone."
        )


def _folder(place: str, settings: ServerSettings, machine: Machine) -> None:
    path = machine.path(place)
    if not path.parent.is_dir():
        # If its disk is not mounted, backups must not end up on the disk of the data.
        raise UsageError(f"{path.parent} is no directory; make it, or mount its disk.")
    data = machine.path(str(settings.data_dir.absolute()))
    if path.is_relative_to(data):
        raise UsageError(f"--to is {place}, which is in the data directory; name another disk.")
    there = next(each for each in (data, *data.parents) if each.exists())
    if path.parent.stat().st_dev == there.stat().st_dev:
        machine.say(f"  {place} is on the same disk as the data: when it fails, both are gone")
    machine.folder(place, mode=0o700, owner=USER)
    if path.is_dir() and _is_of_another(path):
        # Of the computer from before, whose user had another number.
        machine.do("chown", "-R", f"{USER}:{USER}", str(path))


def _is_of_another(path: Path) -> bool:
    try:
        return path.stat().st_uid != pwd.getpwnam(USER).pw_uid
    except KeyError:
        return False  # a folder that only looks like a computer has no users


def _drop_in(place: str) -> str:
    return f"# {MARK}.\n[Unit]\nRequiresMountsFor={place}\n\n[Service]\nReadWritePaths={place}\n"
