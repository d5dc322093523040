"""Frames on a stream: four bytes of length, then one CBOR map."""

from __future__ import annotations

import cbor2

from contract.errors import PayloadError
from contract.wire.cbor import load_map

__all__ = ["HEAD_BYTES", "MAX_FRAME_BYTES", "frame", "length_of", "unpack"]

HEAD_BYTES = 4
MAX_FRAME_BYTES = 1 << 16
"""The largest is a list of kits; a kit's settings have some kilobytes."""
_MAX_ITEMS = 1 << 14


def frame(fields: dict[str, object]) -> bytes:
    """The bytes of a map, with their length before them; raises PayloadError if it is too long."""
    body = cbor2.dumps(fields)
    if len(body) > MAX_FRAME_BYTES:
        raise PayloadError("the message", f"{len(body)} bytes, at most {MAX_FRAME_BYTES} fit")
    return len(body).to_bytes(HEAD_BYTES, "big") + body


def length_of(head: bytes) -> int:
    """How long the body is that follows; raises PayloadError if it is longer than any may be."""
    length = int.from_bytes(head, "big")
    if len(head) != HEAD_BYTES or not 0 < length <= MAX_FRAME_BYTES:
        raise PayloadError("the length", f"{length}, expected 1 to {MAX_FRAME_BYTES}")
    return length


def unpack(body: bytes) -> dict[object, object]:
    """The map in a frame's body; raises PayloadError."""
    return load_map(body, max_bytes=MAX_FRAME_BYTES, max_items=_MAX_ITEMS)
