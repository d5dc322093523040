"""The bytes of a segment: what was packed is found, whatever else is there never raises."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from contract.wire.parts import IN_TIME, MAX_PART, RUN_BITS
from edge_agent.outbox.format import (
    MAGIC,
    MARK,
    PAGE,
    DamagedBytes,
    Head,
    Record,
    pack,
    scan,
    unpack_body,
)

heads = st.builds(
    lambda run, part, first, n, boot, seats, is_gap, sync: Head(
        kind="data", run=run, part=part, first_seq=first, n=n, boot_ns=boot, period_ns=1_000_000_000,
        synchronised=sync, seats=bytes(seats), counts=b"" if is_gap else bytes([3] * n),
    ),
    st.integers(0, (1 << RUN_BITS) - 1), st.integers(IN_TIME, MAX_PART),
    st.integers(0, 1 << 40), st.integers(1, 10),
    st.integers(0, (1 << 63) - 1), st.lists(st.integers(1, 255), max_size=64, unique=True),
    st.booleans(), st.booleans(),
)  # fmt: skip
records = st.lists(st.tuples(heads, st.binary(max_size=300)), max_size=6)


def segment(parts: list[tuple[Head, bytes]]) -> bytes:
    return MAGIC + b"".join(pack(head, payload)[0] for head, payload in parts)


def read(data: bytes) -> list[tuple[Head, bytes | None]]:
    return [
        (found.head, unpack_body(data[found.offset : found.offset + found.length], found.crc))
        for found in scan(data)
        if isinstance(found, Record)
    ]


@given(records)
def test_what_was_packed_is_found(parts: list[tuple[Head, bytes]]) -> None:
    assert read(segment(parts)) == parts


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_passed_over_and_accounted_for(data: bytes, has_magic: bool) -> None:
    data = (MAGIC if has_magic else b"") + data.replace(b"\x00", MARK)
    at = len(MAGIC) if data.startswith(MAGIC) else 0
    for record in scan(data):
        assert isinstance(record, DamagedBytes)
        assert record.offset == at
        at += record.length
    assert at == len(data)


@given(records.filter(lambda parts: len(parts) > 1), st.data())
def test_one_flipped_bit_costs_one_record_and_no_value(
    parts: list[tuple[Head, bytes]], data: st.DataObject
) -> None:
    whole = bytearray(segment(parts))
    at = data.draw(st.integers(len(MAGIC), len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    found = read(bytes(whole))
    assert len(found) == len(parts) - 1
    assert all(pair in parts for pair in found)
    assert sum(isinstance(record, DamagedBytes) for record in scan(bytes(whole))) == 1


@given(records, st.integers(0, 3 * PAGE))
def test_zeros_up_to_a_page_and_at_the_end_are_no_damage(
    parts: list[tuple[Head, bytes]], tail: int
) -> None:
    data = MAGIC
    for head, payload in parts:
        data += pack(head, payload)[0]
        data += bytes(-len(data) % PAGE)
    data += bytes(tail)
    assert read(data) == parts
    assert not any(isinstance(record, DamagedBytes) for record in scan(data))


def test_what_is_not_zero_between_records_is_damage() -> None:
    record, _ = pack(Head(kind="data", run=1, n=1, counts=b"\x03"), b"payload")
    data = bytearray(MAGIC + record)
    data += bytes(-len(data) % PAGE) + record
    data[len(MAGIC) + len(record) + 9] = 1
    assert [type(found) for found in scan(bytes(data))] == [Record, DamagedBytes, Record]


def test_numbers_of_two_bytes_are_packed_more_tightly_than_by_zlib_alone() -> None:
    payload = bytes(byte for i in range(4_000) for byte in ((i * 7919) % 251, 1 + i % 2))
    assert len(pack(Head(kind="data", run=1, n=1), payload)[0]) < 0.9 * len(zlib.compress(payload))
