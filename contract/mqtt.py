"""The one place that touches paho-mqtt: a link to the broker that turns callbacks into events.

Both sides use it, the edge and ingest. What it guards against:

- An exception in a paho callback ends paho's network thread for good while `is_connected()`
  stays true. So the callbacks here only note events.
- paho holds a lock while a callback runs, and takes the same lock in the thread that publishes
  with QoS 0. A callback that waited for a full queue, whose reader just publishes, would wait for
  ever. So the network thread waits between its rounds, where it holds nothing.
- paho keeps unsent messages of its own over a reconnect, which would double the sender's own
  resending. So each connection gets a new client, and what was under way is simply gone: the
  sender still holds it, because a PUBACK is not delivery.
- paho writes in the thread that publishes, unless it is told of an event loop; over TLS that
  breaks the connection while another thread reads. So here only the network thread writes.
- A broker without MQTT 5 closes the connection, or takes it and says nothing. So an attempt that
  got no answer is followed by one with 3.1.1.
"""

from __future__ import annotations

import queue
import random
import select
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from contract.settings import BrokerSettings
from contract.tls import tls_context

__all__ = ["Event", "LinkDown", "LinkUp", "MqttLink", "Received", "Refused", "Will"]


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The broker accepted the connection and has the subscriptions."""

    protocol: str


@dataclass(frozen=True, slots=True)
class LinkDown:
    """There is no connection: it was lost, refused, or could not be made."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """A message. Whoever takes it gives it to `MqttLink.acknowledge` when it is safe."""

    topic: str
    payload: bytes
    is_retained: bool
    mid: int
    qos: int
    client: paho.Client


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker took a message and did not let it be published (MQTT 5 alone tells)."""

    topic: str
    reason: str


Event = LinkUp | LinkDown | Received | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker publishes, retained, when this client is gone without a word."""

    topic: str
    payload: bytes


class _UnderWay:
    """How many messages of one connection are handed to paho and not out; any thread counts."""

    def __init__(self) -> None:
        self.n = 0
        self._lock = threading.Lock()

    def add(self, n: int) -> None:
        with self._lock:
            self.n += n


_RETRY_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_WAIT_FOR_ROOM_S: Final = 0.2
_ROUND_S: Final = 1.0
_GREETING_S: Final = 5.0
"""A broker that dislikes our protocol may take the connection and then say nothing."""


class MqttLink:
    """Keeps a connection to the broker on a thread of its own; events come out of `events`.

    Everything is bounded. `events`: when its reader is slow, the network thread waits, and so do
    the broker and the senders behind it. Messages on their way out: `most_queued` of QoS 1,
    of which `most_in_flight` are under way, and `most_unsent` in all where QoS 0 is concerned;
    `publish` says false beyond. Sessions are clean: nothing that matters rests in the broker.
    """

    def __init__(
        self,
        *,
        broker: BrokerSettings,
        client_id: str,
        will: Will | None,
        subscriptions: tuple[str, ...],
        most_events: int = 2_000,
        most_in_flight: int = 20,
        most_queued: int = 200,
        most_unsent: int = 10_000,
    ) -> None:
        self.events: queue.Queue[Event] = queue.Queue(most_events)
        self._broker = broker
        self._client_id = client_id
        self._will = will
        self._subscriptions = subscriptions
        self._most_in_flight = most_in_flight
        self._most_queued = most_queued
        self._most_unsent = most_unsent
        self._most_early = most_events
        self._under_way = _UnderWay()
        self._stop = threading.Event()
        self._up = threading.Event()
        self._client: paho.Client | None = None
        self._tls = tls_context(broker)
        self._thread = threading.Thread(target=self._run, name=f"mqtt {client_id}", daemon=True)

    @property
    def is_up(self) -> bool:
        """Whether the broker has accepted the connection and it still stands."""
        return self._up.is_set()

    @property
    def is_alive(self) -> bool:
        """Whether the network thread runs: false after `start` means a defect."""
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, farewell: Will | None = None, timeout_s: float = 5.0) -> None:
        """Publish `farewell` retained, say goodbye so that the will stays unsent, and end."""
        client = self._client
        if client is not None and self.is_up:
            if farewell is not None:
                info = client.publish(farewell.topic, farewell.payload, qos=1, retain=True)
                if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
                    info.wait_for_publish(timeout_s)
            self._stop.set()
            client.disconnect()
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, qos: Literal[0, 1] = 1
    ) -> bool:
        """Hand a message to the network; false when there is no connection or no room."""
        client, under_way = self._client, self._under_way
        if client is None or not self.is_up:
            return False
        # paho bounds what waits of QoS 1, and nothing else.
        if qos == 0 and under_way.n >= self._most_unsent:
            return False
        under_way.add(1)
        info = client.publish(topic, payload, qos=qos, retain=retain)
        if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            return True
        under_way.add(-1)
        return False

    def acknowledge(self, message: Received) -> None:
        """Tell the broker that a message is safe; nothing happens if its connection is gone."""
        if message.qos and message.client is self._client:
            message.client.ack(message.mid, message.qos)

    def _put(self, event: Event, client: paho.Client) -> None:
        while not self._stop.is_set():
            try:
                self.events.put(event, timeout=_WAIT_FOR_ROOM_S)
            except queue.Full:
                # Nothing is read meanwhile, but what its reader has to say must go out.
                if client.want_write():
                    client.loop_write()
                continue
            return

    def _run(self) -> None:
        wanted = self._broker.protocol
        is_fixed = wanted != "auto"
        protocol = MQTTProtocolVersion.MQTTv311 if wanted == "3.1.1" else MQTTProtocolVersion.MQTTv5
        failures = 0
        while not self._stop.is_set():
            reached = self._connect_once(protocol)
            if self._stop.is_set():
                return
            if reached == "accepted":
                failures = 0
            elif reached == "answered" and not is_fixed:
                # Perhaps the broker speaks 3.1.1 alone, and says so by closing the connection.
                is_v5 = protocol is MQTTProtocolVersion.MQTTv5
                protocol = MQTTProtocolVersion.MQTTv311 if is_v5 else MQTTProtocolVersion.MQTTv5
            delay = _RETRY_S[min(failures, len(_RETRY_S) - 1)]
            failures += 1
            # Spread, so that a whole school does not come back in the same instant.
            self._stop.wait(delay * random.uniform(0.7, 1.3))

    def _connect_once(
        self, protocol: MQTTProtocolVersion
    ) -> Literal["accepted", "answered", "unreachable"]:
        """One connection from start to end, and how far it came."""
        reached: Literal["accepted", "answered", "unreachable"] = "unreachable"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=protocol,
            clean_session=True if protocol is MQTTProtocolVersion.MQTTv311 else None,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_inflight_messages_set(self._most_in_flight)
        client.max_queued_messages_set(self._most_queued)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        why = "the broker closed the connection"
        early: list[Received] = []
        noted: list[Event] = []
        under_way = self._under_way = _UnderWay()

        def on_connect(
            client: paho.Client,
            _userdata: object,
            _flags: paho.ConnectFlags,
            reason: ReasonCode,
            _properties: Properties | None,
        ) -> None:
            nonlocal reached, why
            if reason.is_failure:
                why = str(reason)
                return
            reached = "accepted"
            if self._subscriptions:
                client.subscribe(_filters(self._subscriptions, protocol))
            else:
                come_up()

        def come_up() -> None:
            if self.is_up:
                return
            self._up.set()
            noted.append(LinkUp("5" if protocol is MQTTProtocolVersion.MQTTv5 else "3.1.1"))
            noted.extend(early)
            early.clear()

        def on_subscribe(
            _client: paho.Client,
            _userdata: object,
            _mid: int,
            reasons: list[ReasonCode],
            _properties: Properties | None,
        ) -> None:
            come_up()
            for topic, reason in zip(self._subscriptions, reasons, strict=False):
                if reason.is_failure:
                    noted.append(Refused(f"subscription to {topic}", str(reason)))

        def on_message(client: paho.Client, _userdata: object, m: paho.MQTTMessage) -> None:
            message = Received(m.topic, bytes(m.payload), m.retain, m.mid, m.qos, client)
            if self.is_up:
                noted.append(message)
            else:
                # A broker may send what it retains before it confirms the subscription.
                early.append(message)
                if len(early) >= self._most_early:
                    come_up()  # so much of it confirms it too

        def on_publish(
            _client: paho.Client,
            _userdata: object,
            mid: int,
            reason: ReasonCode,
            _properties: Properties,
        ) -> None:
            under_way.add(-1)  # acknowledged, or of QoS 0 and written
            if reason.is_failure:
                noted.append(Refused(f"message {mid}", str(reason)))

        def on_disconnect(
            _client: paho.Client,
            _userdata: object,
            _flags: paho.DisconnectFlags,
            reason: ReasonCode,
            _properties: Properties | None,
        ) -> None:
            nonlocal why
            self._up.clear()
            if reason.is_failure:
                why = str(reason)

        client.on_connect = on_connect
        client.on_subscribe = on_subscribe
        client.on_message = on_message
        client.on_publish = on_publish
        client.on_disconnect = on_disconnect
        ear, mouth = socket.socketpair()
        ear.setblocking(False)
        mouth.setblocking(False)

        def on_socket_register_write(*_: object) -> None:
            with suppress(
                OSError
            ):  # it is full: the thread wakes up anyway; or closed: all is over
                mouth.send(b"!")

        # With this set, paho leaves all writing to the network thread.
        client.on_socket_register_write = on_socket_register_write
        self._client = client
        try:
            client.connect(
                self._broker.host,
                self._broker.port,
                keepalive=self._broker.keepalive_s,
                clean_start=protocol is MQTTProtocolVersion.MQTTv5
                or paho.MQTT_CLEAN_START_FIRST_ONLY,
            )
            reached = "answered"
            deadline = time.monotonic() + _GREETING_S
            rc = MQTTErrorCode.MQTT_ERR_SUCCESS
            while rc is MQTTErrorCode.MQTT_ERR_SUCCESS and client.socket() is not None:
                rc = _round(client, ear)
                for event in noted:
                    self._put(event, client)
                noted.clear()
                if not self.is_up and time.monotonic() > deadline:
                    why = "the broker took the connection and did not answer the greeting"
                    break
        except (OSError, ValueError) as error:
            why = f"{self._broker.host}:{self._broker.port}: {error}"
        finally:
            self._up.clear()
            for left in (client.socket(), ear, mouth):
                if left is not None:
                    left.close()
        self._put(LinkDown(why), client)
        return reached


def _round(client: paho.Client, ear: socket.socket) -> MQTTErrorCode:
    """Wait for bytes, or for word that there are some to write; then read, write and ping."""
    connection = client.socket()
    if connection is None:
        return MQTTErrorCode.MQTT_ERR_CONN_LOST
    # What TLS has decrypted already, no `select` sees.
    has_more = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
    writing = [connection] if client.want_write() else []
    readable, _, _ = select.select([connection, ear], writing, [], 0.0 if has_more else _ROUND_S)
    if ear in readable:
        ear.recv(1_024)
    rc = MQTTErrorCode.MQTT_ERR_SUCCESS
    if has_more or connection in readable:
        rc = client.loop_read()
    if rc is MQTTErrorCode.MQTT_ERR_SUCCESS and client.want_write():
        rc = client.loop_write()
    return client.loop_misc() if rc is MQTTErrorCode.MQTT_ERR_SUCCESS else rc


def _filters(
    subscriptions: tuple[str, ...], protocol: MQTTProtocolVersion
) -> list[tuple[str, SubscribeOptions]] | list[tuple[str, int]]:
    if protocol is MQTTProtocolVersion.MQTTv5:
        return [(topic, SubscribeOptions(qos=1)) for topic in subscriptions]
    return [(topic, 1) for topic in subscriptions]
