"""Frames: every value comes back as it was, and nothing else is ever raised than FrameError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import FrameError
from firmware_bridge.frames import (
    ClockReply,
    ClockRequest,
    Frame,
    Hello,
    HelloRequest,
    Identify,
    LevelBlock,
    ProtocolVersionError,
    SampleBlock,
    Sense,
    Status,
    decode,
    encode,
)
from firmware_bridge.framing import LONGEST_FRAME

U8, U16, U32 = st.integers(0, 0xFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF)


def text(longest: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=longest)


@st.composite
def sample_blocks(draw: st.DrawFn) -> SampleBlock:
    seats, count = draw(st.integers(1, 8)), draw(st.integers(1, 5))
    length = seats * count * 6
    return SampleBlock(
        tick=draw(U32),
        step=draw(st.integers(1, 0xFFFF_FFFF)),
        count=count,
        seats=seats,
        raw=draw(st.binary(min_size=length, max_size=length)),
    )


FRAMES: st.SearchStrategy[Frame] = st.one_of(
    st.builds(
        Hello,
        is_start=st.booleans(),
        has_levels=st.booleans(),
        tick_hz=st.integers(1, 0xFFFF_FFFF),
        sample_rate_hz=st.integers(1, 4_000_000).map(lambda millihertz: millihertz / 1000),
        counts_per_g=st.integers(1, 0xFFFF),
        seats=st.integers(1, 8),
        hub_id=text(32),
        firmware=text(24),
        firmware_version=text(16),
    ),
    sample_blocks(),
    st.builds(
        LevelBlock,
        tick=U32,
        step=st.integers(1, 0xFFFF_FFFF),
        hundredths=st.lists(U16, min_size=1, max_size=100).map(tuple),
    ),
    st.builds(
        Status,
        tick=U32,
        uptime_s=U32,
        samples_dropped=U32,
        frames_dropped=U32,
        requests_refused=U16,
        seats_missing=U8,
        is_sound_missing=st.booleans(),
    ),
    st.builds(ClockReply, nonce=U16, receive_tick=U32, transmit_tick=U32),
    st.builds(HelloRequest, highest=U8),
    st.builds(ClockRequest, nonce=U16),
    st.builds(Identify, seconds=U8),
    st.builds(Sense, seats=U8),
)


@given(content=FRAMES, sequence=U8)
def test_every_frame_comes_back(content: Frame, sequence: int) -> None:
    payload = encode(content, sequence)
    assert payload[1] == sequence
    assert decode(payload) == content
    assert len(payload) + 2 <= LONGEST_FRAME


@given(payload=st.binary(max_size=LONGEST_FRAME))
def test_random_bytes_are_a_frame_or_a_frame_error(payload: bytes) -> None:
    try:
        content = decode(payload)
    except FrameError:
        return
    assert decode(encode(content, payload[1])) == content


@given(content=FRAMES, length=st.integers(0, 260))
def test_a_body_of_another_length_is_refused(content: Frame, length: int) -> None:
    payload = encode(content)
    other = (payload + bytes(260))[:length]
    if isinstance(content, HelloRequest) and length > 1:
        assert isinstance(decode(other), HelloRequest)
    elif len(other) != len(payload):
        with pytest.raises(FrameError):
            decode(other)


def test_another_protocol_version_is_named() -> None:
    with pytest.raises(ProtocolVersionError, match="the hub speaks version 9, this program"):
        decode(b"\x01\x00\x09whatever comes then")


def test_a_hub_without_a_name_can_not_be_encoded() -> None:
    hello = Hello(
        is_start=False,
        has_levels=False,
        tick_hz=1,
        sample_rate_hz=50.0,
        counts_per_g=1,
        seats=1,
        hub_id="",
        firmware="f",
        firmware_version="1",
    )
    with pytest.raises(FrameError, match="hub_id"):
        encode(hello)


def test_values_that_do_not_fit_their_field_are_refused() -> None:
    with pytest.raises(FrameError, match="ClockReply"):
        encode(ClockReply(nonce=70_000, receive_tick=0, transmit_tick=0))
    with pytest.raises(FrameError, match="3 samples of 2 seats in 5 bytes"):
        encode(SampleBlock(tick=0, step=1, count=3, seats=2, raw=b"12345"))


def test_a_hello_request_may_say_more_one_day() -> None:
    assert encode(HelloRequest()) == b"\x81\x00"
    assert decode(b"\x81\x00") == HelloRequest(highest=1)
    assert decode(b"\x81\x00\x03later") == HelloRequest(highest=3)
