"""Checks CBOR from outside before it is decoded.

Our messages need whole numbers, texts, byte strings, lists, maps with plain keys and two kinds of
typed array, and none of them is long. CBOR can hold far more: numbers of a million digits,
fractions, patterns, references, keys that all have the same hash. They are cheap to skip, and some
are expensive to build, so one pass over the bytes refuses them.
"""

from __future__ import annotations

from typing import Final

import cbor2

from contract.errors import PayloadError

__all__ = ["MAX_ITEMS", "MAX_PAYLOAD_BYTES", "TYPED_U8", "TYPED_U16_LE", "check", "load_map"]

MAX_PAYLOAD_BYTES: Final = 1 << 17
"""The largest batch, ten periods of 255 seats, takes 66 kB."""
TYPED_U8: Final = 64
TYPED_U16_LE: Final = 69
_TYPED: Final = (TYPED_U8, TYPED_U16_LE)
_MAX_DEPTH: Final = 6
MAX_ITEMS: Final = 4_096

# How the first byte of an item begins: three bits say what it is.
_BYTES: Final = 2
_BYTES_HEAD, _TEXT_HEAD, _LIST_HEAD, _MAP_HEAD, _TAG_HEAD, _SIMPLE = (n << 5 for n in range(2, 8))
_ONE_BYTE_TAG: Final = 0xD8
_SIMPLE_VALUES: Final = frozenset({20, 21, 22, 25, 26, 27})
"""False, true, null, and the three lengths of a float."""


def load_map(
    payload: bytes, *, max_bytes: int = MAX_PAYLOAD_BYTES, max_items: int = MAX_ITEMS
) -> dict[object, object]:
    """The map in a payload; raises PayloadError for anything else.

    Whole numbers have at most 64 bits, keys are whole numbers or texts, a typed array comes as a
    `cbor2.CBORTag` of its bytes.
    """
    check(payload, max_bytes=max_bytes, max_items=max_items)
    try:
        found = cbor2.loads(payload)
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError) as error:
        raise PayloadError("CBOR", str(error)) from error
    if type(found) is not dict:
        raise PayloadError("byte 0", f"a CBOR map is expected, not {type(found).__name__}")
    return found


def check(
    payload: bytes, *, max_bytes: int = MAX_PAYLOAD_BYTES, max_items: int = MAX_ITEMS
) -> None:
    """Raise PayloadError unless the payload is one item that `load_map` describes."""
    size = len(payload)
    if size > max_bytes:
        raise PayloadError("the message", f"{size} bytes, at most {max_bytes} are accepted")
    at = begin = items = 0
    # How many items are still to come in the open list or map, and in those around it. In a map
    # the next item is a key if the number left is odd after it is taken.
    left, is_map = 1, False
    around: list[tuple[int, bool]] = []
    try:
        while left or around:
            if not left:
                left, is_map = around.pop()
                continue
            left -= 1
            begin = at
            head = payload[at]
            at += 1
            if head == _ONE_BYTE_TAG:
                if payload[at] not in _TYPED or payload[at + 1] >> 5 != _BYTES:
                    raise PayloadError(f"byte {begin}", f"tag {payload[at]} is of no typed array")
                head = payload[at + 1]
                at += 2
                if is_map and left & 1:
                    raise PayloadError(f"byte {begin}", "a typed array is no key")
            value = head & 31
            if value > 23:
                if value > 27:
                    raise PayloadError(f"byte {begin}", "not CBOR of a definite length")
                width = 1 << (value - 24)
                if head < _SIMPLE:
                    value = int.from_bytes(payload[at : at + width], "big")
                at += width
            if head < _BYTES_HEAD:
                continue
            if is_map and left & 1 and not _TEXT_HEAD <= head < _LIST_HEAD:
                raise PayloadError(f"byte {begin}", "a key is neither a whole number nor a text")
            if head < _LIST_HEAD:
                at += value
            elif head < _TAG_HEAD:
                items += value
                if items > max_items:
                    raise PayloadError(f"byte {begin}", f"more than {max_items} items")
                if len(around) >= _MAX_DEPTH:
                    raise PayloadError(f"byte {begin}", f"more than {_MAX_DEPTH} levels")
                around.append((left, is_map))
                is_map = head >= _MAP_HEAD
                left = 2 * value if is_map else value
            elif head < _SIMPLE or value not in _SIMPLE_VALUES:
                raise PayloadError(f"byte {begin}", "not what a message has")
    except IndexError:
        raise PayloadError(f"byte {size}", "not CBOR: it ends within an item") from None
    if at != size:
        what = "bytes follow the end of the message" if at < size else "it ends within an item"
        raise PayloadError(f"byte {min(at, size)}", f"not CBOR: {what}")
