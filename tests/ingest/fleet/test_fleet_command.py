"""`roomtone fleet` on a store with kits, as a technician reads it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import UsageError
from contract.wire.messages import Health, SensorFault
from ingest.authority.client import AuthorityClient
from ingest.fleet.command import add_arguments, fleet_lines, run
from ingest.fleet.facts import KitFacts
from ingest.fleet.preflight import Preflight
from ingest.fleet.reading import FleetKit, FleetRoom
from ingest.receiving.keeper import Keeper
from ingest.settings import IngestSettings
from ingest.stores import open_period_store
from school import open_school
from school.audit.actor import Actor
from school.rooms.layout import plan_of_size
from school.rooms.records import Hub, Kit, Room
from tests.ingest.node import SECOND_NS, Node
from tests.kit_authority import FakeAuthority

BEGAN_NS = 1_763_460_300 * SECOND_NS  # 18 November 2025, 10:05 UTC
NOW_NS = BEGAN_NS + 3_600 * SECOND_NS
FIRST = Node(room="room-1", node="kit-1", seats=(1, 2, 3, 4, 5, 6))
SECOND = Node(room="room-2", node="kit-2", seats=(1, 2, 3, 4, 5, 6), boot="boot-2")
Fleet = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(
        f'site = "school"\ndata_dir = "{tmp_path}/data"\n[lessons]\ntime_zone = "Europe/Berlin"\n'
    )
    with closing(open_period_store(tmp_path / "data")) as store:
        clock = ManualClock(now_ns=0, utc_at_boot_ns=BEGAN_NS)
        keeper = Keeper(store=store, site="school", clock=clock, settings=IngestSettings())
        for node in (FIRST, SECOND):
            batches = [node.batch(first, 10) for first in range(0, 90, 10)]
            keeper.keep([node.birth(), node.timebase(BEGAN_NS), *batches])
        keeper.keep([FIRST.health(sampled=540), SECOND.death()])
    return path


@pytest.fixture
def fleet(config: Path, capsys: pytest.CaptureFixture[str]) -> Fleet:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    clock = ManualClock(now_ns=0, utc_at_boot_ns=NOW_NS)

    def call(*words: str) -> tuple[int, list[str]]:
        code = run(parser.parse_args([*words, "--config", str(config)]), clock)
        return code, capsys.readouterr().out.splitlines()

    return call


def test_rooms_that_need_somebody_come_first_with_what_to_do(fleet: Fleet) -> None:
    code, lines = fleet()
    assert code == 1
    assert lines[0] == "1 of 2 kits are live; 2 rooms, 1 to check"
    assert lines[2:7] == [
        "CHECK  room-2: NOT READY",
        "       The kit kit-2 is off or out of reach.",
        (
            "  kit-2: off or out of reach; last reading 2025-11-18 11:06; 6 of 6 seats report; "
            "clock ±1 ms; nothing waits, outbox 0.0 MB; software 1; hub-a firmware 1"
        ),
        (
            "       → The kit kit-2 is off or out of reach. Switch it on, and check its power and its "
            "network connection."
        ),
        "",
    ]
    assert lines[7] == "ok     room-1: ready"
    assert lines[8].startswith("  kit-1: live since 2025-11-18 11:05; last reading")
    assert len(lines) == 9


def test_a_kit_that_is_locked_out_is_not_to_be_switched_on(
    fleet: Fleet, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (
        "       → The kit kit-2 is locked out. If you have it again, make a new code for it and enrol "
        "it; else remove it from its room."
    )
    with config.open("a") as file:
        file.write(f'[authority]\nsocket_dir = "{config.parent}"\n')
    (config.parent / "admin.sock").touch()
    fake = FakeAuthority()
    fake.revoke("kit-2")
    monkeypatch.setattr(AuthorityClient, "nodes", lambda _client: fake.nodes())
    code, lines = fleet("room-2")
    assert (code, lines[-1]) == (1, said)
    assert "Switch it on" not in "\n".join(lines)
    fake.is_down = True
    lines = fleet()[1]
    assert "Switch it on" in "\n".join(lines)
    assert lines[-1].endswith("is locked out is not known: The authority does not answer.")
    assert "is not known" not in "\n".join(fleet("room-1")[1])


def test_one_kit_in_one_room_is_counted_as_one() -> None:
    kit = FleetKit(facts=KitFacts(node="kit-1", room="room-1", is_up=True), troubles=())
    room = FleetRoom(room="room-1", site="school", ready=Preflight(state="ready"), kits=(kit,))
    assert next(fleet_lines([room], [room], str)) == "1 of 1 kit is live; 1 room, 0 to check"


def test_one_room_and_only_what_is_wrong(fleet: Fleet) -> None:
    assert fleet("room-1")[0] == 0
    assert "room-1" not in "\n".join(fleet("--wrong")[1])
    with pytest.raises(UsageError, match="There is no room room-9"):
        fleet("room-9")


def test_a_fault_that_a_kit_reports_is_in_its_line_and_in_json(
    fleet: Fleet, config: Path, tmp_path: Path
) -> None:
    fault = SensorFault(hub="hub-a", seat=2, kind="stuck", said="stuck")
    sent = FIRST.health(sampled=540)
    health = Health.decode(sent.payload).model_copy(update={"faults": (fault,)})
    with closing(open_period_store(tmp_path / "data")) as store:
        keeper = Keeper(
            store=store, site="school", clock=ManualClock(utc_at_boot_ns=NOW_NS),
            settings=IngestSettings(),
        )  # fmt: skip
        keeper.keep([replace(sent, payload=health.encode())])
    code, lines = fleet("room-1")
    assert code == 1
    assert "sensor of seat 2 (hub hub-a) sends the same value" in lines[-1]
    (room,) = json.loads(fleet("room-1", "--json")[1][0])["rooms"]
    assert (room["ready"], room["missing"]) == ("partly", ["1 seat does not report."])
    (kit,) = room["kits"]
    assert (kit["seats"], kit["reporting"]) == ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6])
    assert kit["started_at"] == "2025-11-18T10:05:05+00:00"
    assert kit["troubles"][0]["state"] == "wrong"


def test_a_room_that_is_only_described_is_not_ready(fleet: Fleet, tmp_path: Path) -> None:
    room = Room(name="room-3", site="school", plan=plan_of_size(6))
    kit = Kit(node="kit-3", hubs=(Hub(name="hub-1", seats=(1, 2), port="usb:1"),))
    with closing(open_school(tmp_path / "data")) as school:
        by = Actor(name="roomtone room", utc_ns=NOW_NS)
        school.rooms.add_room(room, kit, by, now_utc_ns=NOW_NS)
    code, lines = fleet("room-3")
    assert code == 1
    assert lines[2:5] == [
        "CHECK  room-3: NOT READY",
        "       The kit kit-3 is not set up yet.",
        "  kit-3: described, never reported",
    ]
    assert "roomtone enrol" in lines[5]


def test_without_a_store_the_command_says_so(fleet: Fleet, config: Path, tmp_path: Path) -> None:
    config.write_text(f'site = "school"\ndata_dir = "{tmp_path}/nowhere"\n')
    with pytest.raises(UsageError, match="ingest has never run here"):
        fleet()
