"""What the live page says about a room, in each of its states."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.clock import SECOND_NS
from contract.wire.payload import Gap
from ingest.stores.clock_records import ClockClaim
from ingest.stores.notices import Notice
from ingest.stores.records import Arrival, Tick

LIVE = "/api/rooms/room-204/live"


@pytest.fixture
def at(clock, filled):
    """Moves the clock to a second of the lesson."""

    def move(second: float) -> None:
        clock.now_ns = filled.start_ns + round(second * SECOND_NS) - clock.utc_at_boot_ns

    return move


def test_between_lessons_the_page_says_that_nothing_is_sensed(client, stores, filled):
    soon = filled.start_ns + 7200 * SECOND_NS
    stores.lessons.put(
        replace(filled.lesson, id="soon", title="Poems", starts_utc_ns=soon, ends_utc_ns=None)
    )
    live = client.get(LIVE).json()
    assert live["state"] == "off"
    assert live["sentence"].startswith("Nothing is being sensed: no lesson is on in this room.")
    assert "“Poems” at 13:05" in live["sentence"]
    assert live["lesson"] is None
    assert live["gaps"] == []


def test_an_unknown_room_is_a_room_without_a_kit(client):
    live = client.get("/api/rooms/attic/live").json()
    assert live["state"] == "off"
    assert live["kit"] == []
    assert "No kit in this room" in client.get("/rooms/attic/live").text
    assert client.get("/rooms/%20/live").status_code == 422


def test_during_a_lesson_the_last_five_minutes_are_there(client, stores, filled, at):
    at(3000 - 1)
    live = client.get(LIVE).json()
    assert live["state"] == "sensing"
    assert live["span_s"] == 300
    assert len(live["noise"]["mean"]) == 300
    assert None not in live["noise"]["mean"]
    assert len(live["zones"]) == 4
    assert live["lesson"]["passed_s"] == 2999
    assert live["words"]["noise"].endswith("dB(A)")
    assert "usual" in live["words"]["movement"]
    (kit,) = live["kit"]
    assert (kit["seats_sensed"], kit["seats"], kit["words"]) == (30, 30, "sensing")
    assert kit["hubs"] == ["hub-a", "hub-b", "hub-c", "hub-d"]


def test_a_gap_shows_as_a_gap_with_its_reason(client, filled, at):
    at(2600)
    gaps = client.get(LIVE).json()["gaps"]
    assert [(gap["start_s"], gap["end_s"], gap["reason"]) for gap in gaps] == [(210, 230, "paused")]


def test_a_silent_kit_is_reported_with_advice(client, stores, filled, at):
    stores.lessons.put(replace(filled.lesson, ends_utc_ns=None))
    at(3090)
    live = client.get(LIVE).json()
    assert live["state"] == "silent"
    assert "nothing has arrived for 1 min 30 s" in live["sentence"]
    assert "power and a network connection" in live["sentence"]
    assert live["kit"][0]["last_seen_s"] == 90
    assert live["kit"][0]["seats_sensed"] == 0
    assert live["gaps"][-1]["reason"] == "not_received"
    assert "noise" not in live["words"]


def test_a_lesson_that_has_just_started_waits_for_its_first_readings(client, stores, filled, at):
    start = filled.start_ns + 5000 * SECOND_NS
    stores.lessons.put(
        replace(filled.lesson, id="next", title="", starts_utc_ns=start, ends_utc_ns=None)
    )
    at(5003)
    live = client.get(LIVE).json()
    assert live["state"] == "waiting"
    assert "“Lesson in room-204” has just started" in live["sentence"]


def test_a_problem_of_a_kit_is_shown_for_a_day(client, stores, filled, at):
    at(2600)
    now_ns = filled.start_ns + 2600 * SECOND_NS
    notice = Notice(
        node=client.get(LIVE).json()["kit"][0]["node"], kind="limit", room="room-204",
        sentence="pi-204 was in 16 rooms, the most that one node may be in", count=3,
        first_utc_ns=now_ns, last_utc_ns=now_ns - 3_600 * SECOND_NS,
    )  # fmt: skip
    stores.periods.commit(Tick(received_utc_ns=now_ns, notices=[notice]))
    (kit,) = client.get(LIVE).json()["kit"]
    (sentence,) = kit["notices"]
    assert sentence == (
        "Pi-204 was in 16 rooms, the most that one node may be in (3 times). "
        "Ask a technician to check it: it may be broken, or someone may have changed it."
    )
    assert "the most that one node may be in (3 times)" in client.get("/rooms/room-204/live").text
    at(2600 + 86_400)
    (kit,) = client.get(LIVE).json()["kit"]
    assert kit["notices"] == []


def test_a_kit_that_claims_an_endless_gap_does_not_take_the_memory(client, stores, filled, at):
    (stream,) = stores.periods.streams("room-204")
    gap = Gap(
        node=stream.node, run=stream.run, first_seq=10_000, n=4_000_000_000,
        boot_ns=stream.run_boot_ns + 10_000 * SECOND_NS, period_ns=SECOND_NS, synchronised=True,
        seats=(1, 2), reason="off",
    )  # fmt: skip
    arrival = Arrival(site="school", room="room-204", message=gap, is_live=True)
    stores.periods.commit(Tick(received_utc_ns=filled.start_ns, arrivals=[arrival]))
    at(3000)
    for page in (LIVE, "/rooms/room-204/live", f"/lessons/{filled.lesson.id}"):
        assert client.get(page).status_code == 200


def test_a_kit_with_a_wrong_clock_is_reported(client, stores, filled, at, monkeypatch):
    at(1000)
    claim = ClockClaim(
        utc_ns=filled.start_ns - 400 * 86_400 * SECOND_NS, off_ns=-400 * 86_400 * SECOND_NS
    )
    monkeypatch.setattr(type(stores.periods), "clock_claim", lambda *_: claim)
    (kit,) = client.get(LIVE).json()["kit"]
    assert "400 days slow: its readings are kept and not dated; set its clock" in kit["words"]
    assert kit["words"] in client.get("/rooms/room-204/live").text
    at(2950)
    monkeypatch.setattr(type(stores.periods), "streams_between", lambda *_: [])
    monkeypatch.setattr(type(stores.periods), "timebases", lambda *_, **__: [])
    live = client.get(LIVE).json()
    assert live["state"] == "silent"
    assert "is on, but" in live["sentence"]
    assert "400 days slow" in live["sentence"]
