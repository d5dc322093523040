"""The rooms as a technician sees them: live or not, since when, what to do, and no lesson."""

from __future__ import annotations

import re
from html import unescape

import pytest

from contract.clock import SECOND_NS
from dashboard_api.live.program_state import UNKNOWN
from dashboard_api.live.view import NodeReport, room_facts
from dashboard_api.rooms.view import advice_text, kit_card, room_card
from school.lessons.records import Lesson
from school.rooms.records import Hub, Kit, Room, Site
from tests.signed_in import BY

NOW_NS = 1_763_460_300 * SECOND_NS
LESSON = Lesson(
    id="l", room="room-1", teacher="Ms Ortega", title="Fractions", starts_utc_ns=NOW_NS - 600,
    ends_utc_ns=None, source="button",
)  # fmt: skip


def text_of(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def card(*nodes: NodeReport, state="off", findings=(), **other):
    lesson = None if state == "off" else LESSON
    given = {"coming": None, "reason": "", "ingest": UNKNOWN, "score": UNKNOWN, **other}
    facts = room_facts(
        "room-1", state, nodes, lesson=lesson, now_utc_ns=NOW_NS, zone=None, **given
    )  # fmt: skip
    return room_card(facts, [kit_card(node, facts, findings) for node in nodes])


def node(**other) -> NodeReport:
    given = {"is_up": True, "newest_utc_ns": NOW_NS - 90_000 * SECOND_NS, **other}
    return NodeReport(node="kit-1", birth=None, health=None, **given)


def test_a_kit_that_waits_for_a_lesson_is_live_and_needs_nothing():
    shown = card(node())
    (kit,) = shown.kits
    assert (shown.mark, shown.live, kit.is_live, kit.to_do) == ("fine", 1, True, ())
    assert kit.since != "now"


def test_a_kit_that_is_off_is_to_be_switched_on():
    shown = card(node(is_up=False))
    assert shown.mark == "check"
    assert not shown.kits[0].is_live
    assert "switch it on" in shown.kits[0].to_do[0]


def test_a_kit_that_senses_is_live_now():
    shown = card(node(newest_utc_ns=NOW_NS), state="sensing")
    assert (shown.kits[0].words, shown.kits[0].since, shown.mark) == ("Sensing", "now", "fine")


@pytest.mark.parametrize(("reason", "words"), (("serial", "cable"), ("paused", "resume"), ("", "")))
def test_a_kit_that_is_silent_in_a_lesson_is_not_live(reason, words):
    silent = node(silent_since_utc_ns=NOW_NS - 60 * SECOND_NS)
    shown = card(silent, state="silent", reason=reason)
    assert (shown.mark, shown.live) == ("check", 0)
    assert words in shown.kits[0].to_do[0]
    assert shown.sentence == "A lesson is on, but nothing is being sensed."


def test_what_the_doctor_says_of_a_kit_stands_below_it():
    found = [("has no ack", "run `roomtone doctor` on it")]
    shown = card(node(), findings=found)
    assert shown.kits[0].to_do == ("Has no ack. To do: run “roomtone doctor” on it.",)
    assert shown.mark == "check"
    assert advice_text("is off", "x").endswith("To do: x.")


def test_while_the_server_receives_nothing_no_kit_is_called_live():
    shown = card(node(), state="not_received")
    assert not shown.kits[0].is_live
    assert "the server receives nothing" in shown.sentence


def test_the_page_names_rooms_and_kits_and_no_lesson(client, filled, stores, clock):
    clock.utc_at_boot_ns = filled.start_ns + 600 * SECOND_NS
    answer = client.get("/rooms")
    text = text_of(answer)
    assert "room-204" in text
    assert "A lesson is on" in text
    for word in (filled.lesson.title, filled.lesson.teacher, "movement", "as usual"):
        assert word not in text


def test_a_room_that_was_only_planned_has_no_kit(client, filled, stores):
    stores.lessons.put(LESSON)
    assert "1 room of the timetable from which no kit has ever reported" in text_of(
        client.get("/rooms")
    )


def test_a_misspelt_room_is_a_404(client, filled):
    for path in ("/rooms/room-2O4/live", "/rooms/room-2O4", "/api/rooms/room-2O4/live"):
        assert client.get(path).status_code == 404


def test_without_rooms_the_page_says_what_to_do(client):
    assert "No kit has reported" in text_of(client.get("/rooms"))


def test_rooms_of_several_schools_stand_by_school_and_number(client, stores, filled):
    for school in ("birch", "ash"):
        stores.rooms.add_site(Site(name=school, title=f"{school.title()} School"), BY)
        for number in (10, 2):
            name = f"{school}-{number}"
            room = Room(name=name, site=school, title=f"Room {number}", plan=((1,),))
            kit = Kit(node=f"{name}-pi", hubs=(Hub(name="hub-1", seats=(1,), port="usb-1"),))
            stores.rooms.add_room(room, kit, BY, now_utc_ns=NOW_NS)
    text = text_of(client.get("/rooms"))
    schools = ("Rooms that belong to no school", "Ash School", "Birch School")
    wanted = (
        *schools,  # the links to them
        "Rooms that belong to no school", "room-204",
        "Ash School", "ash-2", "ash-10", "Birch School", "birch-2", "birch-10",
    )  # fmt: skip
    place = 0
    for each in wanted:
        assert each in text[place:], f"{each} stands too early"
        place = text.index(each, place) + len(each)
