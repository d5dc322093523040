"""Remembers over a death which retained messages were being read when it came.

A broker sends what it retains at each connection. If one such message ends the program in a way
that no `except` can catch, the next start must not read it again. So before retained messages are
read their digests are written down, and struck out afterwards. What a start finds written was in
hand when the program ended: one alone is the culprit, of several each is tried alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Final

__all__ = ["Suspects", "digest_of"]

_LOG = logging.getLogger(__name__)
_DIGEST_BYTES: Final = 16
_MAX_SUSPECTS: Final = 4_096


def digest_of(topic: str, payload: bytes) -> bytes:
    """What two messages have in common only if they are the same."""
    text = topic.encode("utf-8", "replace")
    return blake2b(text + b"\0" + payload, digest_size=_DIGEST_BYTES).digest()


class Suspects:
    """The file of one program, and what it held at the start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digests: frozenset[bytes] = frozenset()
        self.culprit: bytes | None = None
        """The one message that ended the program."""

    def begin(self) -> None:
        """See what was in hand when the program ended."""
        try:
            found = self._path.read_bytes()[: _MAX_SUSPECTS * _DIGEST_BYTES]
        except OSError:
            return
        digests = {
            found[at : at + _DIGEST_BYTES]
            for at in range(0, len(found) - _DIGEST_BYTES + 1, _DIGEST_BYTES)
        }
        self._digests = frozenset(digests)
        if len(digests) == 1:
            (self.culprit,) = digests
        if digests:
            _LOG.warning(
                "the program ended while it read %d retained messages; %s",
                len(digests),
                "that one is put aside unread" if self.culprit else "each is now read alone",
            )

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._digests

    @contextmanager
    def holding(self, digests: Sequence[bytes]) -> Iterator[None]:
        """These are being read; an exception strikes them out too, since it was survived."""
        if not digests:
            yield
            return
        self._write(b"".join(digests[:_MAX_SUSPECTS]))
        try:
            yield
        finally:
            self._write(b"")

    def _write(self, digests: bytes) -> None:
        # The file outlives the program, and that is enough: no sync.
        try:
            self._path.write_bytes(digests)
        except OSError as error:
            _LOG.warning("%s can't be written (%s)", self._path, error.strerror)
