"""The format of a sealed video: pure functions from bytes to bytes.

A file is a header of 32 bytes, then segments. Each segment is a nonce of 12 bytes, up to 1 MiB of
ciphertext, and a tag of 16 bytes, by AES-256-GCM with the video's own key. The associated data of
a segment are the header, the segment's number, its length, and its place: inside, last, or the rest
of an upload that has not ended. So no segment can be moved, cut, replaced by one of another video, or
taken for the end. A nonce is random, and used once.
"""

from __future__ import annotations

import os
import struct
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from contract.errors import StoreError
from contract.language import N_

__all__ = [
    "DAMAGES",
    "HEADER_BYTES",
    "KEY_BYTES",
    "OVERHEAD",
    "SEGMENT_BYTES",
    "STRIDE",
    "Place",
    "Sealing",
    "VideoDamagedError",
    "place_of",
    "sealed_bytes",
]

KEY_BYTES: Final = 32
SEGMENT_BYTES: Final = 1 << 20
"""Of plain video in a whole segment; docs/decisions/video.md has what other sizes cost."""
HEADER_BYTES: Final = 32
OVERHEAD: Final = 12 + 16
"""Nonce and tag."""
STRIDE: Final = SEGMENT_BYTES + OVERHEAD
"""From one segment's beginning to the next."""
Place = Literal["inside", "last", "rest"]

_DAMAGED_SEGMENT: Final = N_(
    "The video {video} is damaged: its segment {n} is not as it was written. Copy the video back from "
    "its own copy, or upload it again."
)
_DAMAGED_FILE: Final = N_(
    "The file of the video {video} is damaged, or is another video's: copy it back from its own copy, "
    "or upload the video again."
)
_LATER_VERSION: Final = N_(
    "The video {video} was written by a later version of Roomtone: use that one."
)
DAMAGES: Final = (_DAMAGED_SEGMENT, _DAMAGED_FILE, _LATER_VERSION)
"""Kept in English as a video's refusal; the pages translate them for who reads them."""

_MAGIC: Final = b"RTVIDEO\0"
_VERSION: Final = 1
_HEADER: Final = struct.Struct(">8sHHI16s")
_PLACE: Final = struct.Struct(">QIB")
_PLACES: Final[dict[Place, int]] = {"inside": 0, "last": 1, "rest": 2}


class VideoDamagedError(StoreError):
    """A sealed video is not as it was written."""


class Sealing:
    """Seals and opens the segments of one video; `name` is its id, 32 hexadecimal digits."""

    def __init__(self, key: bytes, name: str) -> None:
        self._cipher = AESGCM(key)
        self.name = name
        self.header = _HEADER.pack(_MAGIC, _VERSION, 0, SEGMENT_BYTES, bytes.fromhex(name))

    def seal(self, plain: bytes | bytearray | memoryview, number: int, place: Place) -> bytes:
        """A segment as it is written."""
        return bytes(self.seal_into(bytearray(len(plain) + OVERHEAD), plain, number, place))

    def seal_into(
        self, room: bytearray, plain: bytes | bytearray | memoryview, number: int, place: Place
    ) -> memoryview:
        """The same at the beginning of a buffer: to take new memory for each costs ten times more."""
        nonce = os.urandom(12)
        sealed = memoryview(room)[: len(plain) + OVERHEAD]
        sealed[:12] = nonce
        about = self._about(number, len(plain), place)
        self._cipher.encrypt_into(nonce, plain, about, sealed[12:])
        return sealed

    def open(self, sealed: bytes, number: int, place: Place) -> bytes:
        """A segment's plain bytes; raises VideoDamagedError if it is not that segment."""
        length = len(sealed) - OVERHEAD
        if length >= 0:
            try:
                return self._cipher.decrypt(
                    sealed[:12], memoryview(sealed)[12:], self._about(number, length, place)
                )
            except InvalidTag:
                pass
        raise VideoDamagedError(_DAMAGED_SEGMENT.format(video=self.name, n=number))

    def check_header(self, header: bytes) -> None:
        """Raise VideoDamagedError if it is not that of this video and this version."""
        if header == self.header:
            return
        if header[:8] == _MAGIC and header[8:10] != self.header[8:10]:
            raise VideoDamagedError(_LATER_VERSION.format(video=self.name))
        raise VideoDamagedError(_DAMAGED_FILE.format(video=self.name))

    def _about(self, number: int, length: int, place: Place) -> bytes:
        return self.header + _PLACE.pack(number, length, _PLACES[place])


def place_of(number: int, size: int) -> tuple[int, Place]:
    """The length of a segment of a video of `size` bytes, and whether it is the last."""
    begins = number * SEGMENT_BYTES
    is_last = size - begins <= SEGMENT_BYTES
    return (size - begins if is_last else SEGMENT_BYTES), ("last" if is_last else "inside")


def sealed_bytes(size: int) -> int:
    """How long the file of a video of `size` bytes is."""
    segments = max(1, -(-size // SEGMENT_BYTES))
    return HEADER_BYTES + size + segments * OVERHEAD
