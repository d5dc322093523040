"""The data message: round trips, golden bytes, and damage that is refused, never misread."""

from __future__ import annotations

import json
from pathlib import Path

import cbor2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contract.errors import PayloadError, UnknownVersionError
from contract.topics import NAME
from contract.wire.parts import IN_TIME, MAX_PART, RUN_BITS, gap_part, late_part
from contract.wire.payload import MAX_PERIODS, Batch, Gap, GapReason, Layout, decode, encode

GOLDEN = Path(__file__).parents[2] / "golden" / "mqtt"

names = st.from_regex(NAME, fullmatch=True)
big = st.integers(0, (1 << 63) - 1)
runs = st.integers(0, (1 << RUN_BITS) - 1)
parts = st.integers(IN_TIME, MAX_PART)
seats = st.lists(st.integers(0, 255), unique=True, max_size=12).map(tuple)
codes = st.lists(st.integers(1, 65535), unique=True, max_size=6).map(tuple)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    layout = Layout(draw(seats), draw(codes), draw(codes))
    n = draw(st.integers(1, MAX_PERIODS))
    return Batch(
        node=draw(names),
        run=draw(runs),
        part=draw(parts),
        first_seq=draw(st.integers(0, 1 << 40)),
        boot_ns=draw(big),
        period_ns=draw(st.integers(1, 3_600_000_000_000)),
        synchronised=draw(st.booleans()),
        waited_ms=draw(st.none() | st.integers(0, 1 << 53)),
        layout=layout,
        values=draw(arrays(np.uint16, (n, layout.width))),
    )


gaps = st.builds(
    Gap,
    node=names,
    run=runs,
    part=parts,
    first_seq=st.integers(0, 1 << 40),
    n=st.integers(1, 1 << 40),
    boot_ns=big,
    period_ns=st.integers(1, 3_600_000_000_000),
    synchronised=st.booleans(),
    seats=seats,
    reason=st.sampled_from(GapReason.__args__),  # type: ignore[attr-defined]
)


def same(a: Batch | Gap, b: Batch | Gap) -> bool:
    if isinstance(a, Gap) or isinstance(b, Gap):
        return a == b
    fields = ("key", "first_seq", "boot_ns", "period_ns", "synchronised", "waited_ms")
    return (
        all(getattr(a, name) == getattr(b, name) for name in (*fields, "layout"))
        and a.values.shape == b.values.shape
        and bool((a.values == b.values).all())
    )


@given(batches() | gaps)
def test_decode_undoes_encode(message: Batch | Gap) -> None:
    assert same(decode(encode(message)), message)


@given(batches())
def test_the_wait_can_be_given_when_sending(batch: Batch) -> None:
    again = decode(encode(batch, waited_ms=17))
    assert isinstance(again, Batch)
    assert again.waited_ms == 17


@given(st.data(), batches() | gaps)
def test_a_cut_payload_is_refused(data: st.DataObject, message: Batch | Gap) -> None:
    payload = encode(message)
    cut = data.draw(st.integers(0, len(payload) - 1))
    with pytest.raises(PayloadError):
        decode(payload[:cut])


@given(batches() | gaps, st.binary(min_size=1, max_size=5))
def test_bytes_behind_the_end_are_refused(message: Batch | Gap, more: bytes) -> None:
    with pytest.raises(PayloadError, match="follow the end"):
        decode(encode(message) + more)


@given(st.data(), batches() | gaps)
def test_a_changed_byte_is_refused_or_keeps_the_shape(
    data: st.DataObject, message: Batch | Gap
) -> None:
    """MQTT runs on TCP, so a payload has no checksum of its own; but no damage may crash."""
    payload = bytearray(encode(message))
    place = data.draw(st.integers(0, len(payload) - 1))
    payload[place] ^= data.draw(st.integers(1, 255))
    try:
        again = decode(bytes(payload))
    except PayloadError:
        return
    if isinstance(again, Batch):
        assert again.values.shape == (again.n, again.layout.width)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(payload: bytes) -> None:
    with pytest.raises(PayloadError):
        decode(payload)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.integers(0, 12), inner),
        max_leaves=8,
    )
)
def test_any_cbor_is_refused(item: object) -> None:
    with pytest.raises(PayloadError):
        decode(cbor2.dumps(item))


def a_batch(**changes: object) -> dict[int, object]:
    head: dict[int, object] = cbor2.loads(bytes.fromhex(golden()["batch"]["hex"]))
    head.update({int(key[1:]): value for key, value in changes.items()})
    return head


@pytest.mark.parametrize(
    ("changes", "says"),
    (
        ({"k0": 0}, "field 0: format version is 0, expected 1"),
        ({"k1": ""}, "field 1: node"),
        ({"k2": -1}, "field 2: run is -1, expected a whole number"),
        ({"k3": 1.5}, "field 3: first seq is 1.5"),
        ({"k4": 11}, "field 4: n is 11, expected a whole number 1 to 10"),
        ({"k4": True}, "field 4: n is True"),
        ({"k4": 3}, "bytes, expected"),
        ({"k7": 2}, "field 7: time quality"),
        ({"k8": b"\x01"}, "field 8 .seats.: a typed array with tag 64"),
        ({"k8": cbor2.CBORTag(64, b"\x01\x01")}, "a seat is named twice"),
        ({"k10": {}, "k8": cbor2.CBORTag(64, b"\x01"), "k14": 0}, "field 14: not a field"),
        ({"k13": 0}, "field 13: part is 0, expected a whole number 1 to 31"),
        ({"k13": 32}, "field 13: part is 32"),
        ({"k13": 2, "k2": 1 << 58}, "field 2: run is"),
        ({"k10": []}, "field 10: a map"),
        ({"k11": {0: cbor2.CBORTag(69, b"")}}, "field 11: 0 is not the code"),
        ({"k12": "tired"}, "not a field of this format|no reason"),
    ),
)
def test_each_field_that_does_not_fit_is_named(changes: dict[str, object], says: str) -> None:
    with pytest.raises(PayloadError, match=says):
        decode(cbor2.dumps(a_batch(**changes)))


def test_a_later_version_has_an_error_of_its_own() -> None:
    with pytest.raises(UnknownVersionError, match="format version 2, this program knows 1"):
        decode(cbor2.dumps(a_batch(k0=2)))


def golden() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads((GOLDEN / "data.json").read_text())
    return loaded


EXAMPLES: dict[str, Batch | Gap] = {
    "batch": Batch(
        node="pi-101",
        run=0x1234_5678_9ABC,
        first_seq=600,
        boot_ns=700_000_000_000,
        period_ns=1_000_000_000,
        synchronised=True,
        waited_ms=4,
        layout=Layout((1, 2, 3), (1, 11), (1,)),
        values=np.array(
            [[0, 200, 65535, 4, 0, 65535, 561], [1, 201, 65535, 3, 1, 65535, 562]], "u2"
        ),
    ),
    "gap": Gap(
        node="pi-101",
        run=0x1234_5678_9ABC,
        first_seq=602,
        n=30,
        boot_ns=702_000_000_000,
        period_ns=1_000_000_000,
        synchronised=False,
        seats=(1, 2, 3),
        reason="outbox_full",
    ),
    "lack": Gap(
        node="pi-101",
        run=0x1234_5678_9ABC,
        part=gap_part(2),
        first_seq=601,
        n=1,
        boot_ns=701_000_000_000,
        period_ns=1_000_000_000,
        synchronised=True,
        seats=(3,),
        reason="serial",
    ),
    "late": Batch(
        node="pi-101",
        run=0x1234_5678_9ABC,
        part=late_part(2),
        first_seq=601,
        boot_ns=701_000_000_000,
        period_ns=1_000_000_000,
        synchronised=True,
        waited_ms=None,
        layout=Layout((1, 2, 3), (1, 11), (1,)),
        values=np.array([[65535, 65535, 202, 65535, 65535, 2, 65535]], "u2"),
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden_bytes(name: str) -> None:
    """The wire format: a change of these bytes is a new format version."""
    payload = bytes.fromhex(golden()[name]["hex"])
    assert encode(EXAMPLES[name]) == payload
    assert same(decode(payload), EXAMPLES[name])


@pytest.mark.parametrize("name", ("lack", "late"))
def test_a_part_that_an_earlier_kit_put_into_the_run_is_told_apart(name: str) -> None:
    payload = bytes.fromhex(golden()[f"{name} of an earlier kit"]["hex"])
    assert 13 not in cbor2.loads(payload)
    assert same(decode(payload), EXAMPLES[name])


@given(batches() | gaps)
def test_what_closed_in_time_has_no_field_for_its_part(message: Batch | Gap) -> None:
    """So an earlier ingest takes it, and its bytes are what they always were."""
    assert (13 in cbor2.loads(encode(message))) == (message.part != IN_TIME)


def test_bytes_a_value_stay_within_the_design() -> None:
    """2.5 bytes a value live and 2.1 from the backlog, for a class of 30."""
    layout = Layout(tuple(range(1, 31)))
    for n, most in ((1, 2.5), (MAX_PERIODS, 2.1)):
        batch = Batch(
            node="pi-room-101",
            run=(1 << 58) - 1,
            first_seq=100_000,
            boot_ns=10**15,
            period_ns=10**9,
            synchronised=True,
            waited_ms=12,
            layout=layout,
            values=np.zeros((n, layout.width), np.uint16),
        )
        assert len(encode(batch)) / batch.values.size <= most


@given(batches())
def test_layout_takes_rows_apart_and_joins_them(batch: Batch) -> None:
    layout = batch.layout
    seat, room = layout.seat_values(batch.values), layout.room_values(batch.values)
    assert seat.shape == (batch.n, len(layout.seats), len(layout.seat_codes))
    assert room.shape == (batch.n, len(layout.room_codes))
    assert (layout.rows(seat, room) == batch.values).all()
