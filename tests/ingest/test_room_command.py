"""`roomtone room` and `roomtone site add` as a technician types them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contract.errors import UsageError
from ingest import room_command
from ingest.moving import command as site_command
from school import open_school

Command = Callable[..., list[str]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(f'site = "north"\ndata_dir = "{tmp_path}/data"\n')
    return path


@pytest.fixture
def room(config: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    parser = argparse.ArgumentParser()
    room_command.add_arguments(parser)

    def call(*words: str) -> list[str]:
        assert room_command.run(parser.parse_args([*words, "--config", str(config)])) == 0
        return capsys.readouterr().out.splitlines()

    return call


@pytest.fixture
def site(config: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    parser = argparse.ArgumentParser()
    site_command.add_arguments(parser)

    def call(*words: str) -> list[str]:
        assert site_command.run(parser.parse_args([*words, "--config", str(config)])) == 0
        return capsys.readouterr().out.splitlines()

    return call


def test_one_command_describes_a_room_its_zones_and_its_kit(room: Command, config: Path) -> None:
    assert room("add", "Room 12", "--seats", "12") == [
        "north/room-12",
        "    1   2   3   4   5   6",
        "    7   8   9  10  11  12",
        "zone A: seats 1-3, 7-9",
        "zone B: seats 4-6, 10-12",
        "kit room-12-kit: sound from hub",
        "  hub hub-1 at usb:1: seats 1, 2, 3, 4, 5, 6, 7, 8",
        "  hub hub-2 at usb:2: seats 9, 10, 11, 12",
    ]
    assert room("list") == ["north/room-12  12 seats, 2 zones, room-12-kit"]
    with closing(open_school(config.parent / "data")) as school:
        said = [each.sentence for each in school.audit.latest(10)]
    assert said[::-1] == [
        "The command “roomtone room” described site north",
        "The command “roomtone room” described room room-12",
        "The command “roomtone room” described kit room-12-kit in room room-12",
    ]
    with pytest.raises(UsageError, match="is there already, in site north"):
        room("add", "room-12", "--seats", "12")


def test_a_room_is_described_in_every_detail(room: Command, tmp_path: Path) -> None:
    plan = tmp_path / "plan.txt"
    plan.write_text("1 2 3 . 4 5 6\n7 8 9 . 10 11 12\n")
    said = room(
        "add", "room-12", "--plan", str(plan), "--title", "Room 12, first floor", "--site", "south",
        "--kit", "pi-12", "--hub", "left:1-3,9,8,7@/dev/ttyUSB0", "--sound", "microphone",
        "--zone", "left:1-3,7-9", "--zone", "right:4-6,10-12",
    )  # fmt: skip
    assert said[0] == "south/room-12  Room 12, first floor"
    assert said[-3:] == [
        "kit pi-12: sound from microphone",
        "  hub left at /dev/ttyUSB0: seats 1, 2, 3, 9, 8, 7",
        "without a sensor: seats 4-6, 10-12",
    ]
    assert room("kit", "room-12", "pi-12b")[-1] == "  hub hub-1 at usb:1: seats 4, 5, 6, 10, 11, 12"
    with pytest.raises(UsageError, match="has a sensor already"):
        room("kit", "room-12", "pi-12c")
    assert room("list") == ["south/room-12  Room 12, first floor  12 seats, 2 zones, pi-12, pi-12b"]
    assert "free" in room("remove-kit", "pi-12")[0]
    assert "zone all: seats 1-12" in room("change", "room-12", "--zone", "all:1-12")
    assert "zone A: seats 1-3, 7-9" in room("change", "room-12", "--zones-by-plan")
    room("change", "room-12", "--title", "12")  # zones that the plan made follow it
    assert room("change", "room-12", "--seats", "14")[4] == "zone A: seats 1-2, 7-8, 13-14"
    assert "revoke pi-12b" in room("remove", "room-12")[-1]
    assert room("list") == []


@pytest.mark.parametrize(
    ("words", "said"),
    (
        (["add", "room-12"], "--seats 30, or --plan FILE"),
        (["add", "room-12", "--seats", "0"], "1 to 255 seats"),
        (["add", "room-12", "--seats", "90"], "several kits"),
        (["add", "room-12", "--seats", "8", "--hub", "left"], "no seat and no range"),
        (["add", "room-12", "--seats", "8", "--hub", "left:9"], "not in the plan"),
        (["add", "room-12", "--seats", "8", "--zone", "left:1-4"], "4 seats"),
        (
            ["add", "room-12", "--seats", "8", "--hub", "a:1-4", "--hub", "b:4-8"],
            "Seat 4 is on hub",
        ),
        (["show", "room-9"], "There is no room room-9"),
        (["kit", "room-9", "pi-9"], "There is no room room-9"),
        (["remove-kit", "pi-9"], "There is no kit pi-9"),
    ),
)
def test_what_does_not_fit_is_one_sentence_and_changes_nothing(
    room: Command, words: list[str], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        room(*words)
    assert room("list") == []


def test_a_site_is_added_and_listed(site: Command) -> None:
    assert site("add", "north", "--title", "North School") == [
        "site north is added",
        "next: roomtone room add ROOM --site north --seats 30",
    ]
    said = site("add", "south")
    assert "does not name it: add it to `more_sites`" in said[1]
    assert site("list") == [
        "north  North School  0 rooms, 0 kits, 0 runs",
        "south  0 rooms, 0 kits, 0 runs  (these settings do not name it)",
    ]
    assert site("add", "south", "--title", "South")[0] == "site south is changed"
    with pytest.raises(UsageError, match="can't be a name here"):
        site("add", "South School")
