"""What is said of a kit, and whether its room is ready, from facts alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.wire.messages import ConfigReported, Health, SensorFault
from ingest.fleet.facts import HubFacts, KitFacts
from ingest.fleet.preflight import preflight
from ingest.fleet.reading import newest_version
from ingest.fleet.trouble import kit_troubles, room_troubles
from ingest.stores.clock_records import ClockClaim
from school.rooms.records import Hub, Kit

SEATS = (1, 2, 3, 4, 5, 6)
HUB = HubFacts(name="window", firmware="1.0", seats=SEATS)
HEALTH = Health(
    node="pi-12", run=1, sampled=9, published=9, acked=9, waiting=0, gap=0, unsampled=0,
    is_sampling=False, is_finished=False, outbox_bytes=0, ack_age_ms=1, hubs={},
)  # fmt: skip
FINE = KitFacts(
    node="pi-12", room="room-12", is_up=True, software="1.2.0", hubs=(HUB,),
    reporting=frozenset(SEATS), clock_error_ns=3_000_000, health=HEALTH,
)  # fmt: skip
DESCRIBED = Kit(node="pi-12", hubs=(Hub(name="window", seats=SEATS, port="usb:1"),))


def said(kit: KitFacts, newest: str = "") -> list[str]:
    found = kit_troubles(kit, at=lambda ns: f"{ns} o’clock", newest_software=newest)
    return [each.text for each in found]


def fault(kind: str, seat: int | None = 3, words: str = "in its words") -> KitFacts:
    faults = (SensorFault(hub="window", seat=seat, kind=kind, said=words),)
    return replace(FINE, health=HEALTH.model_copy(update={"faults": faults}))


def reports(**fields: object) -> KitFacts:
    reported = ConfigReported(revision=1, is_sampling=False, **fields)
    return replace(FINE, health=HEALTH.model_copy(update={"reported": reported}))


def test_of_a_kit_that_works_nothing_is_said() -> None:
    assert said(FINE) == []
    assert said(replace(FINE, described=DESCRIBED, is_room_described=True), "1.2.0") == []
    assert preflight([FINE]).state == "ready"
    assert preflight([FINE]).missing == ()


@pytest.mark.parametrize(
    ("kind", "words"),
    (("absent", "does not answer"), ("stuck", "same value"), ("range", "impossible values")),
)
def test_a_bad_sensor_is_named_with_its_seat_and_hub(kind: str, words: str) -> None:
    (text,) = said(replace(fault(kind), reporting=frozenset(SEATS) - {3}))
    assert words in text
    assert "seat 3 (hub window)" in text
    ready = preflight([fault(kind)])
    assert (ready.state, ready.missing) == ("partly", ("1 seat does not report.",))


def test_a_hub_that_speaks_another_protocol_is_named_in_the_kits_words() -> None:
    words = (
        "window speaks version 2 of the serial protocol, this program knows 1: update one of them."
    )
    silent = replace(fault("absent", None, words), reporting=frozenset())
    assert said(silent) == [words]
    ready = preflight([silent])
    assert (ready.state, ready.missing) == ("not_ready", ("6 seats do not report.",))


def test_a_setting_that_does_not_fit_is_said() -> None:
    (text,) = said(reports(troubles=("spill_s is 0; expected 1 or more.",)))
    assert text == "pi-12 can’t follow one of its settings: spill_s is 0; expected 1 or more."


def test_a_pressed_button_is_ended_by_the_button_alone() -> None:
    kit = reports(paused_by=("button",), button_since_utc_ns=8)
    (text,) = said(kit)
    assert "since 8 o’clock" in text
    assert "Only the button ends that" in text
    ready = preflight([kit, replace(FINE, node="pi-b", hubs=(replace(HUB, seats=(7,)),))])
    assert ready.state == "not_ready"
    assert "button of the kit pi-12" in ready.missing[0]


def test_a_kit_that_went_off_with_its_button_pressed_holds_its_room() -> None:
    kit = replace(reports(paused_by=("button",), button_since_utc_ns=8), is_up=False)
    (text,) = said(kit)
    assert "Only the button ends that" in text
    ready = preflight([replace(FINE, node="pi-b", hubs=(replace(HUB, seats=(7,)),)), kit])
    assert ready.state == "not_ready"
    assert "button of the kit pi-12" in ready.missing[0]
    # What else it said may be over.
    assert said(replace(reports(paused_by=("fault",)), is_up=False)) == []


def test_silent_seats_are_named_and_a_silent_hub_is_one_sentence() -> None:
    (text,) = said(replace(FINE, reporting=frozenset({1, 2, 6})))
    assert text.startswith("The seats 3-5 (hub window) did not report")
    (text,) = said(replace(FINE, reporting=frozenset()))
    assert text.startswith("None of the seats of hub window")
    assert said(replace(FINE, reporting=frozenset({1, 2, 6}), opted_out=frozenset({3, 4, 5}))) == []
    assert said(replace(FINE, reporting=None)) == []  # nothing was sensed yet


def test_a_kit_that_differs_from_its_description_is_said() -> None:
    seats = (1, 2, 3, 4, 6, 5)
    other = replace(DESCRIBED, hubs=(Hub(name="window", seats=seats, port="usb:1"),))
    (text,) = said(replace(FINE, described=other))
    assert "has the seats 1, 2, 3, 4, 5, 6, but it is described with 1, 2, 3, 4, 6, 5" in text
    renamed = replace(DESCRIBED, hubs=(Hub(name="door", seats=SEATS, port="usb:1"),))
    (text,) = said(replace(FINE, described=renamed))
    assert "has the hubs window, but it is described with door" in text
    (text,) = said(replace(FINE, is_room_described=True))
    assert "not in the description" in text
    (text,) = said(replace(FINE, is_room_described=True, described_in="room-13"))
    assert "described in room room-13" in text


def test_two_kits_with_the_same_seats_are_a_trouble_of_the_room() -> None:
    second = replace(FINE, node="pi-b", hubs=(replace(HUB, seats=(5, 6, 7)),))
    (found,) = room_troubles("room-12", [FINE, second])
    assert found.text.startswith(
        "The kits pi-12 and pi-b of room room-12 both sense the seats 5-6."
    )
    assert not list(room_troubles("room-12", [FINE, replace(second, is_up=False)]))


def test_a_low_battery_and_old_software_are_notes() -> None:
    tired = replace(FINE, hubs=(replace(HUB, battery_percent=12, signal_percent=20),))
    battery, signal, software = list(kit_troubles(tired, at=str, newest_software="1.3.0"))
    assert "12 %" in battery.text
    assert "20 %" in signal.text
    assert "runs version 1.2.0, other kits run 1.3.0" in software.text
    assert {each.state for each in (battery, signal, software)} == {"note"}
    assert preflight([tired]).state == "ready"
    assert newest_version(["1.9.0", "1.10.0.dev0", "", "1.2"]) == "1.10.0.dev0"


def test_a_described_kit_that_never_reported_is_to_be_enrolled() -> None:
    kit = KitFacts(
        node="pi-12", room="room-12", is_up=False, has_reported=False, described=DESCRIBED,
        is_room_described=True,
    )  # fmt: skip
    (text,) = said(kit)
    assert "roomtone enrol" in text
    ready = preflight([kit])
    assert (ready.state, ready.missing) == ("not_ready", ("The kit pi-12 is not set up yet.",))


def test_a_room_is_ready_in_part_while_one_of_its_kits_is_off() -> None:
    off = replace(FINE, node="pi-b", is_up=False, hubs=(replace(HUB, seats=(7, 8)),))
    ready = preflight([FINE, off])
    assert ready.state == "partly"
    assert ready.missing == ("The kit pi-b is off or out of reach.",)
    assert preflight([off]).state == "not_ready"
    assert preflight([]).missing == ("There is no kit in this room.",)


@pytest.mark.parametrize(
    "kit",
    (
        replace(FINE, clock_error_ns=None),
        replace(FINE, clock_claim=ClockClaim(utc_ns=9, off_ns=9)),
    ),
)
def test_a_kit_without_a_right_clock_is_not_ready(kit: KitFacts) -> None:
    ready = preflight([kit])
    assert ready.state == "not_ready"
    assert "clock" in ready.missing[0]


def test_a_server_that_does_not_work_makes_no_room_ready() -> None:
    ready = preflight([FINE], server=["The server is not ready for the next lesson."])
    assert ready.state == "not_ready"
    assert ready.missing == ("The server is not ready for the next lesson.",)
