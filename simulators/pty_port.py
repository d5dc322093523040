"""A pseudo-terminal that stands for a serial device, with a name that stays the same."""

from __future__ import annotations

import contextlib
import os
import tty
from pathlib import Path

__all__ = ["PtyPort"]


class PtyPort:
    """The device's end of a line; the host opens `path`.

    With `link`, a symbolic link of that name leads to the terminal while it is open, as udev's
    names under /dev/serial do: it vanishes on unplugging and comes back on plugging.
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
        """What the host should open; empty before the first `open` of a port without link."""
        return str(self._link) if self._link is not None else self._name

    def fileno(self) -> int:
        return self._master

    def open(self) -> None:
        """Make the terminal, unless it is there; raises OSError when the system has none left."""
        if self.is_open:
            return
        self._master, self._host_end = os.openpty()
        # The host's end stays open here as well: what is written before a host comes is kept.
        tty.setraw(self._host_end)
        os.set_blocking(self._master, False)
        self._name = os.ttyname(self._host_end)
        if self._link is not None:
            self._link.parent.mkdir(parents=True, exist_ok=True)
            self._link.unlink(missing_ok=True)
            self._link.symlink_to(self._name)

    def close(self) -> None:
        """Unplug: a host that reads gets an end of file, or an error."""
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
        """What the host sent; empty when there is nothing."""
        try:
            return os.read(self._master, 4096)
        except BlockingIOError:
            return b""

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """How many bytes the terminal took; 0 when it is full."""
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0
