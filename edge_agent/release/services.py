"""The kit's services, as an installation needs them: systemd's, or none where systemd does not run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final, Protocol

__all__ = ["NoServices", "Services", "Systemd"]

AGENT: Final = "roomtone-edge.service"
JUDGE: Final = "roomtone-release.service"
RENEWAL: Final = "roomtone-renew.timer"
_AT_BOOT: Final = {AGENT: "multi-user.target", JUDGE: "multi-user.target", RENEWAL: "timers.target"}
_UNITS: Final = (*_AT_BOOT, "roomtone-renew.service")
_MAX_S: Final = 400
"""Longer than a start may take by the unit."""


class Services(Protocol):
    """What runs on this machine."""

    def install(self, units: Path) -> None:
        """Take the units of a folder, and start them at each boot."""

    def restart(self) -> bool:
        """Start the agent again; returns whether it said that it is ready."""

    def is_active(self) -> bool: ...
    def restarts(self) -> int:
        """How often systemd has started a failed agent again."""

    def remove(self) -> None:
        """Stop the agent, and take the units away."""


class Systemd:
    """The services of a machine that systemd runs."""

    def __init__(self, folder: Path = Path("/etc/systemd/system")) -> None:
        self._folder = folder

    def install(self, units: Path) -> None:
        _copy(units, self._folder)
        _systemctl("daemon-reload")
        _systemctl("enable", *_AT_BOOT)
        _systemctl("start", "--no-block", RENEWAL)

    def restart(self) -> bool:
        _systemctl("reset-failed", AGENT)
        return _systemctl("restart", AGENT).returncode == 0

    def is_active(self) -> bool:
        return _systemctl("is-active", AGENT).stdout.strip() == "active"

    def restarts(self) -> int:
        shown = _systemctl("show", "--property=NRestarts", "--value", AGENT).stdout.strip()
        return int(shown) if shown.isdigit() else 0

    def remove(self) -> None:
        _systemctl("disable", "--now", *_AT_BOOT)
        _remove(self._folder)
        _systemctl("daemon-reload")


class NoServices:
    """A machine without systemd, such as an image that is being made: the files alone."""

    def __init__(self, folder: Path = Path("/etc/systemd/system")) -> None:
        self._folder = folder

    def install(self, units: Path) -> None:
        _copy(units, self._folder)
        for name, target in _AT_BOOT.items():
            link = self._folder / f"{target}.wants" / name
            link.parent.mkdir(exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(self._folder / name)

    def restart(self) -> bool:
        return False

    def is_active(self) -> bool:
        return False

    def restarts(self) -> int:
        return 0

    def remove(self) -> None:
        for name, target in _AT_BOOT.items():
            (self._folder / f"{target}.wants" / name).unlink(missing_ok=True)
        _remove(self._folder)


def _copy(units: Path, folder: Path) -> None:
    """Copy a release's units; one that an older release has not is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _UNITS:
        if (units / name).exists():
            (folder / name).write_text((units / name).read_text(encoding="utf-8"), encoding="utf-8")
            (folder / name).chmod(0o644)
        else:
            (folder / name).unlink(missing_ok=True)


def _remove(folder: Path) -> None:
    for name in _UNITS:
        (folder / name).unlink(missing_ok=True)


def _systemctl(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # words of ours alone
        ("systemctl", *words),  # noqa: S607  # where the machine's PATH has it
        check=False,
        capture_output=True,
        text=True,
        timeout=_MAX_S,
    )
