"""What the live page says about a room, in each of its states."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.clock import SECOND_NS
from contract.wire.payload import Gap
from dashboard_api.live.program_state import ProgramState
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
    assert "The next one starts at 13:05" in live["sentence"]
    assert live["lesson"] is None
    assert live["gaps"] == []


@pytest.mark.parametrize("room", ("attic", "%20", "Room 204", "room-204%20", "r" * 200))
@pytest.mark.parametrize(
    "address", ("/rooms/{}/live", "/api/rooms/{}/live", "/rooms/{}/live/events")
)
def test_a_room_in_which_one_does_not_teach_is_not_there(client, filled, room, address):
    answer = client.get(address.format(room))
    assert answer.status_code == 404
    assert "There is no such room" in answer.text


def test_a_room_that_only_a_lesson_has_named_has_no_kit(client, stores, filled):
    stores.lessons.put(replace(filled.lesson, id="attic", room="attic"))
    live = client.get("/api/rooms/attic/live").json()
    assert live["state"] == "off"
    assert live["kit"] == []
    assert "No kit in this room" in client.get("/rooms/attic/live").text


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
    assert "nothing has arrived from the kit since 11:55" in live["sentence"]
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


WORKS = ProgramState(state="works", since_utc_ns=0)


@pytest.fixture
def programs(client, monkeypatch, filled):
    """Says how the server's programs are."""

    def be(ingest: ProgramState = WORKS, score: ProgramState = WORKS) -> None:
        states = {"ingest": ingest, "score": score}
        watch = client.app.state.live_facts.programs
        monkeypatch.setattr(type(watch), "state", lambda _, name, shard=0: states[name])

    return be


def failed(state: str, filled) -> ProgramState:
    return ProgramState(state=state, since_utc_ns=filled.start_ns + 2_590 * SECOND_NS)


def test_without_a_scorer_the_readings_arrive_and_movement_is_not_shown(
    client, filled, at, programs
):
    programs(score=failed("hangs", filled))
    at(2600)
    live = client.get(LIVE).json()
    assert live["state"] == "unscored"
    assert "arrive, but nothing has scored them since 11:48" in live["sentence"]
    assert live["words"]["times"] == "not scored since 11:48"
    assert "movement" not in live["words"]
    assert live["words"]["noise"].endswith("dB(A)")
    assert "not scored since 11:48" in client.get("/rooms/room-204/live").text


@pytest.mark.parametrize("state", ("gone", "hangs"))
def test_without_ingest_no_kit_is_blamed_and_nothing_old_is_shown(
    client, filled, at, programs, state
):
    programs(ingest=failed(state, filled), score=failed("gone", filled))
    at(2600)
    live = client.get(LIVE).json()
    assert live["state"] == "not_received"
    assert "received nothing since 11:48" in live["sentence"]
    assert live["words"] == {}
    assert live["kit"][0]["words"] == "not known: the server receives nothing"
    assert live["kit"][0]["seats_sensed"] == 0
    (more,) = live["more"]
    assert more.startswith("Nothing has been scored either since 11:48")
    assert more in client.get("/rooms/room-204/live").text


def test_a_server_whose_programs_are_not_known_says_nothing_of_them(client, filled, at):
    at(2600)
    live = client.get(LIVE).json()
    assert (live["state"], live["more"]) == ("sensing", [])


def test_a_kit_that_stops_is_silent_after_three_seconds(client, clock, filled, at):
    at(2990)
    assert client.get(LIVE).json()["state"] == "sensing"
    # The sample's seconds are all kept already, so none comes any more.
    for second, state in ((2993, "sensing"), (2993.1, "silent")):
        at(second)
        live = client.get(LIVE).json()
        assert live["state"] == state
    assert "nothing has arrived from the kit since 11:54" in live["sentence"]
    assert live["words"] == {}


def test_a_kit_that_someone_paused_is_not_called_sensing(client, stores, filled, at):
    (stream,) = stores.periods.streams("room-204")
    stores.lessons.put(replace(filled.lesson, ends_utc_ns=None))
    gap = Gap(
        node=stream.node, run=stream.run, first_seq=3_000, n=20,
        boot_ns=stream.run_boot_ns + 3_000 * SECOND_NS, period_ns=SECOND_NS, synchronised=True,
        seats=(1, 2), reason="paused",
    )  # fmt: skip
    arrival = Arrival(site="school", room="room-204", message=gap, is_live=True)
    stores.periods.commit(Tick(received_utc_ns=filled.start_ns, arrivals=[arrival]))
    at(3020)
    live = client.get(LIVE).json()
    assert live["state"] == "silent"
    assert "the kit answers, but someone has paused it" in live["sentence"]
    assert live["kit"][0]["words"] == "on, but not sensing"


def test_scoring_that_is_behind_is_reported(client, clock, stores, filled, at):
    at(2940)
    assert client.get(LIVE).json()["state"] == "sensing"
    # Readings go on, epochs do not.
    epochs = type(stores.scores).epochs
    last = stores.scores.epochs("sample")[-1].utc_ns
    grown = 0

    def fewer(self, lesson, *, after_utc_ns=-1):
        return [
            e for e in epochs(self, lesson, after_utc_ns=after_utc_ns) if e.utc_ns < last - 60e9
        ]

    facts = client.app.state.live_facts
    newest = facts.advances.stopped_since
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(stores.scores), "epochs", fewer)

        def kit_goes_on(key, value, **given):
            nonlocal grown
            grown += 1
            return newest(key, grown if key[0] == "run" else value, **given)

        patch.setattr(facts.advances, "stopped_since", kit_goes_on)
        for second in range(2941, 2966):
            at(second)
            live = client.get(LIVE).json()
    assert live["state"] == "unscored"
    assert "the server is behind" in live["sentence"]


@pytest.mark.parametrize("path", ("/", "/lessons/sample"))
def test_a_rooms_live_page_can_be_reached_between_lessons(client, filled, path):
    assert 'href="/rooms/room-204/live"' in client.get(path).text
