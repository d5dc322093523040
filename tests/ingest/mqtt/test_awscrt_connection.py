"""What is awscrt's own, and which library ingest takes."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator
from importlib.machinery import ModuleSpec

import pytest

from contract.errors import ConfigurationError
from contract.mqtt.events import Event, EventQueue
from contract.mqtt.link import LinkDown, Received
from ingest.mqtt import client_choice
from ingest.mqtt.awscrt_connection import AwscrtConnection
from ingest.mqtt.client_choice import mqtt_5_through
from tests.conformance.mqtt.brokers import FakeBroker, published, until
from tests.conformance.mqtt.links import LINKS, expect, new_link


@pytest.fixture
def stack() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as opened:
        yield opened


def test_what_fails_in_a_callback_ends_the_connection_and_acknowledges_nothing(
    stack: contextlib.ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library would acknowledge the message and go on."""
    offer = EventQueue.offer

    def fails(queue: EventQueue, event: Event) -> bool:
        if isinstance(event, Received):
            raise ZeroDivisionError("a defect")
        return offer(queue, event)

    monkeypatch.setattr(EventQueue, "offer", fails)
    broker = FakeBroker("5", published("5", b"room/1", b"x", mid=7))
    stack.callback(broker.close)
    ours = new_link(LINKS["awscrt"], broker.port, subscriptions=("#",))
    stack.callback(ours.stop)
    ours.start()
    assert expect(ours, LinkDown).reason == "the link failed (ZeroDivisionError: a defect)"
    until(lambda: broker.connections >= 2)  # it is tried again
    assert ours.is_alive
    assert b"\x40\x02" not in broker.heard


class _Mark:
    """Something that a thread's own variables can hold."""


def test_python_keeps_the_state_of_the_librarys_thread_until_the_connection_ends(
    stack: contextlib.ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each message makes one and drops it, which costs more than all else of the link."""
    own = threading.local()
    marks: list[weakref.ref[_Mark]] = []
    offer = EventQueue.offer

    def notes(queue: EventQueue, event: Event) -> bool:
        if not hasattr(own, "mark"):
            own.mark = _Mark()
            marks.append(weakref.ref(own.mark))
        return offer(queue, event)

    messages = (published("5", b"room/1", b"x", mid=mid) for mid in (7, 8, 9))
    broker = FakeBroker("5", b"".join(messages))
    stack.callback(broker.close)
    ours = new_link(LINKS["awscrt"], broker.port, subscriptions=("#",))
    stack.callback(ours.stop)
    monkeypatch.setattr(EventQueue, "offer", notes)
    ours.start()
    for _ in range(3):
        expect(ours, Received)
    by_the_library = [each for each in marks if each() is not None]
    assert len(by_the_library) == 1
    ours.stop()
    until(lambda: by_the_library[0]() is None)


def test_ingest_takes_awscrt_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert mqtt_5_through("auto") is AwscrtConnection
    assert mqtt_5_through("awscrt") is AwscrtConnection
    assert mqtt_5_through("paho") is None

    def none(_name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(client_choice, "find_spec", none)
    assert mqtt_5_through("auto") is None
    with pytest.raises(ConfigurationError, match="not installed; install"):
        mqtt_5_through("awscrt")
