"""One connection to the broker through one paho client, from the greeting to the end.

Everything but `publish`, `acknowledge`, `say_goodbye` and `wake` runs on the network thread.
"""

from __future__ import annotations

import math
import queue
import select
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Final, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from contract.mqtt.connection import ConnectionOutcome, ConnectionPlan
from contract.mqtt.events import Event, EventQueue, LinkDown, LinkUp, Received, Refused, Will

__all__ = ["PahoConnection"]

_CONNECT_S: Final = 4.0
"""For TCP, and again for TLS; shorter than the wait in `MqttLink.stop`."""
_GREETING_S: Final = 5.0
"""A broker that dislikes our protocol may take the connection and then say nothing."""
_ROUND_S: Final = 1.0
_GOODBYE_S: Final = 2.0
"""How long the last bytes may take after `stop`."""
_FULL_QUEUE_S: Final = 0.2
_UNSUPPORTED: Final = "Unsupported protocol version"
_UNSPECIFIED: Final = "Unspecified error"
_TAKEN_OVER: Final = "Session taken over"
_ALERTS: Final = {
    "ALERT_CERTIFICATE_REVOKED": "the broker says that this certificate is revoked; a kit gets another "
    "one with a new code, by `roomtone enrol`",
    "ALERT_CERTIFICATE_EXPIRED": "the broker says that this certificate has ended",
}
"""What a broker with TLS answers to a certificate → what it means."""
_SUCCESS: Final = MQTTErrorCode.MQTT_ERR_SUCCESS
_VERSIONS: Final = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}


class PahoConnection:
    """A `Connection` through paho-mqtt, with MQTT 3.1.1 or 5."""

    def __init__(self, plan: ConnectionPlan, events: EventQueue, stop: threading.Event) -> None:
        self.is_up = False
        self._plan = plan
        self._version = plan.version
        self._subscriptions = plan.subscriptions
        self._events = events
        self._stop = stop
        self._client = client = _new_client(plan)
        self._outcome: ConnectionOutcome = "unreachable"
        self._reason = "the broker closed the connection"
        self._noted: list[Event] = []
        """What the callbacks saw in this round; they must not wait, so `_serve` emits it."""
        self._early: list[Received] = []
        """Messages that came before the subscription was confirmed."""
        self._early_bytes = 0
        self._unsent = 0
        """Messages handed to paho and not yet out; any thread changes this count."""
        self._unsent_lock = threading.Lock()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_reader.setblocking(False)
        self._wake_writer.setblocking(False)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.on_log = self._on_log
        # With this set, paho leaves all writing to the network thread.
        client.on_socket_register_write = self.wake

    def run(self) -> ConnectionOutcome:
        broker = self._plan.broker
        try:
            self._client.connect(
                broker.host,
                broker.port,
                keepalive=broker.keepalive_s,
                clean_start=self._version == "5" or paho.MQTT_CLEAN_START_FIRST_ONLY,
            )
            if not self._stop.is_set():
                self._serve()
        except (OSError, ValueError) as error:
            self._reason = f"{broker.host}:{broker.port}: {error}"
        finally:
            self.is_up = False
            for end in (self._client.socket(), self._wake_reader, self._wake_writer):
                if end is not None:
                    end.close()
        self._emit(LinkDown(self._reason, is_taken_over=self._outcome == "taken over"))
        return self._outcome

    def publish(self, topic: str, payload: bytes, *, retain: bool, qos: Literal[0, 1]) -> bool:
        # paho bounds what waits of QoS 1, and nothing else.
        if not self.is_up or (qos == 0 and self._unsent >= self._plan.max_unsent):
            return False
        self._count_unsent(1)
        if self._client.publish(topic, payload, qos=qos, retain=retain).rc == _SUCCESS:
            return True
        self._count_unsent(-1)
        return False

    def acknowledge(self, message: Received) -> None:
        if message.connection is self and isinstance(message.receipt, int):
            self._client.ack(message.receipt, 1)

    def say_goodbye(self, farewell: Will | None, timeout_s: float) -> None:
        if not self.is_up:
            return
        if farewell is not None:
            info = self._client.publish(farewell.topic, farewell.payload, qos=1, retain=True)
            if info.rc == _SUCCESS:
                info.wait_for_publish(timeout_s)
        self._client.disconnect()

    def wake(self, *_: object) -> None:
        with suppress(OSError):  # full: the thread wakes up anyway; closed: it has ended
            self._wake_writer.send(b"!")

    def _serve(self) -> None:
        self._outcome = "silent"
        greeting_by, goodbye_by = time.monotonic() + _GREETING_S, math.inf
        rc = _SUCCESS
        while rc is _SUCCESS and self._client.socket() is not None:
            rc = self._round()
            for event in self._noted:
                self._emit(event)
            self._noted.clear()
            if self._stop.is_set():
                goodbye_by = min(goodbye_by, time.monotonic() + _GOODBYE_S)
                if not self._client.want_write() or time.monotonic() > goodbye_by:
                    return
            is_open = self._client.socket() is not None
            if is_open and not self.is_up and time.monotonic() > greeting_by:
                self._reason = "the broker took the connection and did not answer the greeting"
                return

    def _round(self) -> MQTTErrorCode:
        """Wait until there is something to read or write; then read, write and ping."""
        client, connection = self._client, self._client.socket()
        if connection is None:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        # `select` does not see what TLS has decrypted already.
        has_more = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        readable, _, _ = select.select(
            [connection, self._wake_reader],
            [connection] if client.want_write() else [],
            [],
            0.0 if has_more else _ROUND_S,
        )
        if self._wake_reader in readable:
            self._wake_reader.recv(1_024)
        rc = _SUCCESS
        if has_more or connection in readable:
            rc = client.loop_read()
        if rc is _SUCCESS and client.want_write():
            rc = client.loop_write()
        return client.loop_misc() if rc is _SUCCESS else rc

    def _emit(self, event: Event) -> None:
        """Put an event into the queue; while it is full, nothing is read from the broker."""
        while not self._stop.is_set():
            with suppress(queue.Full):
                self._events.put(event, timeout=_FULL_QUEUE_S)
                return
            # What the queue's reader publishes must still go out.
            if self._client.want_write():
                self._client.loop_write()

    def _count_unsent(self, n: int) -> None:
        with self._unsent_lock:
            self._unsent += n

    def _come_up(self) -> None:
        if self.is_up:
            return
        self.is_up = True
        self._client.on_log = None  # it is called for each packet
        self._noted += [LinkUp(self._version), *self._early]
        self._early.clear()

    def _on_log(self, _client: object, _userdata: object, _level: int, text: str) -> None:
        """With TLS 1.3 a broker refuses a certificate after the connection was made."""
        for alert, reason in _ALERTS.items():
            if alert in text:
                self._reason = reason

    def _on_connect(
        self, client: paho.Client, _userdata: object, _flags: object, reason: ReasonCode, *_: object
    ) -> None:
        if reason.is_failure:
            self._reason = str(reason)
            self._outcome = "unsupported" if self._reason == _UNSUPPORTED else "refused"
            return
        self._outcome = "accepted"
        if not self._subscriptions:
            self._come_up()
        elif self._version == "5":
            client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in self._subscriptions])
        else:
            client.subscribe([(topic, 1) for topic in self._subscriptions])

    def _on_subscribe(
        self, _client: object, _userdata: object, _mid: int, reasons: list[ReasonCode], *_: object
    ) -> None:
        self._come_up()
        for topic, reason in zip(self._subscriptions, reasons, strict=False):
            if reason.is_failure:
                self._noted.append(Refused(f"subscription to {topic}", str(reason)))

    def _on_message(self, client: paho.Client, _userdata: object, m: paho.MQTTMessage) -> None:
        try:
            topic = m.topic
        except UnicodeDecodeError:
            # MQTT forbids it. If we closed the connection, the broker would send it again for ever.
            client.ack(m.mid, m.qos)
            return
        receipt = m.mid if m.qos else None
        message = Received(topic, bytes(m.payload), m.retain, receipt, self)
        if self.is_up:
            self._noted.append(message)
            return
        # A broker may send what it retains before it confirms the subscription.
        self._early.append(message)
        self._early_bytes += message.size
        if self._events.would_fill(len(self._early), self._early_bytes):
            self._come_up()  # so much of it confirms the subscription too

    def _on_publish(
        self, _client: object, _userdata: object, mid: int, reason: ReasonCode, *_: object
    ) -> None:
        self._count_unsent(-1)  # acknowledged, or of QoS 0 and written
        if reason.is_failure:
            self._noted.append(Refused(f"message {mid}", str(reason)))

    def _on_disconnect(
        self, _client: object, _userdata: object, _flags: object, reason: ReasonCode, *_: object
    ) -> None:
        self.is_up = False
        if self._outcome in {"refused", "unsupported"}:
            return  # the broker has said why
        if reason.is_failure and str(reason) != _UNSPECIFIED:
            self._reason = str(reason)
        if self._reason == _TAKEN_OVER:
            self._outcome = "taken over"
            self._reason = f"{_TAKEN_OVER}: another client has the id of this one"


def _new_client(plan: ConnectionPlan) -> paho.Client:
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=plan.client_id,
        protocol=_VERSIONS[plan.version],
        clean_session=True if plan.version == "3.1.1" else None,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = _CONNECT_S
    client.max_inflight_messages_set(plan.max_in_flight)
    client.max_queued_messages_set(plan.max_queued)
    if plan.tls is not None:
        client.tls_set_context(plan.tls)
    if plan.will is not None:
        client.will_set(plan.will.topic, plan.will.payload, qos=1, retain=True)
    return client
