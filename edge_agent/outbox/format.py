"""The bytes of an outbox segment (see docs/edge.md): bytes in, records out, no files.

A segment is MAGIC and then records. A record is a head and a body, each with its own CRC-32. So the
seqs of a damaged body are still known, and a reader skips a damaged head by looking for the next
MARK. Zeros may fill the space between records up to the end of a page, and the end of the file.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from contract.wire.parts import IN_TIME, packed_run, unpacked_run
from contract.wire.payload import Gap, GapReason

__all__ = ["MAGIC", "PAGE", "DamagedBytes", "Head", "Record", "pack", "scan", "unpack_body"]

MAGIC: Final = b"RTOUTBX2"
MARK: Final = b"\xc5\x0dR\x8e"

PAGE: Final = 4096

_FIXED: Final = struct.Struct("<4sHBBQQQQQIIBB")
_CRC: Final = struct.Struct("<I")
_LARGEST_BODY: Final = 1 << 20

RecordKind = Literal["data", "timebase"]
_KINDS: Final[dict[int, RecordKind]] = {1: "data", 2: "timebase"}
_NUMBERS: Final = {kind: number for number, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a record contains. A timebase has n 0 and neither seats nor counts.

    It repeats what its payload says, so that a gap can replace a record whose body is damaged.
    """

    kind: RecordKind
    run: int
    part: int = IN_TIME
    first_seq: int = 0
    n: int = 0
    boot_ns: int = 0
    period_ns: int = 0
    synchronised: bool = False
    seats: bytes = b""
    counts: bytes = b""
    """Seats sampled in each period; empty for a gap."""

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.n - 1

    def gap(self, first_seq: int, last_seq: int, *, node: str, reason: GapReason) -> Gap:
        """The gap that replaces some of its periods when they are given up."""
        return Gap(
            node=node, run=self.run, part=self.part, first_seq=first_seq, n=last_seq - first_seq + 1,
            boot_ns=self.boot_ns + (first_seq - self.first_seq) * self.period_ns,
            period_ns=self.period_ns, synchronised=self.synchronised, seats=tuple(self.seats),
            reason=reason,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A good record: its head, and where its zlib-compressed body is in the segment."""

    head: Head
    offset: int
    length: int
    crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedBytes:
    """Bytes that are not a good record; with their head if it could be read."""

    offset: int
    length: int
    head: Head | None


def pack(head: Head, payload: bytes) -> tuple[bytes, Record]:
    """Returns a record's bytes, and the record as a scan finds it if they begin a segment."""
    # A payload is mostly two-byte numbers with similar high bytes: splitting them saves a sixth.
    body = zlib.compress(payload[::2] + payload[1::2], 6)
    crc = zlib.crc32(body)
    tail = head.seats + head.counts
    fixed = _FIXED.pack(
        MARK, _FIXED.size + len(tail) + _CRC.size, _NUMBERS[head.kind], head.synchronised,
        packed_run(head.run, head.part), head.first_seq, head.n, head.boot_ns, head.period_ns, len(body), crc, len(head.seats), len(head.counts),
    )  # fmt: skip
    top = fixed + tail
    top += _CRC.pack(zlib.crc32(top))
    return top + body, Record(head=head, offset=len(top), length=len(body), crc=crc)


def unpack_body(body: bytes, crc: int) -> bytes | None:
    """The payload of a body; None if it is damaged."""
    if zlib.crc32(body) != crc:
        return None
    inflate = zlib.decompressobj()
    try:
        halves = inflate.decompress(body, _LARGEST_BODY)
    except zlib.error:
        return None
    if not inflate.eof:
        return None
    payload = bytearray(len(halves))
    half = (len(halves) + 1) // 2
    payload[::2], payload[1::2] = halves[:half], halves[half:]
    return bytes(payload)


def scan(data: bytes) -> Iterator[Record | DamagedBytes]:
    """Every record of a segment, and the damaged bytes between them. Never raises."""
    at = len(MAGIC) if data.startswith(MAGIC) else 0
    bad_from: int | None = None if at or not data else 0
    written = len(data.rstrip(b"\0"))
    while at < written:
        found = _record(data, at)
        if found is None:
            page_end = -(-at // PAGE) * PAGE
            if bad_from is None and not data[at:page_end].strip(b"\0") and at < page_end:
                at = page_end
                continue
            bad_from = at if bad_from is None else bad_from
            following = data.find(MARK, at + 1)
            at = len(data) if following < 0 else following
            continue
        if bad_from is not None and at > bad_from:
            yield DamagedBytes(offset=bad_from, length=at - bad_from, head=None)
        bad_from = None
        body = data[found.offset : found.offset + found.length]
        if len(body) == found.length and unpack_body(body, found.crc) is not None:
            yield found
            at = found.offset + found.length
            continue
        # The head is good, so its seqs are known; the body may still be cut off.
        end = min(len(data), found.offset + found.length)
        if _record(data, end) is None and end < len(data):
            following = data.find(MARK, found.offset)
            end = len(data) if following < 0 else following
        yield DamagedBytes(offset=at, length=end - at, head=found.head)
        at = end
    if bad_from is not None:
        yield DamagedBytes(offset=bad_from, length=len(data) - bad_from, head=None)


def _record(data: bytes, at: int) -> Record | None:
    """The record whose head begins here; None if there is no good head."""
    if not data.startswith(MARK, at) or at + _FIXED.size + _CRC.size > len(data):
        return None
    _, size, kind, synced, packed, first, n, boot_ns, period_ns, length, crc, seats, counts = (
        _FIXED.unpack_from(data, at)
    )
    end = at + size
    if size != _FIXED.size + seats + counts + _CRC.size or end > len(data):
        return None
    if _CRC.unpack_from(data, end - _CRC.size)[0] != zlib.crc32(data[at : end - _CRC.size]):
        return None
    if kind not in _KINDS or length > _LARGEST_BODY or counts not in (0, n):
        return None
    if (n == 0) == (_KINDS[kind] == "data") or packed >= 1 << 63:
        return None
    tail = data[at + _FIXED.size : end - _CRC.size]
    run, part = unpacked_run(packed)
    head = Head(
        kind=_KINDS[kind], run=run, part=part, first_seq=first, n=n, boot_ns=boot_ns,
        period_ns=period_ns, synchronised=bool(synced), seats=tail[:seats], counts=tail[seats:],
    )  # fmt: skip
    return Record(head=head, offset=end, length=length, crc=crc)
