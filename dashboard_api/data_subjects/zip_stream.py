"""A zip archive that is sent while it is made: of no file more than a piece is in memory."""

from __future__ import annotations

from datetime import datetime
from typing import IO, Final, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

__all__ = ["ZipStream"]

_PRIVATE: Final = 0o600 << 16


class ZipStream:
    """Takes pieces of files, one file after the other, and gives bytes of the archive."""

    def __init__(self, made_at: datetime) -> None:
        self._made_at = made_at
        self._sink = _Sink()
        self._zip = ZipFile(cast("IO[bytes]", self._sink), "w", ZIP_DEFLATED)
        self._name: str | None = None
        self._file: IO[bytes] | None = None

    def write(self, name: str, piece: bytes) -> bytes:
        """Append to a file, the same as before or a new one; what there is to send by now."""
        if name != self._name or self._file is None:
            self._end_file()
            info = ZipInfo(name, self._made_at.timetuple()[:6])
            info.compress_type, info.external_attr = ZIP_DEFLATED, _PRIVATE
            self._name, self._file = name, self._zip.open(info, "w")
        self._file.write(piece)
        return self._sink.taken()

    def close(self) -> bytes:
        """End the archive; the rest to send."""
        self._end_file()
        self._zip.close()
        return self._sink.taken()

    def _end_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _Sink:
    """Where the archive is written to: it can't be read or sought, as a connection can't."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken
