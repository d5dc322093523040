"""The server's units: which there are, and starting, stopping and asking them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contract.errors import RoomtoneError
from roomtone.server.machine import Machine
from roomtone.server.texts import UNITS, unit

__all__ = ["AUTHORITY", "Services"]

_FOLDER: Final = "/etc/systemd/system"
AUTHORITY: Final = ("roomtone-authority", "roomtone-enrolment")
"""What makes kits' certificates, and the port where kits get them."""
_BROKER: Final = ("roomtone-broker.service", "roomtone-broker.path", "roomtone-broker.timer")
"""What gives Mosquitto the authority's lists; the last two start the first."""
_ORDER: Final = (*AUTHORITY, *UNITS, "roomtone-replicate")


class Services:
    """The units of one server, in the order in which they start."""

    def __init__(self, machine: Machine, program: str) -> None:
        self._machine, self._program = machine, program
        self._to_restart: list[str] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The units that are installed; without any, those that every server has."""
        folder = self._machine.path(_FOLDER)
        found = {path.stem for path in folder.glob("roomtone-*.service")}
        return tuple(name for name in _ORDER if name in found) or UNITS

    def install(self, more: Iterable[str]) -> None:
        """Write the units, and have those that changed started again."""
        names = (*UNITS, *more)
        self._write(*(f"{name}.service" for name in names))
        for name in names:
            self.enable(name)

    def install_authority(self) -> None:
        """Write the units of kits' certificates, and start the authority, which is asked next."""
        self._write(*(f"{name}.service" for name in AUTHORITY), *_BROKER)
        for name in AUTHORITY:
            self.enable(name)
        self.enable("roomtone-broker.path")
        self.enable("roomtone-broker.timer", "timers.target")
        verb = "restart" if AUTHORITY[0] in self._to_restart else "start"
        self._systemctl(verb, AUTHORITY[0])
        self._to_restart = [name for name in self._to_restart if name != AUTHORITY[0]]
        self._systemctl("start", "roomtone-broker.path", "roomtone-broker.timer")

    def _write(self, *files: str) -> None:
        is_new = False
        for file in files:
            if self._machine.write(f"{_FOLDER}/{file}", unit(file, self._program)):
                is_new = True
                if file.endswith(".service"):
                    self.restart_later(file.removesuffix(".service"))
        if is_new:
            self._systemctl("daemon-reload")

    def install_timer(self, name: str) -> None:
        """Write a service and the timer that starts it, and start the timer."""
        self._write(f"{name}.service", f"{name}.timer")
        self.enable(f"{name}.timer", "timers.target")
        self._systemctl("start", f"{name}.timer")

    def enable(self, name: str, target: str = "multi-user.target") -> None:
        """Have a unit started with the computer."""
        file = name if "." in name else f"{name}.service"
        if not self._machine.path(f"{_FOLDER}/{target}.wants/{file}").is_symlink():
            self._machine.do("systemctl", "enable", name)

    def restart_later(self, name: str) -> None:
        if name not in self._to_restart:
            self._to_restart.append(name)

    def restart(self, name: str) -> None:
        self._systemctl("restart", name)

    def start(self, *, wait: bool = True) -> None:
        """Start what is not running, and start again what changed; without `wait` only begin to.

        Each is tried; raises RoomtoneError for those that did not start.
        """
        how = () if wait else ("--no-block",)
        failed = []
        for name in self.names:
            verb = "restart" if name in self._to_restart else "start"
            try:
                self._systemctl(verb, *how, name)
            except RoomtoneError:
                failed.append(name)
        self._to_restart = []
        if failed:
            raise RoomtoneError(
                f"{', '.join(failed)} did not start: `journalctl -u {failed[0]} -n 20` has the reason."
            )

    def stop(self) -> None:
        """Stop all of them, the pages first; kits hold what ingest does not take."""
        self._systemctl("stop", *reversed(self.names))

    def _systemctl(self, *words: str) -> None:
        machine = self._machine
        if machine.has_programs and not machine.is_dry and not machine.runs_systemd:
            machine.say(f"  not now, since systemd does not run: systemctl {' '.join(words)}")
            return
        machine.do("systemctl", *words)
