"""A room that is paused: by a button, by a page, and by both; and the kits that sense all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.clock import SECOND_NS
from contract.wire.messages import Birth, ConfigReported, Death, Health
from ingest.stores.records import Tick

LIVE = "/api/rooms/room-204/live"
PAGE = "/rooms/room-204/live"


@pytest.fixture
def at(clock, filled):
    """Moves the clock to a second of the lesson."""

    def move(second: float) -> None:
        clock.now_ns = filled.start_ns + round(second * SECOND_NS) - clock.utc_at_boot_ns

    return move


@pytest.fixture
def report(stores, filled):
    """Makes a kit of the room report what pauses it."""

    def say(node: str = "", *paused_by: str, since: int | None = None, run: int = 99,
            is_finished: bool = False, is_new: bool = False) -> str:  # fmt: skip
        (stream,) = [each for each in stores.periods.newest_runs("room-204")
                     if not node or each.node == node] or [None]  # fmt: skip
        if stream is None or is_new:
            birth = Birth(
                node=node, run=run, boot="b", software="1", period_ns=SECOND_NS, run_boot_ns=0,
                hubs=(), seat_codes=(), room_codes=(), units={}, synchronised=True,
            )  # fmt: skip
            stores.periods.commit(
                Tick(received_utc_ns=filled.start_ns, births=[("school", "room-204", birth)])
            )
        name, number = (node, run) if stream is None else (stream.node, stream.run)
        health = Health(
            node=name, run=number, sampled=0, published=0, acked=0, waiting=0, gap=0, unsampled=0,
            is_sampling=not paused_by, is_finished=is_finished, outbox_bytes=0, ack_age_ms=1, hubs={},
            reported=ConfigReported(
                revision=1, is_sampling=not paused_by, paused_by=paused_by,
                button_since_utc_ns=since,
            ),
        )  # fmt: skip
        stores.periods.commit(Tick(received_utc_ns=filled.start_ns, healths=[health]))
        return name

    return say


def pause_page(client, lesson: str, *, is_on: bool) -> None:
    answer = client.post(
        f"{PAGE}/pause",
        data={"lesson": lesson, "is_on": str(is_on).lower()},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == PAGE


def test_a_pressed_button_is_the_headline(client, filled, at, report):
    at(2800)
    since = filled.start_ns + 2700 * SECOND_NS
    name = report("", "button", since=since)
    live = client.get(LIVE).json()
    assert live["state"] == "paused"
    assert live["sentence"].endswith(
        f"is on, but the off switch of the kit {name} is pressed since 11:50: nothing is to be sensed "
        "until it is pressed again there."
    )
    assert live["more"] == []
    assert live["is_paused"] is False
    (kit,) = live["kit"]
    assert (kit["words"], kit["seats_sensed"]) == ("paused: its off switch is pressed", 0)


def test_the_page_says_which_kit_still_senses(client, filled, at, report):
    at(2800)
    name = report("", "button", since=filled.start_ns)
    report("pi-9")
    (still,) = client.get(LIVE).json()["more"]
    assert still == "Still sensing: pi-9. It has not heard of the pause yet."
    assert still in client.get(PAGE).text
    report("pi-9", "kit")
    live = client.get(LIVE).json()
    assert live["more"] == []
    words = {kit["node"]: kit["words"] for kit in live["kit"]}
    assert words["pi-9"] == "paused: the off switch of another kit of this room is pressed"
    assert words[name] == "paused: its off switch is pressed"


def test_two_buttons_are_two_sentences(client, filled, at, report):
    at(2800)
    name = report("", "button", "kit", since=filled.start_ns)
    report("pi-9", "button", "kit", since=0)
    live = client.get(LIVE).json()
    said = [live["sentence"], *live["more"]]
    assert len(said) == 2
    assert [each for each in said if f"kit {name} is pressed since 11:05" in each]
    # A kit whose clock was never set does not know since when.
    assert [each for each in said if "kit pi-9 is pressed: nothing is to be sensed" in each]


def test_a_teacher_pauses_the_lesson_and_ends_that(client, stores, filled, at, report):
    at(2800)
    report("pi-9")
    lesson = filled.lesson.id
    pause_page(client, lesson, is_on=True)
    live = client.get(LIVE).json()
    assert (live["state"], live["is_paused"]) == ("paused", True)
    assert live["sentence"] == (
        "Sensing is paused on this page since 11:51. The pause ends with “Resume sensing”, or with "
        "the lesson."
    )
    (still,) = live["more"]
    assert "pi-9" in still
    assert "They have not heard" in still  # nor has the other one
    text = client.get(PAGE).text
    assert ">Resume sensing</button>" in text
    assert stores.control.paused_lessons() == {lesson: filled.start_ns + 2800 * SECOND_NS}
    pause_page(client, lesson, is_on=False)
    assert client.get(LIVE).json()["is_paused"] is False
    assert ">Pause sensing</button>" in client.get(PAGE).text
    assert [entry.action for entry in stores.audit.latest(3) if entry.action != "saw"][:2] == [
        "resumed", "paused",
    ]  # fmt: skip


def test_a_page_s_pause_ends_with_its_lesson_and_is_of_no_other(client, stores, filled, at):
    at(2800)
    pause_page(client, filled.lesson.id, is_on=True)
    after = filled.start_ns + 3700 * SECOND_NS
    stores.lessons.put(replace(filled.lesson, ends_utc_ns=filled.start_ns + 3600 * SECOND_NS))
    stores.lessons.put(
        replace(filled.lesson, id="next", starts_utc_ns=after, ends_utc_ns=after + 600 * SECOND_NS)
    )
    at(3710)
    live = client.get(LIVE).json()
    assert (live["lesson"]["id"], live["is_paused"]) == ("next", False)
    assert live["state"] != "paused"
    # A page that was open since the lesson before changes nothing in this one.
    pause_page(client, filled.lesson.id, is_on=True)
    assert "next" not in stores.control.paused_lessons()


def test_between_lessons_a_pressed_button_is_announced(client, filled, at, report):
    at(9000)
    name = report("", "button", since=filled.start_ns)
    live = client.get(LIVE).json()
    assert live["state"] == "off"
    (said,) = live["more"]
    assert said == (
        f"The off switch of the kit {name} is pressed: nothing will be sensed in this room until it is "
        "pressed again there."
    )


def test_a_kit_out_of_reach_may_still_sense(client, stores, filled, at, report):
    at(2800)
    (stream,) = stores.periods.newest_runs("room-204")
    report("pi-9", "button", since=filled.start_ns)
    stores.periods.commit(
        Tick(received_utc_ns=filled.start_ns, deaths=[("school", "room-204", _death(stream))])
    )
    more = client.get(LIVE).json()["more"]
    assert [
        each
        for each in more
        if each.startswith(f"Out of reach, and perhaps still sensing: {stream.node}.")
    ]
    # One that said itself that it stopped does not.
    report(stream.node, is_finished=True)
    assert not [each for each in client.get(LIVE).json()["more"] if "Out of reach" in each]


def test_a_kit_that_is_paused_alone_says_why(client, filled, at, report):
    at(2800)
    name = report("", "fault")
    live = client.get(LIVE).json()
    assert live["state"] == "paused"
    assert live["sentence"].startswith(f"The kit {name} senses nothing, because its off switch")
    report("", "command")
    assert client.get(LIVE).json()["sentence"] == (
        f"A technician has paused {name}. Ask them to resume."
    )
    # The others of the room sense, so it is no pause of the room.
    report("pi-9")
    live = client.get(LIVE).json()
    assert live["state"] == "sensing"
    assert {kit["words"] for kit in live["kit"]} >= {"paused by a technician"}


def test_nobody_else_pauses_a_lesson(client, stores, filled, at):
    at(2800)
    other = "/rooms/attic/live/pause"
    assert client.post(other, data={"lesson": filled.lesson.id, "is_on": "true"}).status_code == 404
    assert stores.control.paused_lessons() == {}


def _death(stream):
    return Death(node=stream.node, run=stream.run, boot=stream.boot or "", reason="lost")
