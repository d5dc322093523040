"""What every MQTT link promises of the messages that it receives and sends."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.mqtt import paho_connection
from contract.mqtt.link import LinkUp, Received, Refused
from tests.conformance.mqtt.brokers import WAIT_S, FakeBroker, Mosquitto, published, until
from tests.conformance.mqtt.links import Link, LinkKind, expect

pytestmark = pytest.mark.broker


ROOMY = ("allow_anonymous true", "max_inflight_messages 2000", "max_queued_messages 5000")


# ------------------------------------------------------------------ receiving


def test_a_message_arrives_with_its_topic_and_whether_it_was_retained(
    kind: LinkKind, mosquitto: Callable[..., Mosquitto], link: Link, other: Link
) -> None:
    port = mosquitto().port
    sender = other(port, subscriptions=("room/#",))
    assert sender.publish("room/1", b"kept", retain=True)
    expect(sender, Received)  # the broker has it
    ours = link(port, subscriptions=("room/#",))
    up = expect(ours, LinkUp)
    assert (up.protocol, up.client) == (kind.protocol, kind.client)
    first = expect(ours, Received)
    assert (first.topic, first.payload, first.is_retained) == ("room/1", b"kept", True)
    assert sender.publish("room/2", b"")
    second = expect(ours, Received)
    assert (second.topic, second.payload, second.is_retained) == ("room/2", b"", False)


def test_nothing_is_acknowledged_before_its_reader_says_so(
    kind: LinkKind, link: Link, fake: Callable[..., FakeBroker]
) -> None:
    broker = fake(b"".join(published(kind.protocol, b"room/1", b"x", mid=mid) for mid in (7, 8, 9)))
    ours = link(broker.port, subscriptions=("#",))
    first, second, third = (expect(ours, Received) for _ in range(3))
    assert ours.publish("room/2", b"", qos=0)  # what would have been sent by itself is out now
    until(lambda: b"room/2" in broker.heard)
    assert b"\x40" not in broker.heard.replace(b"room/2", b"")
    ours.acknowledge(second)
    until(lambda: b"\x40\x02\x00\x08" in broker.heard)
    ours.acknowledge(first)
    ours.acknowledge(third)
    until(lambda: b"\x40\x02\x00\x07\x40\x02\x00\x09" in broker.heard)


def test_a_message_of_qos_0_needs_no_acknowledgement(
    kind: LinkKind, link: Link, fake: Callable[..., FakeBroker]
) -> None:
    broker = fake(published(kind.protocol, b"room/1", b"x"))
    ours = link(broker.port, subscriptions=("#",))
    message = expect(ours, Received)
    assert message.receipt is None
    ours.acknowledge(message)
    assert ours.publish("room/2", b"", qos=0)
    until(lambda: b"room/2" in broker.heard)
    assert b"\x40\x02" not in broker.heard


def test_a_slow_reader_holds_the_network_back_and_loses_nothing(
    mosquitto: Callable[..., Mosquitto], link: Link, other: Link
) -> None:
    port = mosquitto(*ROOMY).port
    slow = link(port, subscriptions=("room/#",), max_events=4)
    expect(slow, LinkUp)
    sender = other(port)
    for number in range(300):
        assert sender.publish("room/1", str(number).encode())
    got = []
    while len(got) < 300:
        message = expect(slow, Received)
        assert slow.events.qsize() <= 4
        slow.acknowledge(message)
        got.append(int(message.payload))
    assert got == list(range(300))


@pytest.mark.parametrize("qos", (0, 1))
def test_what_waits_for_the_reader_is_bounded_by_bytes_too(
    kind: LinkKind, link: Link, fake: Callable[..., FakeBroker], qos: int
) -> None:
    packets = b"".join(
        published(kind.protocol, b"room/1", bytes(100_000), mid=(n + 1) * qos) for n in range(40)
    )
    ours = link(
        fake(packets).port, subscriptions=("#",), max_events=1_000, max_event_bytes=1_000_000
    )
    until(ours.events.full)
    got = 0
    while got < 40:
        held = len(ours.events.queue)
        assert held <= 12  # ten messages, and words about the link
        ours.acknowledge(expect(ours, Received))
        got += 1


def test_late_acknowledgement_keeps_no_more_under_way_than_the_queue_takes(
    mosquitto: Callable[..., Mosquitto], link: Link, other: Link
) -> None:
    port = mosquitto(*ROOMY).port
    late = link(port, subscriptions=("room/#",))
    expect(late, LinkUp)
    sender = other(port)
    for number in range(300):
        assert sender.publish("room/1", str(number).encode())
    messages = [expect(late, Received) for _ in range(300)]
    assert [int(message.payload) for message in messages] == list(range(300))
    for message in messages:
        late.acknowledge(message)
    assert sender.publish("room/1", b"300")
    assert expect(late, Received).payload == b"300"


def test_what_comes_before_the_subscription_is_confirmed_is_bounded(
    kind: LinkKind, link: Link, fake: Callable[..., FakeBroker]
) -> None:
    early = b"".join(published(kind.protocol, b"room/1", str(n).encode()) for n in range(60))
    ours = link(fake(early).port, subscriptions=("#",), max_events=8)
    assert isinstance(ours.events.get(timeout=WAIT_S), LinkUp)
    got = [int(expect(ours, Received).payload) for _ in range(60)]
    assert got == list(range(60))


# ------------------------------------------------------------------ publishing


def test_what_is_published_leaves_at_once_on_an_idle_link(
    mosquitto: Callable[..., Mosquitto], link: Link, other: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In paho who is not woken waits for the end of a round, now longer than any machine is slow.
    monkeypatch.setattr(paho_connection, "_ROUND_S", 2 * WAIT_S)
    port = mosquitto().port
    receiver = other(port, subscriptions=("room/#",))
    ours = link(port)
    expect(ours, LinkUp)
    for number in range(10):
        time.sleep(0.05)  # both threads wait for something to happen
        assert ours.publish("room/1", b"now", qos=0 if number % 2 else 1)
        receiver.acknowledge(expect(receiver, Received))


def test_who_can_take_nothing_more_can_still_say_so(
    mosquitto: Callable[..., Mosquitto], link: Link, other: Link
) -> None:
    port = mosquitto(*ROOMY).port
    full = link(port, subscriptions=("room/#",), max_events=3)
    expect(full, LinkUp)
    others = other(port, subscriptions=("state",))
    for _ in range(20):
        assert others.publish("room/1", b"too much")
    until(lambda: full.events.qsize() >= 2)
    assert full.publish("state", b"down", retain=True)
    assert expect(others, Received).payload == b"down"


def test_what_waits_of_qos_0_is_bounded_while_the_broker_takes_nothing(
    mosquitto: Callable[..., Mosquitto], link: Link
) -> None:
    running = mosquitto()
    ours = link(running.port, max_unsent=50)
    expect(ours, LinkUp)
    running.send(signal.SIGSTOP)
    taken = 0
    while ours.publish("room/1", bytes(100_000), qos=0):
        taken += 1
        assert taken < 1_000
    assert taken >= 50
    running.send(signal.SIGCONT)
    until(lambda: ours.publish("room/1", b"again", qos=0))


def test_what_waits_of_qos_1_is_bounded_while_the_broker_takes_nothing(
    mosquitto: Callable[..., Mosquitto], link: Link
) -> None:
    running = mosquitto()
    ours = link(running.port, max_queued=50, max_in_flight=20)
    expect(ours, LinkUp)
    running.send(signal.SIGSTOP)
    taken = 0
    while ours.publish("room/1", bytes(1_000)):
        taken += 1
        assert taken <= 100
    running.send(signal.SIGCONT)
    until(lambda: ours.publish("room/1", b"again"))


def test_a_reader_that_publishes_for_each_message_waits_for_nobody(
    mosquitto: Callable[..., Mosquitto], link: Link, other: Link
) -> None:
    port = mosquitto("allow_anonymous true", "max_inflight_messages 0", *ROOMY[2:]).port
    ours = link(port, subscriptions=("room/#",), max_events=2)
    expect(ours, LinkUp)
    sender = other(port)
    for number in range(1_000):
        assert sender.publish("room/1", str(number).encode())
    got = []
    while len(got) < 1_000:
        message = expect(ours, Received)
        ours.publish("acks/1", message.payload, qos=0)
        ours.acknowledge(message)
        got.append(int(message.payload))
    assert got == list(range(1_000))


def test_what_the_access_list_refuses_is_reported_where_the_protocol_can(
    kind: LinkKind, mosquitto: Callable[..., Mosquitto], tmp_path: Path, link: Link
) -> None:
    rights = tmp_path / "acl"
    rights.write_text("topic readwrite mine/#\n")
    broker = mosquitto("allow_anonymous true", f"acl_file {rights}", "user root")
    ours = link(broker.port, subscriptions=("mine/#",))
    expect(ours, LinkUp)
    assert ours.publish("foreign/1", b"x")
    assert ours.publish("mine/1", b"x")
    if kind.protocol == "5":
        assert expect(ours, Refused).reason == "Not authorized"
    else:
        assert expect(ours, Received).topic == "mine/1"
