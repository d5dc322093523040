"""Remembers which retained messages a program was reading when it crashed.

A broker sends its retained messages at each connection. If one of them ends the program in a way
that no `except` can catch, the next start must not read it again. So the program writes down the
digests of retained messages before it reads them, and removes them afterwards. Digests that a start
finds are those of the crash: a single one is the culprit; of several, each is read alone.
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
    """A digest that only equal messages share."""
    text = topic.encode("utf-8", "replace")
    return blake2b(text + b"\0" + payload, digest_size=_DIGEST_BYTES).digest()


class Suspects:
    """One program's file of digests, and what it held at the start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._digests: frozenset[bytes] = frozenset()
        self.culprit: bytes | None = None
        """The digest of the message that ended the program."""

    def begin(self) -> None:
        """Read which messages were being read when the program ended."""
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
        """Note these messages while they are read. After an exception they are removed too."""
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
