"""The quick way of decoding a batch gives what the full one gives, whatever came before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cbor2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contract.errors import DecodeError
from contract.wire import repeated
from contract.wire.payload import Batch, Gap, Layout, decode, encode
from contract.wire.repeated import RepeatDecoder
from tests.contract.wire.test_payload import batches, big, gaps

LIVE = Batch(
    node="pi-1", run=7, first_seq=300, boot_ns=10**12, period_ns=10**9, synchronised=True,
    waited_ms=3, layout=Layout(tuple(range(1, 31))),
    values=np.arange(395, dtype=np.uint16).reshape(1, 395),
)  # fmt: skip


def outcome(message: Batch | Gap | str) -> object:
    """All that a message says, to compare; or the sentence against it."""
    if isinstance(message, Batch):
        fields = [
            getattr(message, name) for name in message.__dataclass_fields__ if name != "values"
        ]
        values = message.values
        return ("batch", *fields, values.dtype, values.shape, values.tolist())
    return message


def full(payload: bytes) -> object:
    try:
        return outcome(decode(payload))
    except DecodeError as error:
        return str(error)


def quick(decoder: RepeatDecoder, payload: bytes) -> object:
    try:
        return outcome(decoder.decode("a topic", payload))
    except DecodeError as error:
        return str(error)


@given(
    first=batches(), seq=st.integers(0, 1 << 40), boot_ns=big,
    waited_ms=st.none() | st.integers(0, 1 << 53), data=st.data(),
)  # fmt: skip
def test_the_next_batch_is_what_the_full_decoder_makes_of_it(
    first: Batch, seq: int, boot_ns: int, waited_ms: int | None, data: st.DataObject
) -> None:
    decoder = RepeatDecoder()
    quick(decoder, encode(first))
    values = data.draw(arrays(np.uint16, first.values.shape))
    batch = replace(first, first_seq=seq, boot_ns=boot_ns, waited_ms=waited_ms, values=values)
    assert quick(decoder, encode(batch)) == full(encode(batch))


@given(st.lists(batches() | gaps, min_size=1, max_size=5))
def test_any_messages_after_one_another_are_what_the_full_decoder_makes_of_them(
    messages: list[Batch | Gap],
) -> None:
    decoder = RepeatDecoder()
    for message in [*messages, *messages]:
        assert quick(decoder, encode(message)) == full(encode(message))


@given(first=batches(), at=st.integers(0, 400), cut=st.integers(0, 12), more=st.binary(max_size=12))
def test_damage_is_refused_in_the_full_decoders_words(
    first: Batch, at: int, cut: int, more: bytes
) -> None:
    decoder = RepeatDecoder()
    payload = encode(first)
    quick(decoder, payload)
    at %= len(payload) + 1
    damaged = payload[:at] + more + payload[at + cut :]
    assert quick(decoder, damaged) == full(damaged)


@given(st.data())
def test_each_number_may_be_written_at_any_width(data: st.DataObject) -> None:
    decoder = RepeatDecoder()
    payload = encode(LIVE)
    quick(decoder, payload)
    for value in (LIVE.first_seq, LIVE.boot_ns, LIVE.waited_ms):
        assert value is not None
        short = cbor2.dumps(value)
        width = data.draw(st.sampled_from((1, 2, 4, 8)))
        long = bytes([{1: 24, 2: 25, 4: 26, 8: 27}[width]]) + (value % (1 << 8 * width)).to_bytes(
            width, "big"
        )
        wider = payload.replace(short, long, 1)
        assert quick(decoder, wider) == full(wider)


@pytest.mark.parametrize("n", (1, 10))
def test_a_repeated_batch_needs_no_full_decoding(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = RepeatDecoder()
    values = np.arange(n * 395, dtype=np.uint16).reshape(n, 395)
    batch = replace(LIVE, values=values)
    decoder.decode("a topic", encode(batch))
    monkeypatch.setattr(repeated, "decode", pytest.fail)
    for seq in (301, 302, 70_000, 1 << 33):
        later = replace(batch, first_seq=seq, boot_ns=seq * 10**9, waited_ms=None)
        assert outcome(decoder.decode("a topic", encode(later))) == outcome(later)


def test_a_backlog_beside_live_batches_needs_no_full_decoding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoder = RepeatDecoder()
    backlog = replace(LIVE, waited_ms=None, values=np.zeros((10, 395), np.uint16))
    for message in (LIVE, backlog):
        decoder.decode("a topic", encode(message))
    monkeypatch.setattr(repeated, "decode", pytest.fail)
    for message in (LIVE, backlog, LIVE, backlog):
        assert outcome(decoder.decode("a topic", encode(message))) == outcome(message)


def test_it_remembers_no_more_sources_than_it_may() -> None:
    decoder = RepeatDecoder(max_sources=3)
    for number in range(10):
        decoder.decode(f"topic {number}", encode(LIVE))
    assert len(decoder._shapes) == 3


def test_a_shape_of_very_many_columns_is_not_remembered() -> None:
    layout = Layout((), (), tuple(range(1, 80)))
    batch = replace(LIVE, layout=layout, values=np.zeros((1, 79), np.uint16))
    decoder = RepeatDecoder()
    assert outcome(decoder.decode("a topic", encode(batch))) == outcome(batch)
    assert not decoder._shapes


def test_the_golden_batches_are_what_they_were() -> None:
    golden = Path(__file__).parents[2] / "golden" / "mqtt" / "data.json"
    decoder = RepeatDecoder()
    for case in json.loads(golden.read_text()).values():
        payload = bytes.fromhex(case["hex"])
        for _ in range(2):
            assert quick(decoder, payload) == full(payload)
