"""The data message: a columnar CBOR batch of typed arrays, or a gap.

Layout of format version 1, a CBOR map (RFC 8949) with small integer keys:

===  ==========================================================================
key  value
===  ==========================================================================
0    format version, 1
1    node
2    run
3    seq of the first period
4    n, how many consecutive periods
5    boot clock at the start of the first period, ns
6    period length, ns
7    time quality: 0 unsynchronised, 1 synchronised
8    seat numbers, typed array of u8 (RFC 8746, tag 64)
9    elapsed ms since the last period closed, when sent; null where unknown
10   map of seat quantity code → typed array of u16 (tag 69), n x seats, row by row
11   map of room quantity code → typed array of u16 (tag 69), n
12   reason; only a gap has it, and a gap has neither 9, 10 nor 11
13   part of the run, 1 to 31, see `contract/wire/parts.py`; absent for what closed in time
===  ==========================================================================

Kits of earlier versions send no key 13: their part is in the bits of the run from 58 on.

Bytes in, values out: nothing here knows about MQTT or a store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import cbor2
import numpy as np
from numpy.typing import NDArray

from contract.errors import PayloadError, UnknownVersionError, brief
from contract.quantities.table import ROOM_QUANTITIES, SEAT_QUANTITIES
from contract.wire.cbor import TYPED_U8, TYPED_U16_LE, load_map
from contract.wire.parts import IN_TIME, MAX_PART, RUN_BITS, unpacked_run

__all__ = [
    "FULL_LAYOUT_CODES",
    "MAX_PERIODS",
    "Batch",
    "Gap",
    "GapReason",
    "Layout",
    "decode",
    "encode",
    "rows_of",
]

VERSION: Final = 1
MAX_PERIODS: Final = 10
"""A backlog batch holds at most this many periods."""
LONGEST_GAP: Final = 1 << 40

GapReason = Literal["serial", "unused", "off", "paused", "died", "outbox_full", "damaged"]
"""Why there are no values: nothing came on the serial line; what came could not be used; no lesson
was on; someone paused the kit; the agent or the Pi died; the outbox was full or damaged."""
_REASONS: Final = frozenset(get_args(GapReason))

_SEAT_CODES: Final = tuple(q.code for q in SEAT_QUANTITIES)
_ROOM_CODES: Final = tuple(q.code for q in ROOM_QUANTITIES)
FULL_LAYOUT_CODES: Final = (_SEAT_CODES, _ROOM_CODES)


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one period's row of values, from left to right.

    First each seat quantity for all seats, then the room quantities:
    `width = len(seat_codes) * len(seats) + len(room_codes)`.
    """

    seats: tuple[int, ...]
    seat_codes: tuple[int, ...] = _SEAT_CODES
    room_codes: tuple[int, ...] = _ROOM_CODES

    @property
    def width(self) -> int:
        return len(self.seat_codes) * len(self.seats) + len(self.room_codes)

    def seat_values(self, values: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """The seats' values of rows (n, width) as (n, seats, seat quantities)."""
        n, cut = len(values), len(self.seat_codes) * len(self.seats)
        cube = values[:, :cut].reshape(n, len(self.seat_codes), len(self.seats))
        return cube.transpose(0, 2, 1)

    def room_values(self, values: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """The room's values of rows (n, width) as (n, room quantities)."""
        return values[:, len(self.seat_codes) * len(self.seats) :]

    def rows(self, seat: NDArray[np.uint16], room: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """Rows (n, width) from (n, seats, seat quantities) and (n, room quantities)."""
        return np.concatenate([seat.transpose(0, 2, 1).reshape(len(seat), -1), room], axis=1)


# Not frozen, although nobody changes one: each message makes one, which would take three times as long.
@dataclass(slots=True, kw_only=True, eq=False)
class _Periods:
    """Consecutive periods of one run, or of a part of it."""

    node: str
    run: int
    first_seq: int
    boot_ns: int
    period_ns: int
    synchronised: bool
    part: int = IN_TIME

    @property
    def key(self) -> tuple[str, int, int]:
        """Node, run and part: what its seqs belong to."""
        return self.node, self.run, self.part


@dataclass(slots=True, kw_only=True, eq=False)
class Batch(_Periods):
    """Periods with their values. `values` is u16 (n, layout.width); 65535 is missing."""

    waited_ms: int | None
    layout: Layout
    values: NDArray[np.uint16]

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def last_seq(self) -> int:
        return self.first_seq + len(self.values) - 1


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Gap(_Periods):
    """Periods in which `seats` have no values, and why.

    In a part of a run it is about that part only: a hub's seats or, with no seats, the sound.
    """

    n: int
    seats: tuple[int, ...]
    reason: GapReason

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.n - 1


def encode(message: Batch | Gap, *, waited_ms: int | None = None) -> bytes:
    """The payload of a batch or a gap. `waited_ms` replaces the batch's own when it is sent."""
    head: dict[int, object] = {
        0: VERSION,
        1: message.node,
        2: message.run,
        3: message.first_seq,
        4: message.n,
        5: message.boot_ns,
        6: message.period_ns,
        7: int(message.synchronised),
    }
    if message.part:
        head[13] = message.part
    if isinstance(message, Gap):
        head[8] = cbor2.CBORTag(TYPED_U8, bytes(message.seats))
        head[12] = message.reason
        return cbor2.dumps(head)
    layout = message.layout
    head[8] = cbor2.CBORTag(TYPED_U8, bytes(layout.seats))
    head[9] = message.waited_ms if waited_ms is None else waited_ms
    values = message.values.astype("<u2", copy=False)
    seat, room = layout.seat_values(values), layout.room_values(values)
    head[10] = {
        code: cbor2.CBORTag(TYPED_U16_LE, seat[:, :, i].tobytes())
        for i, code in enumerate(layout.seat_codes)
    }
    head[11] = {
        code: cbor2.CBORTag(TYPED_U16_LE, room[:, i].tobytes())
        for i, code in enumerate(layout.room_codes)
    }
    return cbor2.dumps(head)


def decode(payload: bytes) -> Batch | Gap:
    """The batch or gap in a payload.

    Raises UnknownVersionError for a later format and PayloadError for anything else that does not
    fit; both name the field. The values may be a read-only view of the payload.
    """
    head = load_map(payload)
    version = head.get(0)
    if version != VERSION or type(version) is not int:
        if type(version) is int and version > VERSION:
            raise UnknownVersionError("field 0", version, VERSION)
        raise PayloadError("field 0", f"format version is {brief(version)}, expected {VERSION}")
    node = head.get(1)
    if type(node) is not str or not 1 <= len(node) <= 32:
        raise PayloadError("field 1", "node is not a text of 1 to 32 characters")
    run, part = _run_and_part(head)
    first_seq = _whole(head, 3, "first seq", 0, LONGEST_GAP)
    is_gap = 12 in head
    n = _whole(head, 4, "n", 1, LONGEST_GAP if is_gap else MAX_PERIODS)
    boot_ns = _whole(head, 5, "boot clock", 0, (1 << 63) - 1)
    period_ns = _whole(head, 6, "period length", 1, 3_600_000_000_000)
    synchronised = bool(_whole(head, 7, "time quality", 0, 1))
    seats = tuple(_tagged(head.get(8), TYPED_U8, "field 8 (seats)"))
    if len(set(seats)) != len(seats):
        raise PayloadError("field 8", "a seat is named twice")
    extra = head.keys() - _KEYS[is_gap]
    if extra:
        raise PayloadError(f"field {brief(min(extra, key=str))}", "not a field of this format")
    if is_gap:
        reason = head[12]
        if type(reason) is not str or reason not in _REASONS:
            raise PayloadError("field 12", f"{brief(reason)} is no reason for a gap")
        return Gap(
            node=node, run=run, first_seq=first_seq, n=n, boot_ns=boot_ns, period_ns=period_ns,
            synchronised=synchronised, seats=seats, part=part,
            reason=reason,  # type: ignore[arg-type]
        )  # fmt: skip
    waited_ms = None if head.get(9) is None else _whole(head, 9, "waited", 0, 1 << 53)
    seat_codes, seat_columns = _columns(head, 10, 2 * n * len(seats))
    room_codes, room_columns = _columns(head, 11, 2 * n)
    layout = Layout(seats, seat_codes, room_codes)
    flat = np.frombuffer(b"".join(seat_columns + room_columns), dtype="<u2")
    return Batch(
        node=node, run=run, first_seq=first_seq, boot_ns=boot_ns, period_ns=period_ns,
        synchronised=synchronised, waited_ms=waited_ms, layout=layout,
        values=rows_of(flat, layout, n), part=part,
    )  # fmt: skip


def rows_of(columns: NDArray[np.uint16], layout: Layout, n: int) -> NDArray[np.uint16]:
    """Rows (n, width) of columns as they are sent, one after the other."""
    if n == 1:
        return columns.reshape(1, -1)
    seats, codes = len(layout.seats), len(layout.seat_codes)
    cut = n * seats * codes
    cube = columns[:cut].reshape(codes, n, seats).transpose(1, 0, 2)
    room = columns[cut:].reshape(len(layout.room_codes), n).T
    return np.concatenate([cube.reshape(n, -1), room], axis=1)


_KEYS: Final = {
    False: frozenset({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13}),
    True: frozenset({0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 13}),
}


def _run_and_part(head: dict[object, object]) -> tuple[int, int]:
    """Run and part; a kit of an earlier version sends both in the run's number."""
    if 13 not in head:
        return unpacked_run(_whole(head, 2, "run", 0, (1 << 63) - 1))
    part = _whole(head, 13, "part", 1, MAX_PART)
    return _whole(head, 2, "run", 0, (1 << RUN_BITS) - 1), part


def _whole(head: dict[object, object], key: int, name: str, low: int, high: int) -> int:
    value = head.get(key)
    if type(value) is not int or not low <= value <= high:
        raise PayloadError(
            f"field {key}",
            f"{name} is {brief(value)}, expected a whole number {low} to {high}",
        )
    return value


def _tagged(value: object, tag: int, where: str) -> bytes:
    if type(value) is not cbor2.CBORTag or value.tag != tag or type(value.value) is not bytes:
        raise PayloadError(where, f"a typed array with tag {tag} is expected")
    return value.value


def _columns(
    head: dict[object, object], key: int, length: int
) -> tuple[tuple[int, ...], list[bytes]]:
    columns = head.get(key)
    if type(columns) is not dict:
        raise PayloadError(f"field {key}", "a map of quantity code to typed array is expected")
    found = []
    for code, column in columns.items():
        if type(code) is not int or not 0 < code < 65536:
            raise PayloadError(f"field {key}", f"{brief(code)} is not the code of a quantity")
        data = _tagged(column, TYPED_U16_LE, f"field {key}, quantity {code}")
        if len(data) != length:
            raise PayloadError(
                f"field {key}, quantity {code}", f"{len(data)} bytes, expected {length}"
            )
        found.append(data)
    return tuple(columns), found
