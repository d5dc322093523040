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
- A broker without MQTT 5 says so, or closes the connection, or takes it and says nothing. So
  `contract/protocol_choice.py` tries 3.1.1 then, and 5 again at the next connection.
- paho takes quadratic time for the properties of an MQTT 5 message: 6 s for one of 262 kB that
  holds nothing else, and a broker passes them on. So who reads what others send speaks 3.1.1, in
  which there are none (`others_write`).
"""

from __future__ import annotations

import logging
import math
import queue
import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from contract.mqtt_events import Event, EventQueue, LinkDown, LinkUp, Received, Refused
from contract.mqtt_round import filters, one_round
from contract.protocol_choice import ProtocolChoice
from contract.settings import BrokerSettings
from contract.tls import tls_context

__all__ = ["Event", "LinkDown", "LinkUp", "MqttLink", "Received", "Refused", "Will"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What the broker publishes, retained, when this client is gone without a word."""

    topic: str
    payload: bytes


_LOG = logging.getLogger("mqtt")


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
_CONNECT_S: Final = 4.0
"""For TCP, and again for TLS; less than `stop` waits."""
_GOODBYE_S: Final = 2.0
"""How long the last bytes may take after `stop`."""
_STEADY_S: Final = 5.0
"""A connection that ended sooner counts as a failure, so that the next one waits longer."""
_TURN_S: Final = 3.0
"""… but no longer than this, which is well below `_STEADY_S`: two clients with one id push each
other out, and so each gets a turn of about this length."""

_Reached = Literal["accepted", "refused", "silent", "unreachable", "taken over"]
_UNSUPPORTED: Final = "Unsupported protocol version"
_UNSPECIFIED: Final = "Unspecified error"
_TAKEN_OVER: Final = "Session taken over"
_VERSIONS: Final = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


class MqttLink:
    """Keeps a connection to the broker on a thread of its own; events come out of `events`.

    Everything is bounded. `events`, by number and bytes: when its reader is slow, the network
    thread waits, and so do the broker and the senders behind it. Messages on their way out: `most_queued` of QoS 1,
    of which `most_in_flight` are under way, and `most_unsent` in all where QoS 0 is concerned;
    `publish` says false beyond. Sessions are clean: nothing that matters rests in the broker.

    `others_write` is for who subscribes to topics that anybody else may write: where the settings
    leave it open it speaks MQTT 3.1.1.
    """

    def __init__(
        self,
        *,
        broker: BrokerSettings,
        client_id: str,
        will: Will | None,
        subscriptions: tuple[str, ...],
        most_events: int = 2_000,
        max_event_bytes: int = 16 << 20,
        most_in_flight: int = 20,
        most_queued: int = 200,
        most_unsent: int = 10_000,
        others_write: bool = False,
    ) -> None:
        self.events: queue.Queue[Event] = EventQueue(
            max_events=most_events, max_bytes=max_event_bytes
        )
        self._broker = broker
        self._client_id = client_id
        self._will = will
        self._subscriptions = subscriptions
        self._most_in_flight = most_in_flight
        self._most_queued = most_queued
        self._most_unsent = most_unsent
        self._most_early = most_events
        self._max_early_bytes = max_event_bytes
        self._choice = ProtocolChoice(broker.protocol, first="3.1.1" if others_write else "5")
        self._under_way = _UnderWay()
        self._stop = threading.Event()
        self._up = threading.Event()
        self._client: paho.Client | None = None
        self._wake: Callable[[], None] = lambda: None
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
        """Publish `farewell` retained, say goodbye so that the will stays unsent, and end.

        An attempt to connect that is under way ends without a greeting, within a few seconds.
        """
        client = self._client
        if client is not None and self.is_up:
            if farewell is not None:
                info = client.publish(farewell.topic, farewell.payload, qos=1, retain=True)
                if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
                    info.wait_for_publish(timeout_s)
            client.disconnect()
        self._stop.set()
        self._wake()
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
        choice, failures = self._choice, 0
        while not self._stop.is_set():
            began = time.monotonic()
            reached = self._connect_once(_VERSIONS[choice.version])
            if self._stop.is_set():
                return
            longest = _RETRY_S[-1]
            if reached in {"accepted", "taken over"}:
                choice.ended()
                longest = _TURN_S
                if time.monotonic() - began > _STEADY_S:
                    failures = 0
            elif reached == "silent":
                choice.silent()
            delay = min(_RETRY_S[min(failures, len(_RETRY_S) - 1)], longest)
            failures += 1
            # Spread, so that a whole school does not come back in the same instant.
            self._stop.wait(delay * random.uniform(0.7, 1.3))

    def _connect_once(self, protocol: MQTTProtocolVersion) -> _Reached:
        """One connection from start to end, and how far it came."""
        reached: _Reached = "unreachable"
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._client_id,
            protocol=protocol,
            clean_session=True if protocol is MQTTProtocolVersion.MQTTv311 else None,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = _CONNECT_S
        client.max_inflight_messages_set(self._most_in_flight)
        client.max_queued_messages_set(self._most_queued)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        why = "the broker closed the connection"
        early: list[Received] = []
        early_bytes = 0
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
                reached, why = "refused", str(reason)
                self._choice.refused(is_version=why == _UNSUPPORTED)
                return
            reached = "accepted"
            self._choice.accepted()
            if self._subscriptions:
                client.subscribe(filters(self._subscriptions, protocol))
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
            nonlocal early_bytes
            try:
                topic = m.topic
            except UnicodeDecodeError:
                # MQTT forbids it. Who gave the connection up for it would get it again for ever.
                client.ack(m.mid, m.qos)
                return
            message = Received(topic, bytes(m.payload), m.retain, m.mid, m.qos, client)
            if self.is_up:
                noted.append(message)
            else:
                # A broker may send what it retains before it confirms the subscription.
                early.append(message)
                early_bytes += message.size
                if len(early) >= self._most_early or early_bytes >= self._max_early_bytes:
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
            nonlocal reached, why
            self._up.clear()
            if reason.is_failure and str(reason) != _UNSPECIFIED:
                why = str(reason)
            if why == _TAKEN_OVER:
                reached, why = "taken over", f"{why}: another client has the id of this one"

        client.on_connect = on_connect
        client.on_subscribe = on_subscribe
        client.on_message = on_message
        client.on_publish = on_publish
        client.on_disconnect = on_disconnect
        ear, mouth = socket.socketpair()
        ear.setblocking(False)
        mouth.setblocking(False)

        def wake(*_: object) -> None:
            # It is full: the thread wakes up anyway; or closed: all is over.
            with suppress(OSError):
                mouth.send(b"!")

        # With this set, paho leaves all writing to the network thread.
        client.on_socket_register_write = wake
        self._client, self._wake = client, wake
        try:
            client.connect(
                self._broker.host,
                self._broker.port,
                keepalive=self._broker.keepalive_s,
                clean_start=protocol is MQTTProtocolVersion.MQTTv5
                or paho.MQTT_CLEAN_START_FIRST_ONLY,
            )
            if self._stop.is_set():
                return reached
            reached = "silent"
            deadline = time.monotonic() + _GREETING_S
            goodbye_by = math.inf
            rc = MQTTErrorCode.MQTT_ERR_SUCCESS
            while rc is MQTTErrorCode.MQTT_ERR_SUCCESS and client.socket() is not None:
                rc = one_round(client, ear, _ROUND_S)
                for event in noted:
                    self._put(event, client)
                noted.clear()
                if self._stop.is_set():
                    goodbye_by = min(goodbye_by, time.monotonic() + _GOODBYE_S)
                    if not client.want_write() or time.monotonic() > goodbye_by:
                        break
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
        self._put(LinkDown(why, is_taken_over=reached == "taken over"), client)
        return reached
