"""The traps of paho and Mosquitto that the design rests on, each shown as it is, and the link that
steps around it. If one of the first kind fails after an update, a precaution may have become
superfluous; the promise does not depend on it."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from contract.mqtt.link import LinkDown, LinkUp, MqttLink, Received
from contract.settings import BrokerSettings
from roomtone.demo.broker import free_port, mosquitto_path

pytestmark = pytest.mark.broker
WAIT_S = 60.0


class Broker:
    """Mosquitto with a configuration of the test's own."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port = free_port()
        self._conf = folder / "mosquitto.conf"
        head = (f"listener {self.port} 127.0.0.1", "allow_anonymous true", *lines)
        self._conf.write_text("\n".join(head) + "\n")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(mosquitto_path()), "-c", str(self._conf)], stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + WAIT_S
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
        pytest.fail("Mosquitto does not listen")

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Callable[..., Broker]]:
    if mosquitto_path() is None:
        pytest.skip("Mosquitto is not installed: apt-get install mosquitto")
    with contextlib.ExitStack() as brokers:

        def make(*lines: str) -> Broker:
            made = Broker(tmp_path, *lines)
            brokers.callback(made.kill)
            made.start()
            return made

        yield make


@pytest.fixture
def link() -> Iterator[Callable[..., MqttLink]]:
    with contextlib.ExitStack() as links:

        def make(port: int, name: str, **options: object) -> MqttLink:
            arguments: dict[str, object] = {"will": None, "subscriptions": ()} | options
            protocol = arguments.pop("protocol", "auto")
            made = MqttLink(
                broker=BrokerSettings(port=port, protocol=protocol),  # type: ignore[arg-type]
                client_id=name,
                **arguments,  # type: ignore[arg-type]
            )
            made.start()
            links.callback(made.stop)
            return made

        yield make


@pytest.fixture
def plain() -> Iterator[Callable[..., paho.Client]]:
    """paho as it comes, with its own thread and a session that lasts."""
    with contextlib.ExitStack() as clients:

        def make(port: int, name: str, got: list[bytes] | None = None) -> paho.Client:
            made = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
            clients.callback(made._reset_sockets)  # it leaves some open when its thread has died
            if got is not None:
                made.on_message = lambda _client, _data, message: got.append(message.payload)
            connected = threading.Event()
            made.on_connect = lambda *_: connected.set()
            made.connect("127.0.0.1", port)
            made.loop_start()
            clients.callback(made.loop_stop)
            clients.callback(made.disconnect)
            assert connected.wait(WAIT_S)
            return made

        yield make


def subscribed(client: paho.Client, topic: str) -> None:
    done = threading.Event()
    client.on_subscribe = lambda *_: done.set()
    client.subscribe(topic, qos=1)
    assert done.wait(WAIT_S)


def left(client: paho.Client) -> None:
    client.disconnect()
    client.loop_stop()


def until(condition: Callable[[], bool]) -> None:
    give_up = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < give_up, "what the test waits for did not come"
        time.sleep(0.01)


def expect(link: MqttLink, kind: type) -> object:
    while not isinstance(event := link.events.get(timeout=WAIT_S), kind):
        pass
    return event


# ------------------------------------------------------------------ paho


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_trap_an_exception_in_a_callback_ends_pahos_thread_and_it_says_connected(
    broker: Callable[..., Broker], plain: Callable[..., paho.Client]
) -> None:
    port = broker().port
    client = plain(port, "falls")

    def falls(*_: object) -> None:
        raise ZeroDivisionError

    client.on_message = falls
    subscribed(client, "room/1")
    thread = client._thread
    assert thread is not None
    plain(port, "sends").publish("room/1", b"x", qos=1)
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert client.is_connected()


def fake_broker(*packets: bytes) -> tuple[int, threading.Thread]:
    """Greets one client, and sends it these bytes once it has subscribed, then confirms that."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server, server.accept()[0] as client:
            client.recv(1024)
            client.sendall(b"\x20\x02\x00\x00")
            client.recv(1024)
            client.sendall(b"".join(packets) + b"\x90\x03\x00\x01\x01")
            with contextlib.suppress(OSError):
                while client.recv(1024):
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    return server.getsockname()[1], thread


def published(topic: bytes, payload: bytes) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + payload
    return bytes((0x30, len(body))) + body


@pytest.mark.parametrize(
    "rubbish",
    (published(b"\xff\xfe", b"no name"), b"\xf7" * 40, b"\x30\xff\xff\xff\xff\xff", b"\x00" * 9),
)
def test_no_bytes_of_a_broker_end_the_links_thread(
    link: Callable[..., MqttLink], rubbish: bytes
) -> None:
    port, thread = fake_broker(rubbish)
    ours = link(port, "a", subscriptions=("#",), protocol="3.1.1")
    # Either it is passed over or the connection is given up; the thread lives.
    while not isinstance(event := ours.events.get(timeout=WAIT_S), LinkUp | LinkDown):
        pass
    assert event
    assert ours.is_alive
    ours.stop()
    thread.join(WAIT_S)


def test_what_comes_before_the_subscription_is_confirmed_is_bounded_too(
    link: Callable[..., MqttLink],
) -> None:
    early = [published(b"room/1", str(number).encode()) for number in range(60)]
    port, thread = fake_broker(*early)
    ours = link(port, "a", subscriptions=("#",), protocol="3.1.1", max_events=8)
    first = ours.events.get(timeout=WAIT_S)
    assert isinstance(first, LinkUp)
    got = []
    while len(got) < 60:
        event = ours.events.get(timeout=WAIT_S)
        assert isinstance(event, Received)
        got.append(int(event.payload))
    assert got == list(range(60))
    ours.stop()
    thread.join(WAIT_S)


def test_trap_paho_sends_again_what_a_connection_left_open(
    broker: Callable[..., Broker],
    plain: Callable[..., paho.Client],
    link: Callable[..., MqttLink],
) -> None:
    """A sender that resends by itself would double everything; so each connection is a new client."""
    running = broker()
    client = plain(running.port, "paho")
    client.reconnect_delay_set(1, 1)
    ours = link(running.port, "ours")
    expect(ours, LinkUp)
    running.send(signal.SIGSTOP)  # takes the bytes, and never answers
    client.publish("room/1", b"of paho", qos=1)
    assert ours.publish("room/1", b"of ours")
    running.kill()
    running.start()
    receiver = link(running.port, "receiver", subscriptions=("room/#",))
    expect(receiver, LinkUp)
    expect(ours, LinkUp)
    got = []
    while True:
        assert ours.publish("room/1", b"later")
        message = expect(receiver, Received)
        assert isinstance(message, Received)
        receiver.acknowledge(message)
        got.append(message.payload)
        if b"of paho" in got and b"later" in got:
            break
        time.sleep(0.1)
    assert b"of ours" not in got


def test_what_waits_of_qos_0_is_bounded_while_the_broker_takes_nothing(
    broker: Callable[..., Broker], link: Callable[..., MqttLink]
) -> None:
    running = broker()
    ours = link(running.port, "a", max_unsent=50)
    expect(ours, LinkUp)
    running.send(signal.SIGSTOP)
    payload = bytes(100_000)
    taken = 0
    while ours.publish("room/1", payload, qos=0):
        taken += 1
        assert taken < 1_000
    assert taken >= 50
    running.send(signal.SIGCONT)
    until(lambda: ours.publish("room/1", b"again", qos=0))


# ------------------------------------------------------------------ Mosquitto


def test_trap_mosquitto_acknowledges_what_it_drops_for_one_who_is_away(
    broker: Callable[..., Broker], plain: Callable[..., paho.Client]
) -> None:
    """Therefore a node sends only while ingest is up, and forgets only on ingest's own ack."""
    running = broker()
    away = plain(running.port, "away")
    subscribed(away, "room/#")
    left(away)
    sender = plain(running.port, "sender")
    handed = [sender.publish("room/1", str(n).encode(), qos=1) for n in range(1_300)]
    for info in handed:
        info.wait_for_publish(WAIT_S)
    assert all(info.is_published() for info in handed)
    got: list[bytes] = []
    plain(running.port, "away", got)
    until(lambda: len(got) >= 1_000)
    time.sleep(0.2)
    assert len(got) < 1_300


def test_trap_a_puback_does_not_survive_the_broker(
    broker: Callable[..., Broker],
    plain: Callable[..., paho.Client],
    link: Callable[..., MqttLink],
    tmp_path: Path,
) -> None:
    """Not even with persistence: so the broker is never a buffer."""
    running = broker("persistence true", f"persistence_location {tmp_path}/", "user root")
    away = plain(running.port, "away")
    subscribed(away, "room/#")
    left(away)
    sender = plain(running.port, "sender")
    handed = [sender.publish("room/1", str(n).encode(), qos=1) for n in range(200)]
    for info in handed:
        info.wait_for_publish(WAIT_S)
    assert all(info.is_published() for info in handed)
    running.kill()
    running.start()
    got: list[bytes] = []
    subscribed(plain(running.port, "away", got), "room/#")
    probe = link(running.port, "probe")
    expect(probe, LinkUp)
    assert probe.publish("room/1", b"later")
    until(lambda: b"later" in got)
    assert got == [b"later"]


@pytest.mark.parametrize(("inflight", "arrive"), ((20, 20), (0, 300)))
def test_trap_late_acknowledgement_is_capped_by_max_inflight(
    broker: Callable[..., Broker], link: Callable[..., MqttLink], inflight: int, arrive: int
) -> None:
    """Ingest acknowledges after its commit; so our configuration has 2,000."""
    running = broker(f"max_inflight_messages {inflight}", "max_queued_messages 2000")
    late = link(running.port, "late", subscriptions=("room/#",))
    expect(late, LinkUp)
    sender = link(running.port, "sender", max_queued=500)
    expect(sender, LinkUp)
    for number in range(300):
        assert sender.publish("room/1", str(number).encode())
    until(lambda: late.events.qsize() >= arrive)
    time.sleep(0.3)
    assert late.events.qsize() == arrive
    got = []
    while len(got) < 300:  # with each acknowledgement another one comes
        message = expect(late, Received)
        assert isinstance(message, Received)
        late.acknowledge(message)
        got.append(int(message.payload))
    assert got == list(range(300))


def test_trap_a_callback_that_waits_and_a_reader_that_publishes_never_wait_for_each_other(
    broker: Callable[..., Broker], link: Callable[..., MqttLink]
) -> None:
    """paho locks its callbacks against publishing with QoS 0, which is how acks are sent."""
    running = broker("max_inflight_messages 0", "max_queued_messages 5000")
    ours = link(running.port, "ours", subscriptions=("room/#",), max_events=2)
    expect(ours, LinkUp)
    sender = link(running.port, "sender", max_queued=3_000, max_in_flight=3_000)
    expect(sender, LinkUp)
    for number in range(3_000):
        assert sender.publish("room/1", str(number).encode())
    got = []
    while len(got) < 3_000:
        message = expect(ours, Received)
        assert isinstance(message, Received)
        ours.publish("acks/1", message.payload, qos=0)
        ours.acknowledge(message)
        got.append(int(message.payload))
    assert got == list(range(3_000))
