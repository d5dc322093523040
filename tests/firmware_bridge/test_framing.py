"""Framing: whatever is done to a stream, no frame comes out that was not put in."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.framing import LONGEST_FRAME, Unframer, frame

PAYLOADS = st.lists(st.binary(min_size=2, max_size=LONGEST_FRAME - 2), min_size=1, max_size=8)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(payloads=PAYLOADS, places=st.lists(st.integers(0, 5000), max_size=30))
def test_any_slicing_gives_the_same_frames(payloads: list[bytes], places: list[int]) -> None:
    unframer = Unframer()
    stream = b"".join(frame(payload) for payload in payloads)
    found = [payload for piece in cut(stream, places) for payload in unframer.feed(piece)]
    assert found == payloads
    assert unframer.frames_good == len(payloads)
    assert not unframer.refused
    assert unframer.bytes_skipped == 0


@given(payload=st.binary(min_size=2, max_size=LONGEST_FRAME - 2))
def test_a_frame_has_no_zero_but_its_last(payload: bytes) -> None:
    data = frame(payload)
    assert data.index(0) == len(data) - 1 == len(payload) + 3


@given(
    garbage=st.binary(max_size=700),
    payload=st.binary(min_size=2, max_size=60),
    places=st.lists(st.integers(0, 5000), max_size=10),
)
def test_a_frame_after_garbage_is_found(garbage: bytes, payload: bytes, places: list[int]) -> None:
    unframer = Unframer()
    stream = garbage + b"\0" + frame(payload)
    found = [found for piece in cut(stream, places) for found in unframer.feed(piece)]
    assert found[-1] == payload
    pieces = [piece for piece in garbage.split(b"\0") if piece]
    # Random bytes pass for a frame about once in 65,536 times: then they are in `found`.
    assert unframer.refused.total() + len(found) == len(pieces) + 1
    if len(found) == 1:
        assert unframer.bytes_skipped == sum(len(piece) for piece in pieces)


@given(
    payload=st.binary(min_size=2, max_size=LONGEST_FRAME - 2),
    bits=st.sets(st.integers(0, 255 * 8 - 1), min_size=1, max_size=3),
)
def test_up_to_three_flipped_bits_never_pass(payload: bytes, bits: set[int]) -> None:
    data = bytearray(frame(payload))
    body_bits = (len(data) - 1) * 8
    flipped = {bit % body_bits for bit in bits}
    for bit in flipped:
        data[bit // 8] ^= 1 << bit % 8
    found = Unframer().feed(bytes(data))
    # A flip in a COBS code moves zeros about, which is more than three bits to the CRC: such a
    # frame may pass with the odds of the CRC, but never as the whole of another length.
    assert payload not in found
    assert all(len(other) < len(payload) for other in found)


def test_the_start_of_a_frame_that_was_missed_is_no_fault() -> None:
    unframer = Unframer()
    whole = frame(b"\x02\x07abcdef")
    assert unframer.feed(whole[5:] + whole) == [b"\x02\x07abcdef"]
    assert dict(unframer.refused) == {"start": 1}


def test_a_new_stream_has_nothing_of_the_one_before() -> None:
    unframer = Unframer()
    whole = frame(b"\x02\x07abcdef")
    assert unframer.feed(whole + whole[:5]) == [b"\x02\x07abcdef"]
    unframer.restart()
    assert unframer.feed(whole[5:] + whole) == [b"\x02\x07abcdef"]
    assert dict(unframer.refused) == {"start": 1}
    assert unframer.frames_good == 2


@pytest.mark.parametrize(
    ("damage", "reason"),
    (
        (b"\x05\x01\x01", "cobs"),
        (frame(b"\x02\x07abc")[:-2] + b"\x33", "crc"),
        (b"\x02\x07", "short"),
        (b"\x01" * 300, "long"),
    ),
)
def test_each_damage_has_its_reason(damage: bytes, reason: str) -> None:
    unframer = Unframer()
    unframer.feed(frame(b"\x01\x00"))
    assert unframer.feed(damage + b"\0") == []
    assert dict(unframer.refused) == {reason: 1}
    assert unframer.bytes_skipped == len(damage)


def test_an_endless_stream_without_delimiter_takes_no_memory() -> None:
    unframer = Unframer()
    unframer.feed(frame(b"\x01\x00"))
    for _ in range(1000):
        unframer.feed(b"\x55" * 100)
    assert len(unframer._rest) <= 256
    assert unframer.feed(b"\0" + frame(b"\x01\x01")) == [b"\x01\x01"]
    assert dict(unframer.refused) == {"long": 1}
    assert unframer.bytes_skipped == 100_000


def test_a_frame_that_is_too_long_is_not_made() -> None:
    with pytest.raises(ValueError, match="255 bytes"):
        frame(bytes(253))
