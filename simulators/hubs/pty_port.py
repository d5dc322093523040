"""A pseudo-terminal in place of a serial device, with a constant name."""

from __future__ import annotations

import contextlib
import os
import tty
from pathlib import Path

__all__ = ["PtyPort"]


class PtyPort:
    """The device's end of a line; the host opens `path`.

    With `link`, a symbolic link of that name points to the terminal while it is open, like udev's
    names under /dev/serial: it disappears on unplugging and comes back on plugging.
    """

    def __init__(self, link: Path | None = None) -> None:
        self._link = link
        self._master = -1
        self._host_end = -1
        self._name = ""

    @property
    def is_open(self) -> bool:
        return self._master >= 0

    @property
    def path(self) -> str:
        """The path for the host to open; empty before the first `open` of a port without link."""
        return str(self._link) if self._link is not None else self._name

    def fileno(self) -> int:
        return self._master

    def open(self) -> None:
        """Make the terminal if it does not exist; raises OSError if the system has none left."""
        if self.is_open:
            return
        self._master, self._host_end = os.openpty()
        # The host's end stays open here too, so data written before a host connects is kept.
        tty.setraw(self._host_end)
        os.set_blocking(self._master, False)
        self._name = os.ttyname(self._host_end)
        if self._link is not None:
            self._link.parent.mkdir(parents=True, exist_ok=True)
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self._name)

    def close(self) -> None:
        """Unplug: a reading host gets an end of file, or an error."""
        if not self.is_open:
            return
        if self._link is not None:
            with contextlib.suppress(OSError):
                if str(self._link.readlink()) == self._name:
                    self._link.unlink()
        os.close(self._master)
        os.close(self._host_end)
        self._master = self._host_end = -1

    def read(self) -> bytes:
        """Bytes from the host; empty if there are none."""
        try:
            return os.read(self._master, 4096)
        except BlockingIOError:
            return b""

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write to the host; returns the number of accepted bytes, 0 if the terminal is full."""
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0
