"""The real programs as child processes that faults can kill, pause, continue and restart."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Final
from weakref import WeakSet

from contract.errors import RoomtoneError
from roomtone.demo.programs import STOP_S, Program

__all__ = ["Child", "FaultError", "until"]

_POLL_S: Final = 0.02


class FaultError(RoomtoneError):
    """A fault could not be caused, or the program did not recover."""


class Child(Program):
    """A program that can be killed and paused, and whose log is read."""

    _all: ClassVar[WeakSet[Child]] = WeakSet()
    _is_over: ClassVar[bool] = False

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
    def pid(self) -> int:
        if self.process is None:
            raise FaultError(f"{self.name} was not started.")
        return self.process.pid

    @property
    def state(self) -> str:
        """The kernel's letter for its state: R or S if it runs, T if it is stopped."""
        text = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii")
        return text.rpartition(")")[2].split()[0]

    def start(self) -> None:
        self.check()
        if self.is_running:
            raise FaultError(f"{self.name} is already running.")
        self._all.add(self)
        super().start()

    def kill(self) -> None:
        """Kill it with SIGKILL, and check that it did not exit before."""
        assert self.process is not None
        self.process.kill()
        code = self.process.wait(STOP_S)
        if code != -signal.SIGKILL:
            raise FaultError(f"{self.name} had exited with {code} before it was killed.")

    def freeze(self) -> None:
        """Send SIGSTOP; returns when the kernel reports that it is stopped."""
        os.kill(self.pid, signal.SIGSTOP)
        until(lambda: self.state == "T", what=f"the stop of {self.name}", timeout_s=2.0)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to exit; raises FaultError if it does not, or not with code 0."""
        code = self.terminate(STOP_S)
        if code is None:
            raise FaultError(f"{self.name} did not end within {STOP_S:g} s.")
        if code != 0:
            raise FaultError(f"{self.name} exited with {code}: {self.last_log_line()}")

    def times_logged(self, text: str) -> int:
        """Number of lines in its log that contain this text."""
        if not self.log.exists():
            return 0
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return sum(text in line for line in lines)

    @contextmanager
    def logs_again(
        self, text: str, *, what: str, timeout_s: float = STOP_S, beside: Sequence[Child] = ()
    ) -> Iterator[None]:
        """On leaving, wait until it has logged `text` more often than on entering."""
        before = self.times_logged(text)
        yield
        until(
            lambda: self.times_logged(text) > before, what=what, timeout_s=timeout_s,
            running=[self, *beside],
        )  # fmt: skip


def until(
    is_so: Callable[[], bool],
    *,
    what: str,
    timeout_s: float,
    running: Sequence[Child] = (),
) -> None:
    """Wait until `is_so`; raises FaultError if a program exits or time runs out."""
    began = time.monotonic()
    while not is_so():
        Child.check()
        for child in running:
            if not child.is_running:
                raise FaultError(f"{child.name} exited unexpectedly: {child.last_log_line()}")
        if time.monotonic() - began > timeout_s:
            raise FaultError(f"{what} did not come within {timeout_s:g} s.")
        time.sleep(_POLL_S)
