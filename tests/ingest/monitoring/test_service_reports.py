"""What systemd hears of a server program, on a real socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.service_manager import ServiceManager
from ingest.monitoring.condition import Condition
from ingest.monitoring.service_reports import report, service_reports


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(str(tmp_path / "notify"))
        found.settimeout(60)
        yield found


def heard(systemd: socket.socket) -> list[str]:
    systemd.setblocking(False)
    found = []
    while True:
        try:
            found.append(systemd.recv(4096).decode())
        except BlockingIOError:
            return found


def test_it_is_ready_with_its_store_and_says_that_the_broker_is_missing(
    systemd: socket.socket, tmp_path: Path
) -> None:
    clock = ManualClock()
    condition = Condition(
        clock=clock, stall_s=10,
        missing={"store": "the store is not open yet", "link": "there is no broker yet"},
    )  # fmt: skip
    manager = ServiceManager(
        address=str(tmp_path / "notify"), watchdog_s=40, monotonic_ns=clock.elapsed_ns
    )
    report(manager, condition)
    condition.turn()
    report(manager, condition)
    assert "READY=1" not in heard(systemd)
    condition.set_present("store")
    report(manager, condition)
    assert heard(systemd) == ["READY=1", "STATUS=there is no broker yet"]


def test_a_loop_that_hangs_gives_no_sign_of_life(systemd: socket.socket, tmp_path: Path) -> None:
    clock = ManualClock()
    condition = Condition(clock=clock, stall_s=15, missing={})
    manager = ServiceManager(
        address=str(tmp_path / "notify"), watchdog_s=40, monotonic_ns=clock.elapsed_ns
    )
    condition.turn()
    signs = 0
    for _ in range(100):
        clock.advance(1)
        report(manager, condition)
        signs += heard(systemd).count("WATCHDOG=1")
    assert signs == 2, "none after 15 seconds, although the thread that reports still runs"
    condition.turn()
    report(manager, condition)
    assert "WATCHDOG=1" in heard(systemd)


def test_the_thread_reports_by_itself_and_says_when_it_stops(
    systemd: socket.socket, tmp_path: Path
) -> None:
    condition = Condition(clock=ManualClock(), stall_s=10, missing={})
    condition.turn()
    manager = ServiceManager(address=str(tmp_path / "notify"))
    with service_reports(manager, condition):
        assert systemd.recv(4096) == b"READY=1"
    assert "STOPPING=1" in heard(systemd)
