"""COBS is undone as the library does it, for every length that a frame may have."""

from __future__ import annotations

from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.framing import LONGEST_FRAME, Unframer, _unstuffed, frame


@given(st.binary(max_size=LONGEST_FRAME) | st.binary(min_size=250, max_size=LONGEST_FRAME))
def test_what_was_stuffed_comes_back(plain: bytes) -> None:
    assert _unstuffed(cobs.encode(plain)) == plain


# A zero ends a frame, so what is undone never holds one.
@given(st.binary(min_size=1, max_size=255).map(lambda data: data.replace(b"\0", b"\1")))
def test_bytes_that_cobs_can_not_have_made_are_refused_as_by_the_library(stuffed: bytes) -> None:
    try:
        expected = cobs.decode(stuffed)
    except cobs.DecodeError:
        expected = None
    assert _unstuffed(stuffed) == expected


def test_the_longest_frame_without_a_zero() -> None:
    payload = bytes([7]) * (LONGEST_FRAME - 2)
    assert Unframer().feed(frame(payload)) == [payload]
