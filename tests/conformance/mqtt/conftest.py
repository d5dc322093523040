"""Links of each kind, who is at the other end, and brokers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.mqtt.link import LinkUp, MqttLink
from tests.conformance.mqtt.brokers import FakeBroker, Mosquitto
from tests.conformance.mqtt.links import LINKS, Link, LinkKind, expect, new_link


@pytest.fixture(params=LINKS.values(), ids=LINKS.keys())
def kind(request: pytest.FixtureRequest) -> LinkKind:
    found: LinkKind = request.param
    return found


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as opened:
        yield opened


@pytest.fixture
def link(kind: LinkKind, stack: contextlib.ExitStack) -> Link:
    """Starts a link of the kind that is tested."""

    def start(port: int, **options: object) -> MqttLink:
        made = new_link(kind, port, **options)
        made.start()
        stack.callback(made.stop)
        return made

    return start


@pytest.fixture
def other(stack: contextlib.ExitStack) -> Link:
    """Starts who is at the other end."""

    def start(port: int, **options: object) -> MqttLink:
        many = {"client_id": "other", "max_queued": 3_000, "max_in_flight": 1_000}
        made = new_link(LINKS["paho 5"], port, **(many | options))
        made.start()
        stack.callback(made.stop)
        expect(made, LinkUp)
        return made

    return start


@pytest.fixture
def mosquitto(tmp_path: Path, stack: contextlib.ExitStack) -> Callable[..., Mosquitto]:
    def start(*lines: str) -> Mosquitto:
        made = Mosquitto(tmp_path, *lines)
        stack.callback(made.kill)
        made.start()
        return made

    return start


@pytest.fixture
def fake(kind: LinkKind, stack: contextlib.ExitStack) -> Callable[..., FakeBroker]:
    def start(packets: bytes = b"", *, greeting: bytes | None = None) -> FakeBroker:
        made = FakeBroker(kind.protocol, packets, greeting=greeting)
        stack.callback(made.close)
        return made

    return start
