"""How every MQTT link comes up, ends and comes back, and what the broker says for it meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.mqtt.link import LinkDown, LinkUp, Received, Will
from roomtone.demo.broker import free_port
from tests.conformance.mqtt.brokers import WAIT_S, FakeBroker, Mosquitto, until
from tests.conformance.mqtt.links import Link, LinkKind, expect, kind_name

pytestmark = pytest.mark.broker


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
    sender = other(port, subscriptions=("room/#",))
    assert sender.publish("room/1", b"unacknowledged")
    expect(first, Received)
    first.stop()
    assert sender.publish("room/1", b"while away")
    # The broker has it, so what subscribes from now on gets it only if it was kept.
    assert [expect(sender, Received).payload for _ in "ab"] == [b"unacknowledged", b"while away"]
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
        "from tests.conformance.mqtt.links import LINKS, new_link\n"
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
    ours = link(fake(b"\xe0\x02\x8e\x00").port, subscriptions=("#",))
    down = expect(ours, LinkDown)
    assert down.is_taken_over == (kind.protocol == "5")
    if kind.protocol == "5":
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
        "from tests.conformance.mqtt.links import LINKS, new_link\n"
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
