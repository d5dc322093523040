"""What a stranger may send as CBOR, and what is refused before anything is made of it."""

from __future__ import annotations

import contextlib
import resource
from typing import Final

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import DecodeError, PayloadError, UnknownVersionError, brief
from contract.wire.cbor import MAX_ITEMS, MAX_PAYLOAD_BYTES, load_map
from contract.wire.messages import (
    Ack,
    Birth,
    CborMessage,
    Command,
    Config,
    ConfigReported,
    Health,
    IngestState,
    Timebase,
    decode_state,
)
from contract.wire.payload import decode

HUGE: Final = b"\xc2\x59\x07\x08" + b"\xff" * 1800
"""A whole number of 14,400 bits."""
KINDS: Final[tuple[type[CborMessage], ...]] = (
    Ack, Birth, Command, Config, ConfigReported, Health, IngestState, Timebase,
)  # fmt: skip


def keyed(key: object, value: bytes) -> bytes:
    return b"\xa1" + cbor2.dumps(key) + value


POISON: Final = {
    "huge number as a version": keyed("version", HUGE),
    "huge number as a format": keyed(0, HUGE),
    "huge number as a run": b"\xa2" + cbor2.dumps(0) + cbor2.dumps(1) + cbor2.dumps(2) + HUGE,
    "huge number as a key": b"\xa1" + HUGE + b"\x00",
    "huge negative number": keyed("version", b"\xc3" + HUGE[1:]),
    "huge fraction": keyed("node", b"\xd8\x1e\x82" + HUGE + HUGE),
    "huge exponent": keyed("node", b"\xc4\x82\x1b" + b"\x7f" * 8 + b"\x01"),
    "pattern": keyed("node", b"\xd8\x23\x6a(a{9999}){"),
    "a date": keyed("node", b"\xc1\x00"),
    "a thousand levels": b"\x81" * 1000 + b"\x00",
    "a thousand tags": b"\xd8\x45" * 1000 + b"\x00",
    "a reference to itself": b"\xd8\x1c\x81\xd8\x1d\x00",
    "a list as a key": keyed(0, b"\x00").replace(b"\x00", b"\x81\x01", 1),
    "a typed array as a key": b"\xa1\xd8\x45\x41\x01\x00",
    "a float as a key": b"\xa1\xfb\x7f\xf8" + b"\x00" * 7,
    "a list that has no end": b"\x9f",
    "a list of 2^64": b"\x9b" + b"\xff" * 8,
    "a text of 2^64": b"\x7b" + b"\xff" * 8,
    "a map of 2^63": b"\xbb\x7f" + b"\xff" * 7,
    "very many small items": b"\x9a\x00\x01\xff\x00" + b"\x00" * 0x1FF00,
    "a long text as a field": keyed("x" * 5_000, b"\x00"),
    "more than any message": b"\x5a\x00\x04\x00\x00" + bytes(1 << 18),
    "nothing": b"",
}


def refusal(read: type[CborMessage], payload: bytes) -> str:
    try:
        read.decode(payload)
    except DecodeError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("payload", POISON.values(), ids=POISON)
def test_poison_is_refused_by_every_decoder_in_a_short_sentence(payload: bytes) -> None:
    with pytest.raises(PayloadError) as refused:
        decode(payload)
    said = [str(refused.value), *(refusal(kind, payload) for kind in KINDS)]
    with pytest.raises(PayloadError) as refused:
        decode_state(payload)
    for sentence in (*said, str(refused.value)):
        assert len(sentence) <= 300
        assert sentence.isprintable()


def test_a_number_that_python_refuses_to_print_can_be_named() -> None:
    assert brief(1 << 20_000) == "a number of 20001 bits"
    assert brief(-7) == "-7"
    assert brief("a\nb" * 100) == "'a\\nba\\nba\\nba\\nba\\nba\\nba\\nba\\nba\\nba\\…"
    assert str(UnknownVersionError("field 0", 1 << 20_000, 1)).startswith("field 0: format version")


def test_what_an_error_quotes_is_short_and_on_one_line() -> None:
    error = PayloadError("hubs." + "x" * 9_000, "line\nbreak" + "y" * 9_000)
    assert len(str(error)) <= 300
    assert str(error).isprintable()


values = st.recursive(
    st.integers(-(1 << 64), (1 << 64) - 1)
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.booleans()
    | st.none()
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(-9, 9) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(fields=st.dictionaries(st.integers(-9, 9) | st.text(max_size=3), values, max_size=5))
def test_what_messages_are_made_of_comes_back(fields: dict[object, object]) -> None:
    payload = cbor2.dumps(fields)
    try:
        found = load_map(payload)
    except PayloadError as error:
        refused = error.what
    else:
        refused = ""
        assert found == fields
    assert refused in {"", "more than 6 levels"}


def test_typed_arrays_come_back_with_their_tag() -> None:
    fields = {8: cbor2.CBORTag(64, b"\x01\x02"), 10: {1: cbor2.CBORTag(69, b"\x00\x01")}}
    assert load_map(cbor2.dumps(fields)) == fields


@given(payload=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    try:
        found = load_map(payload)
    except PayloadError:
        return
    assert all(type(key) in {int, str} for key in found)


@given(payload=st.binary(max_size=60), at=st.integers(0, 59), tag=st.integers(0, 1 << 16))
def test_no_tag_but_those_of_typed_arrays_is_built(payload: bytes, at: int, tag: int) -> None:
    body = payload[:at] + cbor2.dumps(cbor2.CBORTag(tag, 0))[:-1] + payload[at:]
    try:
        found = load_map(body)
    except PayloadError:
        return
    assert contains_only_plain(found)


def contains_only_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(type(k) in {int, str} and contains_only_plain(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(contains_only_plain, value))
    if isinstance(value, cbor2.CBORTag):
        return value.tag in {64, 69} and type(value.value) is bytes
    if type(value) is int:
        return value.bit_length() <= 65
    return value is None or type(value) in {str, bytes, bool, float}


def test_the_largest_message_that_is_looked_over_takes_no_memory_to_speak_of() -> None:
    """Hostile sizes stand in a few bytes: what they promise must not be set aside for them."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for payload in POISON.values():
        for _ in range(5):
            with contextlib.suppress(PayloadError):
                load_map(payload)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16_384
    assert MAX_ITEMS < MAX_PAYLOAD_BYTES
