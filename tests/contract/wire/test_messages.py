"""The small messages: round trips, golden bytes, refusals that name the field."""

from __future__ import annotations

import json
from pathlib import Path

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import PayloadError, UnknownVersionError
from contract.wire.messages import (
    Ack,
    Birth,
    CborMessage,
    Command,
    CommandResult,
    Config,
    ConfigReported,
    Death,
    Health,
    Hub,
    IngestClaim,
    IngestState,
    LessonSpan,
    SensorFault,
    Timebase,
    decode_state,
)
from contract.wire.parts import SOUND_LINE, gap_part, late_part

GOLDEN = Path(__file__).parents[2] / "golden" / "mqtt"

EXAMPLES: tuple[CborMessage, ...] = (
    Birth(
        node="pi-101",
        run=0x1234_5678_9ABC,
        boot="2f9c8a4e-0d0b-4a53-a9d6-6c2f0d8c1b11",
        software="roomtone 0.1.0",
        period_ns=1_000_000_000,
        run_boot_ns=100_000_000_000,
        hubs=(
            Hub(
                hub="window",
                firmware="seat-hub 1.0",
                seats=(1, 2, 3),
                sample_rate_hz=50.0,
                has_sound=True,
            ),
        ),
        seat_codes=(1, 11),
        room_codes=(1,),
        units={"motion_rms": "dB re 1 mg"},
        synchronised=True,
    ),
    Death(node="pi-101", run=0x1234_5678_9ABC, boot="2f9c8a4e", reason="lost"),
    Timebase(
        node="pi-101",
        run=0x1234_5678_9ABC,
        boot="2f9c8a4e",
        boot_ns=100_000_000_000,
        utc_ns=1_760_000_000_000_000_000,
        error_ns=1_500_000,
        synchronised=True,
    ),
    Health(
        node="pi-101",
        run=0x1234_5678_9ABC,
        sampled=9000,
        published=9000,
        acked=8970,
        waiting=30,
        gap=0,
        unsampled=0,
        is_sampling=True,
        is_finished=False,
        outbox_bytes=0,
        ack_age_ms=120,
        hubs={"window": {"frames_good": 15000}},
    ),
    Ack(run=0x1234_5678_9ABC, without_hole=299, above=((310, 320),)),
    Config(
        revision=3,
        lessons=(LessonSpan(lesson="a1", starts_utc_ns=1_760_000_000, ends_utc_ns=None),),
        excluded_seats=(7,),
    ),
    ConfigReported(revision=3, is_sampling=False),
    Command(id="c-1", command="identify", hub="window"),
    CommandResult(id="c-1", is_done=False, why="hub window is not connected"),
    IngestState(is_up=True, started_utc_ns=1_760_000_000_000_000_000),
    IngestClaim(instance="9c1f", says="asks", where="keeper-1:/var/lib/roomtone/north"),
)


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda m: type(m).__name__)
def test_golden_bytes(message: CborMessage) -> None:
    payload = bytes.fromhex(
        json.loads((GOLDEN / "messages.json").read_text())[type(message).__name__]
    )
    assert message.encode() == payload
    assert type(message).decode(payload) == message


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda m: type(m).__name__)
def test_a_later_version_is_refused_and_a_new_field_is_ignored(message: CborMessage) -> None:
    fields = cbor2.loads(message.encode())
    assert type(message).decode(cbor2.dumps(fields | {"mood": "calm"})) == message
    with pytest.raises(UnknownVersionError):
        type(message).decode(cbor2.dumps(fields | {"version": 2}))


def test_an_ack_of_a_part_is_none_of_its_run_for_a_kit_that_has_no_field_for_it() -> None:
    """Kits of earlier versions compare the number, and would forget what nobody has."""
    for part in (late_part(2), gap_part(SOUND_LINE)):
        ack = Ack(run=0x1234_5678_9ABC, part=part, without_hole=299)
        fields = cbor2.loads(ack.encode())
        assert fields["run"] == 0x1234_5678_9ABC | part << 58
        assert "part" not in fields
        assert Ack.decode(ack.encode()) == ack
        assert Ack.decode(cbor2.dumps(fields | {"part": 3})) == ack


def test_a_state_names_its_ingest_only_where_it_has_a_name() -> None:
    named = IngestState(is_up=True, started_utc_ns=1, instance="9c1f")
    assert IngestState.decode(named.encode()) == named
    nameless = named.model_copy(update={"instance": ""})
    assert "instance" not in cbor2.loads(nameless.encode())
    assert IngestState.decode(nameless.encode()) == nameless


def test_a_hub_and_a_health_without_news_are_the_bytes_of_earlier_kits() -> None:
    birth, health = EXAMPLES[0], EXAMPLES[3]
    assert isinstance(birth, Birth)
    assert isinstance(health, Health)
    assert "kind" not in cbor2.loads(birth.encode())["hubs"][0]
    assert "faults" not in cbor2.loads(health.encode())
    on_the_bus = birth.hubs[0].model_copy(update={"kind": "i2c"})
    of_a_bus = birth.model_copy(update={"hubs": (on_the_bus,)})
    assert Birth.decode(of_a_bus.encode()) == of_a_bus
    fault = SensorFault(hub="window", seat=3, kind="stuck", said="Seat 3 says one value.")
    with_fault = health.model_copy(update={"faults": (fault,)})
    assert Health.decode(with_fault.encode()) == with_fault


def test_state_is_a_birth_or_a_death() -> None:
    birth, death = EXAMPLES[:2]
    assert decode_state(birth.encode()) == birth
    assert decode_state(death.encode()) == death


@pytest.mark.parametrize(
    ("change", "says"),
    (
        ({"run": -1}, "Ack run"),
        ({"run": 1 << 63}, "Ack run"),
        ({"without_hole": "many"}, "Ack without_hole"),
        ({"above": [[1]]}, "Ack above"),
        ({"above": [[9, 3]]}, "Ack above: Value error, a range runs backwards"),
        ({"above": [[i, i] for i in range(0, 130, 2)]}, "Ack above: .* at most 64"),
        ({"version": 0}, "Ack version"),
    ),
)
def test_the_field_that_does_not_fit_is_named(change: dict[str, object], says: str) -> None:
    fields = cbor2.loads(Ack(run=1, without_hole=2).encode())
    with pytest.raises(PayloadError, match=says):
        Ack.decode(cbor2.dumps(fields | change))


@given(st.binary(max_size=80))
def test_any_bytes_decode_or_are_refused(payload: bytes) -> None:
    for kind in (Ack, Config, Health):
        with pytest.raises(PayloadError):
            kind.decode(payload)
