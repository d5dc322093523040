"""Reports to a real socket, as systemd's."""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.service_manager import ServiceManager

SECOND = 1_000_000_000


class Systemd:
    """The other end: a datagram socket whose reports can be read."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=("file", "abstract"))
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    name = str(tmp_path / "notify")
    found = Systemd(name if request.param == "file" else f"@roomtone-{secrets.token_hex(8)}")
    yield found
    found.close()


def test_what_is_reported_arrives_and_ready_only_once(systemd: Systemd) -> None:
    manager = ServiceManager(address=systemd.address)
    manager.ready()
    manager.ready()
    manager.status("senses 30 seats\nof room-12")
    manager.status("senses 30 seats\nof room-12")
    manager.stopping()
    heard = systemd.heard()
    assert heard[0] == "READY=1"
    assert heard[1].startswith("STATUS=senses 30 seats")
    assert "\n" not in heard[1], "a second line would be a report of its own"
    assert heard[2:] == ["STOPPING=1"]


def test_signs_of_life_are_sent_four_times_in_a_span(systemd: Systemd) -> None:
    now = [0]
    manager = ServiceManager(
        address=systemd.address, watchdog_s=60, monotonic_ns=lambda: now[0]
    )  # fmt: skip
    for second in range(61):
        now[0] = second * SECOND
        manager.alive()
    assert systemd.heard() == ["WATCHDOG=1"] * 5


def test_without_a_watchdog_no_sign_is_sent(systemd: Systemd) -> None:
    manager = ServiceManager(address=systemd.address)
    manager.alive()
    assert systemd.heard() == []


def test_the_environment_is_used_and_no_child_inherits_it(systemd: Systemd) -> None:
    environment = {
        "NOTIFY_SOCKET": systemd.address,
        "WATCHDOG_USEC": "60000000",
        "WATCHDOG_PID": str(os.getpid()),
        "PATH": "/usr/bin",
    }
    manager = ServiceManager.of_environment(environment)
    manager.alive()
    assert systemd.heard() == ["WATCHDOG=1"]
    assert environment == {"PATH": "/usr/bin"}


def test_a_watchdog_that_is_meant_for_another_process_is_not_answered(systemd: Systemd) -> None:
    manager = ServiceManager.of_environment(
        {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}
    )
    manager.alive()
    manager.ready()
    assert systemd.heard() == ["READY=1"]


def test_a_report_that_found_no_room_is_sent_later(tmp_path: Path) -> None:
    systemd = Systemd(str(tmp_path / "notify"))
    manager = ServiceManager(address=systemd.address, watchdog_s=1e-9)
    for _ in range(10_000):  # its queue is full now
        manager.alive()
    manager.ready()
    manager.status("sampling")
    assert set(systemd.heard()) == {"WATCHDOG=1"}
    manager.ready()
    manager.status("sampling")
    assert systemd.heard() == ["READY=1", "STATUS=sampling"]
    systemd.close()


def test_without_a_manager_nothing_happens(caplog: pytest.LogCaptureFixture) -> None:
    manager = ServiceManager.of_environment({})
    manager.ready()
    manager.alive()
    manager.status("fine")
    assert not manager.is_listening
    assert not caplog.records


def test_a_manager_that_is_gone_or_hangs_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = ServiceManager(address=str(tmp_path / "nobody"))
    with caplog.at_level(logging.WARNING):
        gone.ready()
        gone.stopping()
        assert len(caplog.records) == 1

        hangs = Systemd(str(tmp_path / "hangs"))
        manager = ServiceManager(address=hangs.address)
        for i in range(10_000):  # its queue fills, and nothing waits for room in it
            manager.status(str(i))
        hangs.close()
    assert len(caplog.records) == 2
