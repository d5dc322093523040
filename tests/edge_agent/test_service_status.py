"""What systemd hears of the agent, on a real socket."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.clock import SystemClock
from contract.mqtt.link import Event, Received
from contract.service_manager import ServiceManager
from edge_agent.agent import EdgeAgent
from edge_agent.publishing.link_note import LinkState
from edge_agent.service_status import ServiceStatus
from edge_agent.settings import EdgeSettings
from roomtone.demo.broker import free_port

SECOND = 1_000_000_000
LINK = LinkState(is_linked=True, ingest_is_up=True, twins=0, is_pushed_out=False)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(str(tmp_path / "notify"))
        found.settimeout(60)
        yield found


def manager(folder: Path, watchdog_s: float = 1e-6) -> ServiceManager:
    return ServiceManager(address=str(folder / "notify"), watchdog_s=watchdog_s)


def heard(systemd: socket.socket) -> list[str]:
    systemd.setblocking(False)
    found = []
    while True:
        try:
            found.append(systemd.recv(4096).decode())
        except BlockingIOError:
            return found


def test_each_round_is_a_sign_of_life_and_the_text_comes_each_five_seconds(
    systemd: socket.socket, tmp_path: Path
) -> None:
    status = ServiceStatus(manager(tmp_path), lambda: (1, 1))
    asked: list[int] = []
    reports: list[str] = []

    def link() -> LinkState:
        asked.append(1)
        return LINK

    for second in range(11):
        status.turned(second * SECOND, link, is_sampling=second > 6)
        reports += heard(systemd)
    assert reports[0] == "READY=1"
    assert reports.count("WATCHDOG=1") == 11
    assert len(asked) == 3
    texts = [each for each in reports if each.startswith("STATUS=")]
    assert texts == [
        "STATUS=not sampling (no lesson is on, or it is paused); hubs up: 1 of 1; the server takes what is sent",
        "STATUS=sampling; hubs up: 1 of 1; the server takes what is sent",
    ]


@pytest.mark.parametrize(
    ("link", "words"),
    (
        (
            LinkState(
                is_linked=False, ingest_is_up=False, twins=0, is_pushed_out=False,
                reason="the broker's name is not known",
            ),
            "no connection to the broker (the broker's name is not known)",
        ),
        (
            LinkState(is_linked=True, ingest_is_up=False, twins=0, is_pushed_out=False),
            "the server's ingest is down",
        ),
    ),
)  # fmt: skip
def test_the_text_says_what_is_missing(
    systemd: socket.socket, tmp_path: Path, link: LinkState, words: str
) -> None:
    ServiceStatus(manager(tmp_path), lambda: (0, 0)).turned(0, lambda: link, is_sampling=True)
    assert heard(systemd)[-1].endswith(words)


def settings(folder: Path) -> EdgeSettings:
    return EdgeSettings.checked(
        {
            "site": "school", "room": "r1", "node": "pi-1",
            "hub": [{"name": "a", "port": "/nonexistent/tty", "seats": [1, 2]}],
            "broker": {"port": free_port()}, "outbox": {"dir": str(folder / "outbox")},
        },
        where="test",
    )  # fmt: skip


def test_an_agent_without_hub_and_broker_is_ready_and_says_so(
    systemd: socket.socket, tmp_path: Path
) -> None:
    agent = EdgeAgent(
        settings=settings(tmp_path), clock=SystemClock(), service=manager(tmp_path)
    )  # fmt: skip
    stop = threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop,), name="agent")
    thread.start()
    try:
        assert systemd.recv(4096) == b"READY=1"
        assert systemd.recv(4096) == b"WATCHDOG=1"
        assert b"hubs up: 0 of 1; no connection to the broker" in systemd.recv(4096)
    finally:
        stop.set()
        thread.join(60)
    assert "STOPPING=1" in heard(systemd)


def test_an_agent_that_hangs_gives_no_sign_and_goes_on_when_it_moves_again(
    systemd: socket.socket, tmp_path: Path
) -> None:
    hangs, moves = threading.Event(), threading.Event()

    class Link:
        events: queue.Queue[Event] = queue.Queue()

        @property
        def is_alive(self) -> bool:  # asked in each round
            hangs.set()
            assert moves.wait(60)
            return True

        def start(self) -> None: ...
        def stop(self, **_: object) -> None: ...
        def publish(self, *_: object, **__: object) -> bool:
            return False

        def acknowledge(self, message: Received) -> None: ...

    agent = EdgeAgent(
        settings=settings(tmp_path), clock=SystemClock(), service=manager(tmp_path),
        open_link=lambda *_: Link(),
    )  # fmt: skip
    stop = threading.Event()
    thread = threading.Thread(target=agent.run, args=(stop,), name="agent")
    thread.start()
    try:
        assert hangs.wait(60)
        assert heard(systemd) == []
        systemd.settimeout(60)
        moves.set()
        assert systemd.recv(4096) == b"READY=1"
    finally:
        moves.set()
        stop.set()
        thread.join(60)
