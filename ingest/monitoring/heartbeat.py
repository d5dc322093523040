"""A program's heartbeat: a line twice a second to whoever listens, on a socket in the data directory.

The kernel closes the socket when the program ends, however it ends, and a suspended program sends
nothing. So a listener notices both, without a port, without asking, and without a write to the disk.
The file of the socket stays: as long as nobody listens there, the program does not run.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from ingest.monitoring.condition import Condition

__all__ = ["BEAT_S", "Beat", "heartbeat", "heartbeat_address"]

_LOG = logging.getLogger("health")
BEAT_S: Final = 0.5
"""Seconds between two beats."""
_MAX_LISTENERS: Final = 32
_BACKLOG: Final = 64


class Beat(BaseModel):
    """One line: how the program is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    program: str
    is_turning: bool
    """Whether its main loop runs."""
    missing: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    """What it is missing to do its work, such as `link`, `store` or `commit`."""


@contextmanager
def heartbeat_address(data_dir: Path, program: str) -> Iterator[Path]:
    """The socket's address, valid inside the block; raises OSError if there is no such directory.

    The address of a socket has at most 107 characters, and the name of a data directory may be
    longer. So the directory is named by an open descriptor.
    """
    directory = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{directory}/{program}-heartbeat")
    finally:
        os.close(directory)


@contextmanager
def heartbeat(data_dir: Path, program: str, condition: Condition) -> Iterator[None]:
    """Beat while the block runs, from a thread of its own."""
    stop = threading.Event()
    heart = _Heart(data_dir, program, condition)
    thread = threading.Thread(target=heart.run, args=(stop,), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class _Heart:
    """The socket and its listeners."""

    def __init__(self, data_dir: Path, program: str, condition: Condition) -> None:
        self._data_dir = data_dir
        self._program = program
        self._condition = condition
        self._socket: socket.socket | None = None
        self._file: tuple[int, int] | None = None
        self._listeners: list[socket.socket] = []
        self._is_failing = False

    def run(self, stop: threading.Event) -> None:
        """Beat until `stop`; a directory that is not there yet, or is full, is tried again."""
        try:
            while True:
                try:
                    with heartbeat_address(self._data_dir, self._program) as address:
                        self._beat(address)
                except FileNotFoundError:  # the store makes the directory
                    self._close()
                except OSError as error:
                    self._close()
                    self._report(error)
                if stop.wait(BEAT_S):
                    return
        finally:
            self._close()

    def _beat(self, address: Path) -> None:
        if self._socket is not None and _identity(address) != self._file:
            self._close()  # somebody removed the file, or it is another program's now
        if self._socket is None and not _is_in_use(address):
            self._open(address)
        if self._socket is None:
            return
        self._is_failing = False
        self._accept(self._socket)
        condition = self._condition
        beat = Beat(
            program=self._program, is_turning=condition.is_turning, missing=condition.missing
        )
        line = beat.model_dump_json().encode() + b"\n"
        self._listeners = [each for each in self._listeners if _sent(each, line)]

    def _open(self, address: Path) -> None:
        """Listen under a name of our own, and only then take the place of an earlier program."""
        new = address.with_name(f"{address.name}.{os.getpid()}")
        new.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.setblocking(False)
            listener.bind(str(new))
            new.chmod(0o600)
            listener.listen(_BACKLOG)
            self._file = _identity(new)
            new.replace(address)
        except OSError:
            listener.close()
            with suppress(OSError):
                new.unlink(missing_ok=True)
            raise
        self._socket = listener

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError):
            while True:
                found, _ = listener.accept()
                if len(self._listeners) >= _MAX_LISTENERS:
                    found.close()
                    continue
                found.setblocking(False)
                self._listeners.append(found)

    def _report(self, error: OSError) -> None:
        if not self._is_failing:
            self._is_failing = True
            _LOG.warning(
                "%s has no heartbeat: %s-heartbeat can't be made in %s (%s). The live pages can't "
                "say when it stops.",
                self._program, self._program, self._data_dir, error.strerror,
            )  # fmt: skip

    def _close(self) -> None:
        for each in (*self._listeners, self._socket):
            if each is not None:
                each.close()
        self._listeners, self._socket, self._file = [], None, None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _is_in_use(address: Path) -> bool:
    """Whether another program beats there; it keeps its place."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(address))
        except BlockingIOError:  # it is suspended, and many wait for it
            return True
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        return True


def _sent(listener: socket.socket, line: bytes) -> bool:
    """Send a line; False if the listener is gone, or has read nothing for minutes."""
    try:
        listener.send(line)
    except OSError:
        listener.close()
        return False
    return True
