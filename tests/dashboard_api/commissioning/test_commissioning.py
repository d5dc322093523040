"""A technician describes a room, makes a code for its kit, and sees it report."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from contract.clock import ManualClock
from dashboard_api.app import create_app
from edge_agent.settings import EdgeSettings
from ingest.commissioning.codes import CodeMaker, KitSetUp
from ingest.receiving.keeper import Keeper
from ingest.settings import IngestSettings
from tests.dashboard_api.conftest import START_NS, Pages
from tests.ingest.node import Node
from tests.kit_authority import FakeAuthority
from tests.signed_in import add_person, cookie

SITES = ("school", "annex")
KIT = "/rooms/room-12/setup/kits/room-12-kit"


def text_of(answer) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def recorded(stores, *actions: str) -> list[str]:
    """The entries of these actions as people read them, the first one first."""
    entries = stores.audit.latest(100, actions=actions)[::-1]
    assert not [each for each in entries if "482" in f"{each.thing_id} {dict(each.detail)}"]
    return [each.sentence for each in entries]


@pytest.fixture
def authority() -> FakeAuthority:
    return FakeAuthority()


@pytest.fixture
def pages(stores, clock, authority) -> Iterator[Pages]:
    add_person(stores.people, "tech", "technician")
    maker = CodeMaker(authority, broker="server.school.example")
    app = create_app(
        lambda: stores, clock=clock, zone=ZoneInfo("Europe/Berlin"),
        kits=KitSetUp(codes=maker, sites=SITES, server="server.school.example"),
    )  # fmt: skip
    with Pages(app, cookie(stores.people, clock.utc_ns(), "tech")) as found:
        yield found


@pytest.fixture
def room(pages) -> Pages:
    """Room 12 with 12 seats, as one form makes it."""
    answer = pages.post(
        "/rooms/new",
        data={"name": "Room 12", "title": "Room 12, first floor", "site": "annex", "seats": "12"},
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/rooms/room-12/setup")
    return pages


def test_one_form_describes_a_room_its_zones_and_its_kit(room, stores) -> None:
    shown = text_of(room.get("/rooms/room-12/setup"))
    for words in (
        "Room 12, first floor", "room-12 in annex, 12 seats", "Zone A: 6 seats", "Zone B: 6 seats",
        "Seat 1, zone A, hub-1", "Hub hub-2: seats 9, 10, 11, 12", "It has no certificate yet",
    ):  # fmt: skip
        assert words in shown
    assert stores.rooms.rooms()["room-12"].site == "annex"
    listed = text_of(room.get("/rooms"))
    assert "The kit room-12-kit is not set up yet." in listed
    assert "Plan and kits of Room 12, first floor" in listed


def test_a_code_is_shown_once_with_a_picture_and_the_settings_that_go_with_it(
    room, authority, stores
) -> None:
    answer = room.post(f"{KIT}/code")
    shown = text_of(answer)
    assert "482 913" in shown
    assert "sudo roomtone enrol --server server.school.example --code 482913" in shown
    assert "<svg" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    left = re.search(r'data-left="(\d+)"', answer.text)
    assert left is not None
    assert 880 < int(left[1]) <= 900
    for path in ("/rooms/room-12/setup", "/rooms", f"{KIT}/state"):
        assert "482" not in text_of(room.get(path))
    assert recorded(stores, "made_code") == [
        "Tech made a code with which a Pi becomes kit room-12-kit in room room-12"
    ]
    settings = EdgeSettings.checked(tomllib.loads(authority.settings["room-12-kit"]), where="x")
    assert (settings.site, settings.room, settings.node) == ("annex", "room-12", "room-12-kit")
    assert settings.seats == tuple(range(1, 13))
    assert [hub.port for hub in settings.hub] == ["usb:1", "usb:2"]
    assert (settings.broker.host, settings.broker.port) == ("server.school.example", 8883)
    assert str(settings.broker.key_file) == "/etc/roomtone/identity/node.key"


def test_the_page_of_a_code_follows_the_kit_until_it_has_reported(
    room, authority, stores, clock
) -> None:
    room.post(f"{KIT}/code")

    def state() -> tuple[str, bool]:
        answer = room.get(f"{KIT}/state")
        return text_of(answer), "hx-get" in answer.text

    assert state() == ("Waiting for the kit.", True)
    authority.known["room-12-kit"] = replace(authority.known["room-12-kit"], tries_left=3)
    assert state() == ("Waiting for the kit. A wrong code was tried; 3 more tries are left.", True)
    authority.enrol("room-12-kit")
    assert state()[0].startswith("The kit is enrolled. Waiting for its first report")
    node = Node(site="annex", room="room-12", node="room-12-kit", seats=tuple(range(1, 13)))
    keeper = Keeper(
        store=stores.periods, site="annex", settings=IngestSettings(),
        clock=ManualClock(now_ns=0, utc_at_boot_ns=START_NS),
    )  # fmt: skip
    keeper.keep([node.birth(), node.timebase(START_NS)])
    words, polls = state()
    assert words.startswith("The kit is enrolled, and it has reported.")
    assert not polls
    assert "Its certificate is valid until" in text_of(room.get("/rooms/room-12/setup"))


@pytest.mark.parametrize(
    ("code", "words"), (("void", "tried five times"), ("expired", "has expired"))
)
def test_a_code_that_counts_no_more_says_so(room, authority, code, words) -> None:
    room.post(f"{KIT}/code")
    authority.known["room-12-kit"] = replace(authority.known["room-12-kit"], code=code)
    answer = room.get(f"{KIT}/state")
    assert words in text_of(answer)
    assert "hx-get" not in answer.text


def test_a_stolen_kit_is_locked_out(room, authority, stores) -> None:
    room.post(f"{KIT}/code")
    authority.enrol("room-12-kit")
    assert "It is lost or stolen" in text_of(room.get("/rooms/room-12/setup"))
    assert room.post(f"{KIT}/revoke").status_code == 303
    assert "It is being locked out." in text_of(room.get("/rooms/room-12/setup"))
    assert "This kit is locked out" in text_of(room.get(f"{KIT}/state"))
    assert recorded(stores, "locked_out") == ["Tech locked out kit room-12-kit in room room-12"]


def test_an_authority_that_does_not_answer_is_one_sentence(room, authority, stores) -> None:
    authority.is_down = True
    assert "The authority does not answer." in text_of(room.get("/rooms/room-12/setup"))
    for what in ("code", "revoke"):
        answer = room.post(f"{KIT}/{what}")
        assert answer.status_code == 409
        assert "The authority does not answer." in text_of(answer)
    assert recorded(stores, "made_code", "locked_out") == []


def test_without_an_authority_the_pages_make_no_code(room) -> None:
    room.app.state.kits = KitSetUp(sites=SITES)
    assert "Make a code" not in text_of(room.get("/rooms/room-12/setup"))
    answer = room.post(f"{KIT}/code")
    assert answer.status_code == 409
    assert "can’t make codes" in text_of(answer)


def test_the_server_needs_a_name_that_kits_can_use(room, authority) -> None:
    room.app.state.kits = KitSetUp(codes=CodeMaker(authority, broker=""), sites=SITES)
    answer = room.post(f"{KIT}/code")
    assert answer.status_code == 409
    assert "authority.address" in text_of(answer)
    assert authority.known == {}


def test_plan_zones_and_kits_are_changed(room, stores) -> None:
    plan = "1 2 3 . 4 5 6\n7 8 9 . 10 11 12\n13 . . . . . .\n"
    changed = {"title": "Twelve", "plan": plan, "zones": "all: 1-13"}
    assert room.post("/rooms/room-12/setup", data=changed).status_code == 303
    found = stores.rooms.rooms()["room-12"]
    assert (found.title, [zone.name for zone in found.zones]) == ("Twelve", ["all"])
    assert "Without a sensor (dashed): 13" in text_of(room.get("/rooms/room-12/setup"))
    kit = {"node": "pi-b", "hubs": "back: 13 @ /dev/ttyUSB0", "sound": "none"}
    assert room.post("/rooms/room-12/setup/kits", data=kit).status_code == 303
    shown = text_of(room.get("/rooms/room-12/setup"))
    assert "Kit pi-b" in shown
    assert "Seat 13, zone all, pi-b/back" in shown
    assert room.post("/rooms/room-12/setup/kits/pi-b/remove").status_code == 303
    assert [each.node for each in stores.rooms.rooms()["room-12"].kits] == ["room-12-kit"]
    assert room.post("/rooms/room-12/setup/remove").headers["location"] == "/rooms"
    assert room.get("/rooms/room-12/setup").status_code == 404
    assert recorded(stores, "described", "changed_description", "removed_description") == [
        "Tech described site annex",
        "Tech described room room-12",
        "Tech described kit room-12-kit in room room-12",
        "Tech changed the description of room room-12: its title, its plan of seats and its zones",
        "Tech described kit pi-b in room room-12",
        "Tech removed the description of kit pi-b in room room-12",
        "Tech removed the description of kit room-12-kit in room room-12",
        "Tech removed the description of room room-12",
    ]


@pytest.mark.parametrize(
    ("path", "given", "words"),
    (
        ("/rooms/new", {"name": "room-12", "seats": "8"}, "is there already"),
        ("/rooms/new", {"name": "room-13"}, "how many seats"),
        ("/rooms/new", {"name": "room-13", "plan": "1 2 2"}, "seat 2 twice"),
        ("/rooms/new", {"name": "!!", "seats": "8"}, "!!"),
        ("/rooms/room-12/setup", {"plan": "1 2 3 4 5", "by_plan": "1"}, "not in the plan"),
        ("/rooms/room-12/setup", {"plan": "1 2 3 4", "zones": "a: 1-4"}, "4 seats"),
        ("/rooms/room-12/setup/kits", {"node": "pi-b", "hubs": "back: 3"}, "already"),
        ("/rooms/room-12/setup/kits", {"node": "pi-b", "hubs": "back"}, "no seat and no range"),
        ("/rooms/room-12/setup/kits", {"node": "Pi B", "hubs": "back: 3"}, "can't be a name"),
    ),
)
def test_what_does_not_fit_is_said_and_nothing_changes(room, stores, path, given, words) -> None:
    before = stores.rooms.rooms()
    answer = room.post(path, data=given)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert stores.rooms.rooms() == before


def test_a_kit_of_another_room_is_no_kit_of_this_one(room) -> None:
    for method, what in (
        ("POST", "code"),
        ("GET", "state"),
        ("POST", "revoke"),
        ("POST", "remove"),
    ):
        answer = room.request(method, f"/rooms/room-12/setup/kits/other/{what}")
        assert answer.status_code == 404


def test_a_kit_that_is_locked_out_is_not_to_be_switched_on(room, authority, stores) -> None:
    node = Node(site="annex", room="room-12", node="room-12-kit", seats=tuple(range(1, 13)))
    keeper = Keeper(
        store=stores.periods, site="annex", clock=ManualClock(utc_at_boot_ns=START_NS),
        settings=IngestSettings(),
    )  # fmt: skip
    keeper.keep([node.birth(), node.death()])
    assert "switch it on" in text_of(room.get("/rooms"))
    authority.revoke("room-12-kit")
    for path in ("/rooms", "/"):
        shown = text_of(room.get(path))
        assert "switch it on" not in shown
        assert "Locked out" in shown
        assert "The kit room-12-kit is locked out. If you have it again" in shown
    authority.is_down = True
    assert "switch it on" in text_of(room.get("/rooms"))
