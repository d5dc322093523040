"""An authority in a folder of the test, with a clock that the test moves, and kits that talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contract.enrolment.codes import typed_code
from contract.enrolment.frames import HEAD_BYTES
from edge_agent.enrolment.dialogue import Enrolled, Exchange, enrol
from edge_agent.enrolment.own_key import OwnKey
from ingest.authority.authority import Authority
from ingest.authority.conversation import KitConversation
from ingest.authority.settings import AuthoritySettings
from ingest.authority.signing import Signing
from ingest.authority.state import AuthorityState

START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
SETTINGS = 'site = "school"\nroom = "r1"\nnode = "pi-1"\n'


class MovableClock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **spans: float) -> None:
        self.now += timedelta(**spans)


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
                dir=folder, socket_dir=tmp_path / "sockets", address="server.example"
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
