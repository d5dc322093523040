"""A sealed chunk: up to five minutes of one stream's values of one kind, as bytes and back.

    version u8 · flags u8 (0) · periods u16 · columns u32 · first seq i64 · span u32 · crc32 u32
    presence: one bit for each of `span` seqs from the first on
    liveness: one bit for each of the periods
    zlib of the values, column by column, all low bytes before all high bytes

Little-endian. The CRC is over everything but itself and begins with a key, which says what the
chunk is: so a chunk that stands in another's place is as damaged as one whose bytes have
changed. Values of one column vary slowly and most high bytes are zero, which is what zlib needs to
see side by side.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.errors import PayloadError, UnknownVersionError

__all__ = ["decode_chunk", "encode_chunk", "is_whole", "rekeyed"]

_VERSION: Final = 2
_HEAD: Final = struct.Struct("<BBHIqI")
_CRC: Final = struct.Struct("<I")
_LEVEL: Final = 6


def encode_chunk(
    seqs: NDArray[np.int64],
    is_live: NDArray[np.bool_],
    values: NDArray[np.uint16],
    *,
    key: int = 0,
) -> bytes:
    """The bytes of rows `values` (n, columns) at rising `seqs` (n,), n from 1 to 65,535."""
    n, columns = values.shape
    first = int(seqs[0])
    span = int(seqs[-1]) - first + 1
    present = np.zeros(span, dtype=np.bool_)
    present[seqs - first] = True
    by_column = np.ascontiguousarray(values.T, dtype="<u2")
    shuffled = by_column.view(np.uint8).reshape(-1, 2).T.tobytes()
    head = _HEAD.pack(_VERSION, 0, n, columns, first, span)
    body = (
        np.packbits(present).tobytes()
        + np.packbits(is_live).tobytes()
        + zlib.compress(shuffled, _LEVEL)
    )
    return head + _CRC.pack(zlib.crc32(body, zlib.crc32(head, key))) + body


def is_whole(chunk: bytes, key: int = 0) -> bool:
    """Whether a chunk's checksum fits, and it is the one that was written under this key."""
    start = _HEAD.size + _CRC.size
    if len(chunk) < start:
        return False
    crc: int = _CRC.unpack_from(chunk, _HEAD.size)[0]
    return crc == zlib.crc32(memoryview(chunk)[start:], zlib.crc32(chunk[: _HEAD.size], key))


def rekeyed(chunk: bytes, key: int, new_key: int) -> bytes:
    """The same chunk under another key; raises PayloadError if it is not whole under its own."""
    if not is_whole(chunk, key):
        raise PayloadError("sealed chunk", "its checksum does not fit, so its bytes have changed")
    head, body = chunk[: _HEAD.size], chunk[_HEAD.size + _CRC.size :]
    return head + _CRC.pack(zlib.crc32(body, zlib.crc32(head, new_key))) + body


def decode_chunk(
    chunk: bytes,
    key: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.uint16]]:
    """Seqs, liveness and values (n, columns) of a chunk.

    Raises UnknownVersionError for another version of the format and PayloadError for a damaged chunk.
    """
    start = _HEAD.size + _CRC.size
    if len(chunk) < start:
        raise PayloadError("sealed chunk", f"{len(chunk)} bytes, a head alone has {start}")
    version, _, n, columns, first, span = _HEAD.unpack_from(chunk)
    if version != _VERSION:
        raise UnknownVersionError("sealed chunk", version, _VERSION)
    if not is_whole(chunk, key):
        raise PayloadError("sealed chunk", "its checksum does not fit, so its bytes have changed")
    # From here on only what the checksum vouches for; but a checksum is no proof.
    cut, live = -(-span // 8), -(-n // 8)
    bits = np.frombuffer(chunk, dtype=np.uint8, offset=start)
    if cut + live > len(bits):
        raise PayloadError("sealed chunk", f"{span} seqs and {n} periods do not fit into it")
    seqs = np.flatnonzero(np.unpackbits(bits[:cut], count=span)) + first
    is_live = np.unpackbits(bits[cut:], count=n).view(np.bool_)
    size = 2 * n * columns
    inflate = zlib.decompressobj()
    try:
        packed = inflate.decompress(memoryview(chunk)[start + cut + live :], size + 1)
    except zlib.error as error:
        raise PayloadError("sealed chunk values", str(error)) from error
    if len(seqs) != n or len(packed) != size:
        raise PayloadError("sealed chunk values", f"they are not those of {n} periods")
    low, high = np.frombuffer(packed, dtype=np.uint8).reshape(2, -1)
    flat = high.astype(np.uint16)
    flat <<= 8
    flat |= low
    return seqs, is_live, flat.reshape(columns, n).T
