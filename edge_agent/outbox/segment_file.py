"""A file of the outbox while it is written: whole pages, in space that was allocated before.

Pages and the file system's journal decide how much a card has to write for a small append. So an
append never shares a page with the one before, which would be written again; and space is allocated
ahead, so that an append changes neither the free space nor the file's length. Unused bytes are
zeros.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from edge_agent.outbox.format import PAGE

__all__ = ["SegmentFile"]

_RESERVE: Final = 128 << 10
"""Space is allocated in steps of this size: five minutes of a room with 30 seats."""
_NO_RESERVING: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)

Write = Callable[[int, bytes], int]
Sync = Callable[[int], None]


class SegmentFile:
    """Appends durably. A method that raises OSError leaves nothing of its append."""

    def __init__(self, *, fd: int, write: Write, sync: Sync) -> None:
        self.used = 0
        """Bytes up to the end of the last append."""
        self.on_disk = 0
        """The length of the file."""
        self.is_sound = True
        """False if a failed append may have left something: close the file."""
        self._top = 0
        self._fd = fd
        self._write = write
        self._sync = sync

    @classmethod
    def create(cls, path: Path, top: bytes, *, write: Write, sync: Sync) -> Self:
        """A new file that begins with `top`; the first append makes it durable."""
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        file = cls(fd=fd, write=write, sync=sync)
        try:
            file._put(top, 0)
            directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError:
            os.close(fd)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            raise
        file.used = file._top = len(top)
        return file

    def append(self, data: bytes) -> int:
        """Write bytes and wait until they are safe; returns where they are."""
        # The first append goes to the page that `top` began.
        start = self.used if self.used == self._top else -(-self.used // PAGE) * PAGE
        try:
            self._put(data, start)
            self._sync(self._fd)
        except OSError:
            try:
                os.ftruncate(self._fd, self.used)
                self.on_disk = self.used
            except OSError:
                self.is_sound = False
            raise
        self.used = start + len(data)
        return start

    def close(self) -> None:
        """Free the unused space and close the file."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._fd, self.used)
            self.on_disk = self.used
        os.close(self._fd)

    def _put(self, data: bytes, start: int) -> None:
        self._reserve(start + len(data))
        os.lseek(self._fd, start, os.SEEK_SET)
        at = 0
        while at < len(data):
            at += self._write(self._fd, data[at:])
        self.on_disk = max(self.on_disk, start + len(data))

    def _reserve(self, end: int) -> None:
        """Allocate space well beyond `end`; only just beyond it if the disk is nearly full."""
        if end <= self.on_disk:
            return
        for step in (_RESERVE, PAGE):
            size = -(-end // step) * step
            try:
                os.posix_fallocate(self._fd, self.on_disk, size - self.on_disk)
            except OSError as error:
                if error.errno in _NO_RESERVING:
                    return
                if error.errno != errno.ENOSPC or step == PAGE:
                    raise
            else:
                self.on_disk = size
                return
