"""The releases that are installed side by side, and the link to the one that runs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Final

from contract.errors import UsageError
from roomtone.server.machine import Machine

__all__ = ["Releases"]

_PLACE: Final = "/opt/roomtone"


@dataclass(frozen=True, slots=True)
class Releases:
    """The folders of `/opt/roomtone/releases`, by name; a later one has a name that sorts after."""

    machine: Machine
    place: str = _PLACE

    def names(self) -> list[str]:
        """The whole ones, the oldest first; one whose installation failed has no program."""
        folder = self.machine.path(f"{self.place}/releases")
        return sorted(path.parents[1].name for path in folder.glob("*/bin/roomtone"))

    def current(self) -> str | None:
        """The one that runs; None if there is no link to one."""
        link = self.machine.path(f"{self.place}/current")
        name = link.readlink().name if link.is_symlink() else ""
        return name if name in self.names() else None

    def require_current(self) -> str:
        name = self.current()
        if name is None:
            raise UsageError(
                f"{self.place}/current is no link to a release in {self.place}/releases: install one "
                "with `sudo make install-server`, then run `sudo roomtone server install`."
            )
        return name

    def program(self, name: str) -> str:
        """The path of a release's `roomtone`."""
        return f"{self.place}/releases/{name}/bin/roomtone"

    @property
    def linked_program(self) -> str:
        """The path that the units start."""
        return f"{self.place}/current/bin/roomtone"

    def require(self, name: str) -> str:
        if name not in self.names():
            raise UsageError(
                f"There is no release {name!r}; there are {', '.join(self.names()) or 'none'}."
            )
        return name

    def use(self, name: str) -> None:
        """Make a release the one that runs, at once."""
        self.machine.link(f"{self.place}/current", f"releases/{self.require(name)}")

    def remove_all_but(self, kept: set[str]) -> None:
        """Remove older releases, so that the disk does not fill."""
        for name in self.names():
            if name not in kept and name != self.current():
                self.machine.say(f"remove {self.place}/releases/{name}/")
                shutil.rmtree(self.machine.path(f"{self.place}/releases/{name}"))
