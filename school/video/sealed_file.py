"""A sealed video on disk: read anywhere, written from its beginning, and resumed where it stopped.

Nothing plain ever reaches the disk. What an upload has brought of its last, incomplete segment is
sealed too, in a file beside it that is replaced as a whole.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

from contract.errors import StoreError
from contract.files.sqlite_file import sync_directory
from contract.language import _
from school.video.sealing import (
    HEADER_BYTES,
    OVERHEAD,
    SEGMENT_BYTES,
    STRIDE,
    Place,
    Sealing,
    VideoDamagedError,
    place_of,
)

__all__ = ["SealedReader", "SealedSink", "SealedUpload", "rest_path"]

_SYNC_EACH: Final = 16
"""Segments that are written between two calls of fsync."""
_KEPT: Final = 4
"""Plain segments that a reader keeps: those who decode a video ask for small parts."""


_NUMBER: Final = struct.Struct(">Q")
"""What a rest begins with: how many whole segments it follows."""


def rest_path(path: Path) -> Path:
    """Where the incomplete segment of an upload is, sealed."""
    return path.with_suffix(".rest")


class SealedReader:
    """A finished video. Threads may share it; `size` is in plain bytes."""

    def __init__(self, path: Path, sealing: Sealing) -> None:
        """Open a file and check its end; raises VideoDamagedError, or OSError as `open` does."""
        self._sealing = sealing
        self._handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        self._kept: dict[int, bytes] = {}
        try:
            sealing.check_header(os.pread(self._handle, HEADER_BYTES, 0))
            sealed = os.fstat(self._handle).st_size - HEADER_BYTES
            self._last = max(0, (sealed - 1) // STRIDE)
            rest = sealed - self._last * STRIDE - OVERHEAD
            self.size = self._last * SEGMENT_BYTES + max(0, rest)
            self.segment(self._last)  # a file that was cut off or extended has no last segment
        except BaseException:
            os.close(self._handle)
            raise

    def segment(self, number: int) -> bytes:
        """The plain bytes of a segment; raises VideoDamagedError."""
        kept = self._kept.get(number)
        if kept is not None:
            return kept
        length, place = place_of(number, self.size)
        sealed = os.pread(self._handle, length + OVERHEAD, HEADER_BYTES + number * STRIDE)
        plain = self._sealing.open(sealed, number, place)
        while len(self._kept) >= _KEPT:
            with suppress(KeyError, StopIteration, RuntimeError):  # another thread was first
                del self._kept[next(iter(self._kept))]
        self._kept[number] = plain
        return plain

    def read_at(self, offset: int, count: int) -> bytes:
        """Up to `count` plain bytes; fewer only at the end."""
        end = min(offset + count, self.size)
        parts: list[bytes] = []
        while offset < end:
            number, within = divmod(offset, SEGMENT_BYTES)
            part = self.segment(number)[within : within + end - offset]
            parts.append(part)
            offset += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        """Close the file; reading it afterwards is an error."""
        os.close(self._handle)


class _Segments:
    """Whole segments that are written to a file one after the other."""

    def __init__(self, handle: int, sealing: Sealing) -> None:
        self._handle = handle
        self._sealing = sealing
        self._unsynced = 0
        self._room = bytearray(STRIDE)

    def put(self, plain: bytes | bytearray | memoryview, number: int, *, is_last: bool) -> None:
        place: Place = "last" if is_last else "inside"
        sealed = self._sealing.seal_into(self._room, plain, number, place)
        _write_at(self._handle, sealed, HEADER_BYTES + number * STRIDE)
        self._unsynced += 1
        if self._unsynced >= _SYNC_EACH or is_last:
            self.sync()

    def sync(self) -> None:
        os.fdatasync(self._handle)
        self._unsynced = 0


class SealedUpload:
    """A video of a known size that arrives in order, maybe in several tries.

    `offset` counts what has been given to `write`; after `settle`, all of it survives the end of the
    program or of the machine.
    """

    def __init__(self, path: Path, sealing: Sealing, size: int) -> None:
        self._path = path
        self._sealing = sealing
        self._size = size
        self._rest = bytearray()
        self._number = 0
        self._settled = -1
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._segments = _Segments(self._handle, sealing)
        try:
            self._resume()
        except BaseException:
            os.close(self._handle)
            raise

    @property
    def offset(self) -> int:
        """How many bytes have come."""
        return min(self._number * SEGMENT_BYTES, self._size) + len(self._rest)

    @property
    def is_complete(self) -> bool:
        """Whether all of it is here."""
        return self.offset == self._size

    @property
    def first_bytes(self) -> bytes:
        """The beginning of the video, as far as it is here; at most a segment."""
        if self._number == 0:
            return bytes(self._rest)
        length, place = place_of(0, self._size)
        return self._sealing.open(os.pread(self._handle, length + OVERHEAD, HEADER_BYTES), 0, place)

    def write(self, plain: bytes | memoryview) -> None:
        """Take what comes next; raises StoreError if it is too much, and OSError if it can't be kept.

        Whole segments are written at once. After an OSError, open the upload again.
        """
        if self.offset + len(plain) > self._size:
            raise StoreError(_("The upload is longer than it said that it would be."))
        view = memoryview(plain)
        while view:
            length, place = place_of(self._number, self._size)
            part = view[: length - len(self._rest)]
            if len(self._rest) + len(part) < length:
                self._rest += part
            else:  # if this fails, what was there stays
                whole = self._rest + part if self._rest else part
                self._segments.put(whole, self._number, is_last=place == "last")
                self._number += 1
                self._rest = bytearray()
            view = view[len(part) :]

    def settle(self) -> None:
        """Make all that has come durable, the incomplete segment too."""
        self._segments.sync()
        path = rest_path(self._path)
        if self.is_complete:
            path.unlink(missing_ok=True)
            return
        if self.offset == self._settled:
            return
        new = path.with_suffix(".rest-new")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            sealed = self._sealing.seal(self._rest, self._number, "rest")
            _write_at(handle, _NUMBER.pack(self._number) + sealed, 0)
            os.fsync(handle)
        finally:
            os.close(handle)
        new.replace(path)
        sync_directory(path.parent)
        self._settled = self.offset

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)

    def _resume(self) -> None:
        """Find out how much is here; what was written incompletely is written again."""
        if os.fstat(self._handle).st_size < HEADER_BYTES:
            _write_at(self._handle, self._sealing.header, 0)
            os.fsync(self._handle)
            sync_directory(self._path.parent)
        self._sealing.check_header(os.pread(self._handle, HEADER_BYTES, 0))
        sealed = os.fstat(self._handle).st_size - HEADER_BYTES
        there = -(-sealed // STRIDE)
        settled = self._take_rest()
        # Whatever is older than the last calls of fsync is whole.
        self._number = max(0, there - 2 * _SYNC_EACH, min(settled, sealed // STRIDE))
        while self._number < there and self._is_whole(self._number):
            self._number += 1
        if self._number != settled:
            self._rest = bytearray()
        self._settled = self.offset if self._number == settled else -1
        os.ftruncate(self._handle, HEADER_BYTES + self._whole_bytes())

    def _whole_bytes(self) -> int:
        if self._number == 0:
            return 0
        length, _place = place_of(self._number - 1, self._size)
        return (self._number - 1) * STRIDE + length + OVERHEAD

    def _is_whole(self, number: int) -> bool:
        if number * SEGMENT_BYTES >= max(1, self._size):
            return False
        length, place = place_of(number, self._size)
        sealed = os.pread(self._handle, length + OVERHEAD, HEADER_BYTES + number * STRIDE)
        try:
            self._sealing.open(sealed, number, place)
        except VideoDamagedError:
            return False
        return True

    def _take_rest(self) -> int:
        """What was settled of the next segment, and how many whole ones it follows; -1 for none."""
        try:
            kept = rest_path(self._path).read_bytes()
            number = int(_NUMBER.unpack_from(kept)[0])
            rest = self._sealing.open(kept[_NUMBER.size :], number, "rest")
        except (FileNotFoundError, struct.error, VideoDamagedError):
            return -1
        self._rest = bytearray(rest)
        return number


class SealedSink:
    """A video of unknown size, as a muxer writes it: forward, and back into the first segment."""

    def __init__(self, path: Path, sealing: Sealing) -> None:
        self._path = path
        self._sealing = sealing
        self._first = bytearray()
        self._current = bytearray()
        self._number = 1
        self._position = 0
        self._handle = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
        )
        self._segments = _Segments(self._handle, sealing)

    @property
    def size(self) -> int:
        """How long it is so far."""
        if len(self._first) < SEGMENT_BYTES:
            return len(self._first)
        return self._number * SEGMENT_BYTES + len(self._current)

    def seek(self, offset: int) -> None:
        """Go to the end, or into the first segment; raises StoreError for any other place."""
        if offset != self.size and not 0 <= offset <= len(self._first):
            raise StoreError(
                f"A sealed video can't be changed at byte {offset}, once it is written."
            )
        self._position = offset

    def write(self, plain: bytes) -> None:
        """Write at the present place; raises OSError if it can't be kept."""
        view = memoryview(plain)
        if self._position < SEGMENT_BYTES:
            part = view[: SEGMENT_BYTES - self._position]
            self._first[self._position : self._position + len(part)] = part
            self._position += len(part)
            view = view[len(part) :]
        if view and self._position != self.size:
            raise StoreError("A sealed video can't be changed behind its first segment.")
        while view:
            if len(self._current) == SEGMENT_BYTES:  # more follows, so it is not the last
                self._segments.put(self._current, self._number, is_last=False)
                self._number += 1
                self._current = bytearray()
            part = view[: SEGMENT_BYTES - len(self._current)]
            self._current += part
            self._position += len(part)
            view = view[len(part) :]

    def close(self) -> None:
        """Write what is missing, and make all of it durable; once, whatever comes of it."""
        if self._handle < 0:
            return
        try:
            if self._current:
                self._segments.put(self._current, self._number, is_last=True)
            self._segments.put(self._first, 0, is_last=not self._current)
            _write_at(self._handle, self._sealing.header, 0)
            os.fsync(self._handle)
        finally:
            self.abandon()
        sync_directory(self._path.parent)

    def abandon(self) -> None:
        """Close the file as it is, if it is not closed."""
        handle, self._handle = self._handle, -1  # its number may be another file's afterwards
        if handle >= 0:
            os.close(handle)


def _write_at(handle: int, content: bytes | memoryview, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(handle, view, offset)
        view, offset = view[written:], offset + written
