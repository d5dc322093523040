"""Starts, watches and stops the real programs as child processes, with their logs in files."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contract.errors import RoomtoneError

__all__ = ["STOP_S", "Program", "ProgramError", "Programs", "roomtone_command"]

_POLL_S: Final = 0.05
STOP_S: Final = 20.0


class ProgramError(RoomtoneError):
    """A program exited unexpectedly, or did not become ready."""


def roomtone_command(name: str, *arguments: str) -> list[str]:
    """The command that runs `roomtone NAME …` with this interpreter."""
    return [sys.executable, "-P", "-m", "roomtone", name, *arguments]


class Program:
    """A child of this process; it may be started again after its end, with the same log."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start it; the terminal's Ctrl-C does not reach it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def terminate(self, timeout_s: float) -> int | None:
        """Ask it to end, and wait; returns its code, or None if it did not and was killed."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.end()
            return None

    def end(self) -> None:
        """Kill it if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def last_log_line(self) -> str:
        """The last line of its log that is not empty."""
        if not self.log.exists():
            return "it logged nothing"
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return next((line for line in reversed(lines) if line.strip()), "it logged nothing")


@dataclass(slots=True)
class Programs:
    """Children of this process; they are stopped in reverse order."""

    logs: Path
    _running: dict[str, Program] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str]) -> Program:
        """Start a program; `stop` ends it."""
        program = self._running[name] = Program(name, command, log=self.logs / f"{name}.log")
        program.start()
        return program

    def start_ours(self, name: str, *arguments: str) -> Program:
        """Start `roomtone NAME …` with this interpreter."""
        return self.start(name, roomtone_command(name, *arguments))

    def check(self) -> None:
        """Raise ProgramError if a program has exited."""
        for program in self._running.values():
            if program.process is not None and (code := program.process.poll()) is not None:
                raise ProgramError(
                    f"{program.name} exited unexpectedly with code {code}: "
                    f"{program.last_log_line()} (its log is {program.log})."
                )

    def stop(self, name: str, *, timeout_s: float = STOP_S) -> None:
        """Ask a program to end, and wait; kill it if it does not."""
        program = self._running[name]
        code = program.terminate(timeout_s)
        del self._running[name]
        if code is None:
            raise ProgramError(
                f"{name} did not end within {timeout_s:.0f} s and was killed (its log is "
                f"{program.log})."
            )

    def stop_all(self) -> None:
        """Stop all programs, the last started first.

        A second Ctrl-C kills them immediately.
        """
        try:
            for name in reversed(list(self._running)):
                with contextlib.suppress(ProgramError):
                    self.stop(name)
        except KeyboardInterrupt:
            for program in self._running.values():
                program.end()

    def wait_until(self, is_ready: Callable[[], bool], *, what: str, timeout_s: float) -> None:
        """Poll until `is_ready`; raises ProgramError if a program exits or time runs out."""
        deadline = time.monotonic() + timeout_s
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise ProgramError(
                    f"{what} did not come within {timeout_s:.0f} s (logs are in {self.logs})."
                )
            time.sleep(_POLL_S)
