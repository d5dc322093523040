"""An authority in a folder of the test, with a clock that the test moves, and kits that talk to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contract.enrolment.codes import typed_code
from contract.enrolment.frames import HEAD_BYTES
from edge_agent.enrolment.dialogue import Enrolled, Exchange, enrol
from edge_agent.enrolment.own_key import OwnKey
from ingest.authority.authority import Authority
from ingest.authority.client import AuthorityClient
from ingest.authority.conversation import KitConversation
from ingest.authority.door import open_door
from ingest.authority.service import serve
from ingest.authority.settings import AuthoritySettings
from ingest.authority.signing import Signing
from ingest.authority.state import AuthorityState
from roomtone.demo.broker import free_port

START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
SETTINGS = 'site = "school"\nroom = "r1"\nnode = "pi-1"\n'


class MovableClock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **spans: float) -> None:
        self.now += timedelta(**spans)


@dataclass(frozen=True)
class Served:
    """An authority behind its sockets, and the port where kits enrol."""

    authority: Authority
    client: AuthorityClient
    port: int
    errors: list[BaseException]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def open_authority(tmp_path: Path, clock: MovableClock) -> Iterator[Callable[[], Authority]]:
    """Opens the authority of this test's folder, once or again."""
    states: list[AuthorityState] = []
    folder = tmp_path / "authority"
    folder.mkdir(mode=0o700)

    def open_it() -> Authority:
        for state in states:
            state.close()
        states[:] = [AuthorityState(folder)]
        return Authority(
            settings=AuthoritySettings(
                dir=folder, socket_dir=tmp_path / "sockets", address="server.example",
                listen="127.0.0.1", port=free_port(), max_conversations=12,
            ),
            sites=("school", "annexe"), state=states[0], now=clock,
            signing=Signing.open(folder, site="school", now=clock),
        )  # fmt: skip

    yield open_it
    for state in states:
        state.close()


@pytest.fixture
def authority(open_authority: Callable[[], Authority]) -> Authority:
    return open_authority()


def talk_to(authority: Authority) -> Exchange:
    """A new connection of a kit, without a network."""
    conversation = KitConversation(authority)

    def exchange(frame: bytes) -> bytes:
        assert not conversation.is_over
        return conversation.answer(frame[HEAD_BYTES:])[HEAD_BYTES:]

    return exchange


def enrol_kit(
    authority: Authority, node: str = "pi-1", room: str = "r1"
) -> tuple[OwnKey, Enrolled]:
    """A kit with a certificate."""
    key = OwnKey.new()
    code = authority.new_code("school", room, node, SETTINGS)
    return key, enrol(typed_code(code.code), key, talk_to(authority))


@pytest.fixture
def served(authority: Authority) -> Iterator[Served]:
    """Both services on a thread of their own. SQLite is built so that threads may share a file."""
    with serving(authority) as running:
        yield running
    assert list(authority.settings.socket_dir.iterdir()) == []


@contextmanager
def serving(authority: Authority) -> Iterator[Served]:
    ready = threading.Barrier(3)
    stops: list[Callable[[], object]] = []
    errors: list[BaseException] = []

    async def run(start: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(stop.set))
        await start(stop)

    def thread(start: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> threading.Thread:
        def body() -> None:
            try:
                asyncio.run(run(start))
            except BaseException as error:  # noqa: BLE001 - the test has to hear of it
                errors.append(error)
                ready.abort()

        made = threading.Thread(target=body)
        made.start()
        return made

    threads = [
        thread(lambda stop: serve(authority, stop, lambda: ready.wait(60))),
        thread(lambda stop: open_door(authority.settings, stop, lambda _: ready.wait(60))),
    ]
    try:
        ready.wait(60)
        yield Served(
            authority,
            AuthorityClient(authority.settings.admin_socket),
            authority.settings.port,
            errors,
        )
    finally:
        for stop in stops:
            stop()
        for each in threads:
            each.join(60)
    assert errors == []
