"""Starts, watches and stops the real programs as child processes, with their logs in files."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from contract.errors import RoomtoneError

__all__ = ["Program", "ProgramError", "Programs", "last_log_line", "wait_until"]

_POLL_S: Final = 0.05
_STOP_S: Final = 20.0


class ProgramError(RoomtoneError):
    """A program exited unexpectedly, or did not become ready."""


@dataclass(slots=True)
class Program:
    """One running child."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


@dataclass(slots=True)
class Programs:
    """Children of this process; they are stopped in reverse order."""

    logs: Path
    _running: dict[str, Program] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str]) -> Program:
        """Start a program; the terminal's Ctrl-C does not reach it, `stop` ends it."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        program = Program(name, process, log)
        self._running[name] = program
        return program

    def start_ours(self, name: str, *arguments: str) -> Program:
        """Start `roomtone NAME …` with this interpreter."""
        return self.start(name, [sys.executable, "-P", "-m", "roomtone", name, *arguments])

    def check(self) -> None:
        """Raise ProgramError if a program has exited."""
        for program in self._running.values():
            code = program.process.poll()
            if code is not None:
                raise ProgramError(
                    f"{program.name} exited unexpectedly with code {code}: {last_log_line(program.log)} "
                    f"(its log is {program.log})."
                )

    def stop(self, name: str, *, timeout_s: float = _STOP_S) -> None:
        """Ask a program to end, and wait; kill it if it does not."""
        program = self._running.get(name)
        if program is None or program.process.poll() is not None:
            self._running.pop(name, None)
            return
        program.process.send_signal(signal.SIGTERM)
        try:
            program.process.wait(timeout_s)
            del self._running[name]
        except subprocess.TimeoutExpired:
            program.process.kill()
            program.process.wait()
            del self._running[name]
            raise ProgramError(
                f"{name} did not end within {timeout_s:.0f} s and was killed (its log is "
                f"{program.log})."
            ) from None

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
                program.process.kill()
                program.process.wait()


def wait_until(
    is_ready: Callable[[], bool], *, programs: Programs, what: str, timeout_s: float
) -> None:
    """Poll until `is_ready`; raises ProgramError if a program exits or time runs out."""
    deadline = time.monotonic() + timeout_s
    for _ in _ticks():
        if is_ready():
            return
        programs.check()
        if time.monotonic() > deadline:
            raise ProgramError(
                f"{what} did not come within {timeout_s:.0f} s (logs are in {programs.logs})."
            )


def last_log_line(log: Path) -> str:
    """The last line of a program's log that is not empty."""
    if not log.exists():
        return "it logged nothing"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line for line in reversed(lines) if line.strip()), "it logged nothing")


def _ticks() -> Iterator[None]:
    while True:
        yield
        time.sleep(_POLL_S)
