"""The sockets of `usb:1` and so on are written down while all hubs are plugged in."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from contract.errors import LinkError, UsageError
from firmware_bridge.ports import open_port
from firmware_bridge.usb_ports import pin_ports

SETTINGS = """
[[hub]]
name = "window"
port = "usb:1"
[[hub]]
name = "door"
port = "usb:2"
"""
PI = "platform-xhci-hcd.0-usb-0:1.{}:1.0-port0"


def sockets(directory: Path, *names: str) -> Path:
    for name in names:
        (directory / name).touch()
    return directory


def test_the_hubs_get_the_paths_of_their_sockets_in_order(tmp_path: Path) -> None:
    second_name = PI.format(9).replace("-usb-", "-usbv2-")
    folder = sockets(tmp_path, PI.format(10), PI.format(9), second_name)
    pinned = tomllib.loads(pin_ports(SETTINGS, folder))
    assert [hub["port"] for hub in pinned["hub"]] == [
        str(folder / PI.format(9)),
        str(folder / PI.format(10)),
    ]
    assert pin_ports(pin_ports(SETTINGS, folder), folder) == pin_ports(SETTINGS, folder)


@pytest.mark.parametrize("count", (0, 1, 3))
def test_with_another_number_of_hubs_nothing_is_guessed(tmp_path: Path, count: int) -> None:
    folder = sockets(tmp_path, *(PI.format(n) for n in range(count)))
    with pytest.raises(
        UsageError, match=rf"name 2 hubs on USB sockets, and {count} serial devices"
    ):
        pin_ports(SETTINGS, folder)


def test_other_ports_stay_and_need_no_socket(tmp_path: Path) -> None:
    text = SETTINGS.replace("usb:1", "/dev/ttyUSB0").replace("usb:2", "/dev/ttyUSB1")
    assert pin_ports(text, tmp_path / "none") == text


def test_a_port_that_is_not_settled_is_refused_with_what_to_do() -> None:
    with pytest.raises(LinkError, match="roomtone enrol --ports"):
        open_port("usb:1", 500_000)
