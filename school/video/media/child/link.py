"""The child's end of the socket: requests out, bytes in."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Mapping
from typing import Any

from school.video.media.messages import (
    ANSWER,
    HEADER,
    LEVELS,
    MAX_READ,
    MAX_WRITE,
    OFFSET,
    PATCH,
    PATCHED,
    PROGRESS,
    READ,
    REFUSED,
    RESULT,
    SHARE,
    SPAN,
    WRITE,
)

__all__ = ["Link", "SinkFile", "SourceFile"]


class Link:
    """Speaks with the parent."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._shown = -1.0

    def read(self, offset: int, count: int) -> bytes:
        """Bytes of the source; empty behind its end."""
        self._send(READ, SPAN.pack(offset, count))
        (length,) = ANSWER.unpack(self._receive(ANSWER.size))
        return self._receive(length)

    def write(self, data: bytes) -> None:
        """Bytes for the end of the sink."""
        self._send(WRITE, data)

    def patch(self, offset: int, data: bytes) -> None:
        """Bytes to write over the sink's first ones."""
        self._send(PATCH, OFFSET.pack(offset) + data)

    def progress(self, share: float) -> None:
        """Say how much is done, at most a hundred times."""
        if share >= self._shown + 0.01:
            self._shown = share
            self._send(PROGRESS, SHARE.pack(min(max(share, 0.0), 1.0)))

    def levels(self, data: bytes) -> None:
        """Levels as float32."""
        for start in range(0, len(data), MAX_WRITE):
            self._send(LEVELS, data[start : start + MAX_WRITE])

    def result(self, values: Mapping[str, object]) -> None:
        """The last message."""
        self._send(RESULT, json.dumps(values).encode())

    def refuse(self, reason: str, detail: str = "") -> None:
        """The last message, if the file is not one to take in."""
        self._send(REFUSED, json.dumps({"reason": reason, "detail": detail[:200]}).encode())

    def _send(self, kind: int, payload: bytes) -> None:
        self._link.sendall(HEADER.pack(kind, len(payload)) + payload)

    def _receive(self, count: int) -> bytes:
        data = bytearray(count)
        view, have = memoryview(data), 0
        while have < count:
            got = self._link.recv_into(view[have:])
            if not got:
                raise SystemExit(1)  # the parent is gone
            have += got
        return bytes(data)


class SourceFile(io.RawIOBase):
    """The source as a file to read; all that PyAV ever opens."""

    def __init__(self, link: Link, size: int) -> None:
        self._link = link
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        """As a file's."""
        return True

    def seekable(self) -> bool:
        """As a file's."""
        return True

    def read(self, count: int = -1) -> bytes:
        """Never more than was asked for: ffmpeg has no room for it."""
        count = min(count if count >= 0 else MAX_READ, MAX_READ, max(self._size - self._at, 0))
        data = self._link.read(self._at, count)[:count] if count > 0 else b""
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As a file's."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at


class SinkFile(io.RawIOBase):
    """The sink as a file to write. What is written over comes last, in `finish`."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._at = 0
        self._size = 0
        self._patches: list[tuple[int, bytes]] = []

    def writable(self) -> bool:
        """As a file's."""
        return True

    def seekable(self) -> bool:
        """As a file's."""
        return True

    def write(self, data: Any) -> int:
        """Add at the end, or remember what is to be written over."""
        data = bytes(data)
        if self._at == self._size:
            for start in range(0, len(data), MAX_WRITE):
                self._link.write(data[start : start + MAX_WRITE])
            self._size += len(data)
        elif self._at + len(data) <= min(PATCHED, self._size):
            self._patches.append((self._at, data))
        else:
            raise OSError("The muxer writes over what has left.")
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As a file's."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def finish(self) -> None:
        """Send what is to be written over."""
        for offset, data in self._patches:
            self._link.patch(offset, data)
