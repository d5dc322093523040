"""What every MQTT link promises, on a real broker and on one that says what a test wants."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from contract.mqtt.link import LinkDown, LinkUp, MqttLink, Received, Refused, Will
from roomtone.demo.broker import free_port
from tests.conformance.mqtt_brokers import WAIT_S, FakeBroker, Mosquitto, published, until
from tests.conformance.mqtt_links import LINKS, LinkKind, expect, new_link

pytestmark = pytest.mark.broker


class Link(Protocol):
    def __call__(self, port: int, **options: object) -> MqttLink: ...


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
    mosquitto: Callable[..., Mosquitto], link: Link, other: Link
) -> None:
    port = mosquitto().port
    receiver = other(port, subscriptions=("room/#",))
    ours = link(port)
    expect(ours, LinkUp)
    for number in range(10):
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


# ------------------------------------------------------------------ coming and going


def test_it_comes_back_after_the_broker_was_killed_with_nothing_of_before(
    mosquitto: Callable[..., Mosquitto], link: Link, other: Link
) -> None:
    broker = mosquitto()
    ours = link(broker.port, subscriptions=("room/#",))
    expect(ours, LinkUp)
    assert ours.is_up
    assert ours.publish("room/1", b"old")
    old = expect(ours, Received)
    broker.kill()
    assert expect(ours, LinkDown).reason
    assert not ours.is_up
    assert not ours.publish("room/1", b"nobody is there")
    broker.start()
    expect(ours, LinkUp)
    ours.acknowledge(old)  # of a connection that is gone: nothing happens
    assert ours.publish("room/1", b"new")
    assert expect(ours, Received).payload == b"new"
    assert ours.is_alive


def test_nothing_under_way_is_sent_again_over_the_next_connection(
    mosquitto: Callable[..., Mosquitto], link: Link, other: Link
) -> None:
    broker = mosquitto()
    ours = link(broker.port)
    expect(ours, LinkUp)
    broker.send(signal.SIGSTOP)  # takes the bytes, and never answers
    assert ours.publish("room/1", b"before")
    broker.kill()
    broker.start()
    receiver = other(broker.port, subscriptions=("room/#",))
    expect(ours, LinkUp)
    assert ours.publish("room/1", b"after")
    assert expect(receiver, Received).payload == b"after"


def test_the_session_is_clean(mosquitto: Callable[..., Mosquitto], link: Link, other: Link) -> None:
    port = mosquitto().port
    first = link(port, subscriptions=("room/#",))
    expect(first, LinkUp)
    sender = other(port)
    assert sender.publish("room/1", b"unacknowledged")
    expect(first, Received)
    first.stop()
    assert sender.publish("room/1", b"while away")
    again = link(port, subscriptions=("room/#",))
    expect(again, LinkUp)
    assert sender.publish("room/1", b"now")
    assert expect(again, Received).payload == b"now"


def test_the_farewell_speaks_for_who_leaves(
    mosquitto: Callable[..., Mosquitto], link: Link, other: Link
) -> None:
    port = mosquitto().port
    watcher = other(port, subscriptions=("state/#",))
    leaving = link(port, will=Will(topic="state/b", payload=b"lost"))
    expect(leaving, LinkUp)
    leaving.stop(farewell=Will(topic="state/b", payload=b"stopped"))
    assert not leaving.is_alive
    assert expect(watcher, Received).payload == b"stopped"
    assert watcher.publish("state/end", b"")  # the will would have come before this
    assert expect(watcher, Received).topic == "state/end"


def test_the_will_speaks_for_the_dead(
    kind: LinkKind, mosquitto: Callable[..., Mosquitto], other: Link
) -> None:
    port = mosquitto().port
    watcher = other(port, subscriptions=("state/#",))
    program = (
        "import time\n"
        "from contract.mqtt.link import Will\n"
        "from tests.conformance.mqtt_links import LINKS, new_link\n"
        f"link = new_link(LINKS[{kind_name(kind)!r}], {port},\n"
        "    will=Will(topic='state/c', payload=b'lost'))\n"
        "link.start(); print(link.events.get(), flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as dying:
        assert dying.stdout is not None
        assert b"LinkUp" in dying.stdout.readline()
        dying.kill()
    lost = expect(watcher, Received)
    assert (lost.topic, lost.payload) == ("state/c", b"lost")


def kind_name(kind: LinkKind) -> str:
    return next(name for name, each in LINKS.items() if each is kind)


def test_two_with_one_id_take_turns(mosquitto: Callable[..., Mosquitto], link: Link) -> None:
    port = mosquitto().port
    first = link(port, client_id="same")
    expect(first, LinkUp)
    second = link(port, client_id="same")
    expect(second, LinkUp)
    expect(first, LinkDown)
    expect(first, LinkUp)
    expect(second, LinkDown)


def test_a_session_that_was_taken_over_is_reported_where_the_protocol_can(
    kind: LinkKind, link: Link, fake: Callable[..., FakeBroker]
) -> None:
    if kind.protocol != "5":
        pytest.skip("MQTT 3.1.1 has no word for it")
    ours = link(fake(b"\xe0\x02\x8e\x00").port, subscriptions=("#",))
    down = expect(ours, LinkDown)
    assert down.is_taken_over
    assert down.reason == "Session taken over: another client has the id of this one"


def test_a_missing_broker_is_named_and_tried_again_without_leaving_anything_open(
    link: Link,
) -> None:
    port = free_port()
    ours = link(port)
    assert f"127.0.0.1:{port}" in expect(ours, LinkDown).reason
    before = open_files()
    for _ in range(3):
        down = expect(ours, LinkDown)
        assert "refused" in down.reason
    until(lambda: open_files() <= before + 4)
    assert ours.is_alive


@pytest.mark.parametrize("is_silent", (True, False))
def test_a_stop_while_the_broker_does_not_answer_ends_the_link(
    link: Link, fake: Callable[..., FakeBroker], is_silent: bool
) -> None:
    broker = fake(greeting=b"" if is_silent else b"\x20")
    ours = link(broker.port)
    until(lambda: broker.connections)
    ours.stop()
    assert not ours.is_alive


def test_a_program_that_forgets_to_stop_its_link_can_end(
    kind: LinkKind, mosquitto: Callable[..., Mosquitto]
) -> None:
    program = (
        "from tests.conformance.mqtt_links import LINKS, new_link\n"
        f"link = new_link(LINKS[{kind_name(kind)!r}], {mosquitto().port})\n"
        "link.start(); print(link.events.get())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=WAIT_S, check=True
    )
    assert (b"LinkUp" in done.stdout, done.stderr) == (True, b"")


def test_a_link_leaves_no_thread_behind(mosquitto: Callable[..., Mosquitto], link: Link) -> None:
    port = mosquitto().port
    before = native_threads()
    for _ in range(3):
        ours = link(port, subscriptions=("#",))
        expect(ours, LinkUp)
        ours.stop()
    until(lambda: native_threads() <= before)


def native_threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
