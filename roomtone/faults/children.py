"""The real programs as child processes that faults can kill, pause, continue and restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final
from weakref import WeakSet

from contract.errors import RoomtoneError
from roomtone.demo.programs import last_log_line

__all__ = ["Child", "FaultError", "until"]

_POLL_S: Final = 0.02
_STOP_S: Final = 20.0


class FaultError(RoomtoneError):
    """A fault could not be caused, or the program did not recover."""


class Child:
    """One program; it may be started again after its end, with the same log."""

    _all: ClassVar[WeakSet[Child]] = WeakSet()
    _is_over: ClassVar[bool] = False

    def __init__(self, name: str, command: Sequence[str], *, log: Path) -> None:
        Child._all.add(self)
        self.name = name
        self.command = list(command)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0

    @classmethod
    def ours(cls, name: str, *arguments: str, log: Path) -> Child:
        """`roomtone NAME …` with this interpreter."""
        return cls(name, [sys.executable, "-P", "-m", "roomtone", name, *arguments], log=log)

    @classmethod
    def end_all(cls) -> None:
        """Kill all children of this process, after an interrupt."""
        cls._is_over = True
        for child in list(cls._all):
            child.end()

    @classmethod
    def check(cls) -> None:
        """Raise FaultError after `end_all`."""
        if cls._is_over:
            raise FaultError("The matrix was interrupted.")

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise FaultError(f"{self.name} was not started.")
        return self._process.pid

    @property
    def state(self) -> str:
        """The kernel's letter for its state: R or S if it runs, T if it is stopped."""
        text = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        return text.rpartition(")")[2].split()[0]

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        self.check()
        if self.is_running:
            raise FaultError(f"{self.name} is already running.")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=None if environment is None else {**os.environ, **environment},
            )

    def kill(self) -> None:
        """Kill it with SIGKILL, and check that it did not exit before."""
        assert self._process is not None
        self._process.kill()
        code = self._process.wait(_STOP_S)
        if code != -signal.SIGKILL:
            raise FaultError(f"{self.name} had exited with {code} before it was killed.")

    def freeze(self) -> None:
        """Send SIGSTOP; returns when the kernel reports that it is stopped."""
        os.kill(self.pid, signal.SIGSTOP)
        until(lambda: self.state == "T", what=f"the stop of {self.name}", timeout_s=2.0)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def stop(self, *, timeout_s: float = _STOP_S) -> None:
        """Ask it to exit; raises FaultError if it does not, or not with code 0."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.end()
            raise FaultError(f"{self.name} did not end within {timeout_s:g} s.") from None
        if code != 0:
            raise FaultError(f"{self.name} exited with {code}: {self.last_log_line()}")

    def end(self) -> None:
        """Kill it if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def times_logged(self, text: str) -> int:
        """Number of lines in its log that contain this text."""
        if not self.log.exists():
            return 0
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return sum(text in line for line in lines)

    def last_log_line(self) -> str:
        """The last line of its log that is not empty."""
        return last_log_line(self.log)


def until(
    is_so: Callable[[], bool],
    *,
    what: str,
    timeout_s: float,
    running: Sequence[Child] = (),
) -> float:
    """Wait until `is_so`; returns the time it took in seconds, or raises FaultError."""
    began = time.monotonic()
    while not is_so():
        Child.check()
        for child in running:
            if not child.is_running:
                raise FaultError(f"{child.name} exited unexpectedly: {child.last_log_line()}")
        if time.monotonic() - began > timeout_s:
            raise FaultError(f"{what} did not come within {timeout_s:g} s.")
        time.sleep(_POLL_S)
    return time.monotonic() - began
