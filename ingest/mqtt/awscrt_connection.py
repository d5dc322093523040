"""One connection to the broker through one awscrt client, which speaks MQTT 5 in C.

The callbacks run on the client's own thread. These traps of the library are avoided here:

- A message whose callback raises is acknowledged by the library, although nobody has kept it. So
  the callback raises nothing: what fails ends the connection, and the broker has no word from us.
- The client connects again by itself and sends again what it holds. So it is stopped as soon as
  its connection has ended; the next connection has a new client.
- The library has no way to stop reading, other than a callback that waits, and then nothing is
  written either. So the broker gets a receive maximum that the event queue holds: it sends no more
  messages of QoS 1 than that before it has our acknowledgements. Only what that can't hold back,
  which is QoS 0 and messages of many kB, makes the callback wait.
- A topic or property that is not UTF-8 never reaches the callback: the library prints an error and
  acknowledges it. Brokers refuse such messages before that.
- By default it sends its own name and version to the broker as a user name (`disable_metrics`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as WaitTimeoutError
from contextlib import suppress
from queue import Full
from typing import Any, Final, Literal

from awscrt import exceptions, io, mqtt5

from contract.errors import brief_of
from contract.mqtt.connection import ConnectionOutcome, ConnectionPlan
from contract.mqtt.events import Event, EventQueue, LinkDown, LinkUp, Received, Refused, Will
from contract.mqtt.tls import why_not_trusted
from ingest.mqtt.thread_state import ThreadState

__all__ = ["AwscrtConnection"]

_CONNECT_S: Final = 4.0
"""For TCP; shorter than the wait in `MqttLink.stop`."""
_GREETING_S: Final = 5.0
"""A broker that dislikes our protocol may take the connection and then say nothing."""
_ATTEMPT_S: Final = 20.0
"""For name, TCP, TLS and greeting together."""
_TLS_S: Final = 1.5
"""The library waits ten seconds and more before it reports that TLS failed: after this we look."""
_GOODBYE_S: Final = 2.0
"""How long the client may take to stop."""
_FULL_QUEUE_S: Final = 0.2
_NEVER_MS: Final = 3_600_000
_MAX_RECEIVE: Final = 65_535
_QOS: Final = {0: mqtt5.QoS.AT_MOST_ONCE, 1: mqtt5.QoS.AT_LEAST_ONCE}
_FAILURE: Final = 0x80
"""Reason codes from here on are failures."""


class AwscrtConnection:
    """A `Connection` through awscrt, with MQTT 5."""

    def __init__(self, plan: ConnectionPlan, events: EventQueue, stop: threading.Event) -> None:
        self.is_up = False
        self._plan = plan
        self._events = events
        self._stop = stop
        self._client: mqtt5.Client | None = None
        self._outcome: ConnectionOutcome = "unreachable"
        self._reason = "the broker closed the connection"
        self._changed = threading.Event()
        """`run` shall look: the attempt succeeded or failed, the connection ended, or `stop` is set."""
        self._is_over = False
        self._stopped = threading.Event()
        self._thread_state = ThreadState()
        self._early: list[Received] = []
        """Messages that came before the subscription was confirmed."""
        self._early_bytes = 0
        self._unsent = [0, 0]
        """Messages of each QoS that were handed over and are not out; any thread changes it."""
        self._unsent_lock = threading.Lock()

    def run(self) -> ConnectionOutcome:
        broker = self._plan.broker
        try:
            client = self._client = self._new_client()
            client.start()
        except (OSError, ValueError, RuntimeError, exceptions.AwsCrtError) as error:
            self._reason = f"{broker.host}:{broker.port}: {error}"
        else:
            self._serve()
            client.stop()
            self._stopped.wait(_GOODBYE_S)
        # The client knows our callbacks and we know the client: who is done with it frees both.
        self._client = None
        self.is_up = False
        self._put(LinkDown(self._reason, is_taken_over=self._outcome == "taken over"))
        return self._outcome

    def publish(self, topic: str, payload: bytes, *, retain: bool, qos: Literal[0, 1]) -> bool:
        client = self._client
        most = self._plan.max_queued if qos else self._plan.max_unsent
        if client is None or not self.is_up or self._unsent[qos] >= most:
            return False
        self._hand_over(client, topic, payload, retain=retain, qos=qos)
        return True

    def acknowledge(self, message: Received) -> None:
        client = self._client
        if client is not None and message.connection is self and message.receipt is not None:
            # The library does nothing if the connection has ended meanwhile.
            client.invoke_publish_acknowledgement(message.receipt)

    def say_goodbye(self, farewell: Will | None, timeout_s: float) -> None:
        client = self._client
        if client is None or not self.is_up:
            return
        if farewell is not None:
            last = self._hand_over(client, farewell.topic, farewell.payload, retain=True, qos=1)
            with suppress(WaitTimeoutError, CancelledError, exceptions.AwsCrtError):
                last.result(timeout_s)
        client.stop(mqtt5.DisconnectPacket(mqtt5.DisconnectReasonCode.NORMAL_DISCONNECTION))

    def wake(self) -> None:
        self._changed.set()

    def _new_client(self) -> mqtt5.Client:
        plan, broker = self._plan, self._plan.broker
        # A thread of its own, so that no other connection waits for what waits for this queue.
        group = io.EventLoopGroup(1)
        bootstrap = io.ClientBootstrap(group, io.DefaultHostResolver(group))
        socket_options = io.SocketOptions()
        socket_options.connect_timeout_ms = round(_CONNECT_S * 1e3)
        keepalive_s = broker.keepalive_s
        will = plan.will
        return mqtt5.Client(
            mqtt5.ClientOptions(
                host_name=broker.host,
                port=broker.port,
                bootstrap=bootstrap,
                socket_options=socket_options,
                tls_ctx=_tls(plan),
                connect_options=mqtt5.ConnectPacket(
                    client_id=plan.client_id,
                    keep_alive_interval_sec=keepalive_s,
                    # One place is for the word that the connection is up.
                    receive_maximum=min(max(self._events.maxsize - 1, 1), _MAX_RECEIVE),
                    will=None
                    if will is None
                    else mqtt5.PublishPacket(
                        topic=will.topic, payload=will.payload, retain=True, qos=_QOS[1]
                    ),
                ),
                session_behavior=mqtt5.ClientSessionBehaviorType.CLEAN,
                offline_queue_behavior=(
                    mqtt5.ClientOperationQueueBehaviorType.FAIL_ALL_ON_DISCONNECT
                ),
                min_reconnect_delay_ms=_NEVER_MS,
                max_reconnect_delay_ms=_NEVER_MS,
                ping_timeout_ms=keepalive_s * 500,
                connack_timeout_ms=round(_GREETING_S * 1e3),
                ack_timeout_sec=0,
                on_publish_callback_fn=self._guarded(self._on_publish),
                on_lifecycle_event_stopped_fn=self._guarded(self._on_stopped),
                on_lifecycle_event_connection_success_fn=self._guarded(self._on_connected),
                on_lifecycle_event_connection_failure_fn=self._guarded(self._on_failed),
                on_lifecycle_event_disconnection_fn=self._guarded(self._on_disconnected),
                disable_metrics=True,
            )
        )

    def _serve(self) -> None:
        """Wait until the connection has ended or shall end."""
        began, broker = time.monotonic(), self._plan.broker
        has_looked = broker.ca_file is None
        while not self._is_over and not self._stop.is_set():
            is_trying = self._outcome == "unreachable"
            tried_s = time.monotonic() - began
            if is_trying and tried_s > _ATTEMPT_S:
                self._reason = f"{self._where} did not answer"
                return
            if is_trying and not has_looked and tried_s > _TLS_S:
                has_looked = True
                why = why_not_trusted(broker, timeout_s=_CONNECT_S)
                if why is not None:
                    self._reason = why
                    return
            self._changed.wait(_TLS_S if is_trying else None)
            self._changed.clear()

    def _guarded(self, callback: Callable[[Any], None]) -> Callable[[Any], None]:
        def call(data: Any) -> None:  # each callback has a type of its own
            try:
                callback(data)
            except Exception as error:  # noqa: BLE001  # the library would acknowledge, and print it
                self._end(f"the link failed ({brief_of(error)})")

        return call

    def _end(self, reason: str) -> None:
        self.is_up = False
        self._reason = reason
        self._is_over = True
        self._changed.set()

    @property
    def _where(self) -> str:
        return f"{self._plan.broker.host}:{self._plan.broker.port}"

    def _put(self, event: Event) -> None:
        """Put an event into the queue; while it is full, nothing is read from the broker."""
        if self._events.offer(event):
            return
        while not self._stop.is_set():
            with suppress(Full):
                self._events.put(event, timeout=_FULL_QUEUE_S)
                return

    def _hand_over(
        self, client: mqtt5.Client, topic: str, payload: bytes, *, retain: bool, qos: Literal[0, 1]
    ) -> Future[mqtt5.PublishCompletionData]:
        self._count_unsent(qos, 1)
        out: Future[mqtt5.PublishCompletionData] = client.publish(
            mqtt5.PublishPacket(topic=topic, payload=payload, retain=retain, qos=_QOS[qos])
        )

        def done(completed: Future[mqtt5.PublishCompletionData]) -> None:
            self._count_unsent(qos, -1)
            if qos and completed.exception() is None:
                reason = completed.result().puback.reason_code
                if reason >= _FAILURE:
                    self._put(Refused(topic, _words(reason)))

        out.add_done_callback(done)
        return out

    def _count_unsent(self, qos: Literal[0, 1], n: int) -> None:
        with self._unsent_lock:
            self._unsent[qos] += n

    # ------------------------------------------------------------ on the client's thread

    def _on_connected(self, _data: mqtt5.LifecycleConnectSuccessData) -> None:
        self._outcome = "accepted"
        self._thread_state.hold()
        client, filters = self._client, self._plan.subscriptions
        if not filters or client is None:
            self._come_up()
            return
        wanted = [mqtt5.Subscription(each, _QOS[1]) for each in filters]
        client.subscribe(mqtt5.SubscribePacket(wanted)).add_done_callback(
            self._guarded(self._on_subscribed)
        )

    def _on_subscribed(self, done: Future[mqtt5.SubackPacket]) -> None:
        if done.cancelled() or done.exception() is not None:
            return  # the connection has ended, which has its own callback
        self._come_up()
        for topic, reason in zip(self._plan.subscriptions, done.result().reason_codes, strict=True):
            if reason >= _FAILURE:
                self._put(Refused(f"subscription to {topic}", _words(reason)))

    def _come_up(self) -> None:
        if self.is_up or self._is_over:
            return
        self.is_up = True
        self._put(LinkUp("5", client="awscrt"))
        for message in self._early:
            self._put(message)
        self._early.clear()

    def _on_publish(self, data: mqtt5.PublishReceivedData) -> None:
        packet, acquire = data.publish_packet, data.acquire_publish_acknowledgement_control
        receipt = acquire() if acquire is not None else None
        message = Received(packet.topic, packet.payload, packet.retain, receipt, self)
        if self.is_up:
            self._put(message)
            return
        # A broker may send what it retains before it confirms the subscription.
        self._early.append(message)
        self._early_bytes += message.size
        if self._events.would_fill(len(self._early) + 1, self._early_bytes):
            self._come_up()  # so much of it confirms the subscription too

    def _on_failed(self, data: mqtt5.LifecycleConnectFailureData) -> None:
        name = getattr(data.exception, "name", "")
        if data.connack_packet is not None:
            reason = data.connack_packet.reason_code
            is_version = reason == mqtt5.ConnectReasonCode.UNSUPPORTED_PROTOCOL_VERSION
            self._outcome = "unsupported" if is_version else "refused"
            self._end(_words(reason))
        elif name.startswith("AWS_ERROR_MQTT5_DECODE"):
            # Brokers without MQTT 5 refuse it in the words of 3.1.1.
            self._outcome = "unsupported"
            self._end(f"{self._where} does not answer in MQTT 5")
        elif name == "AWS_ERROR_MQTT5_CONNACK_TIMEOUT":
            self._outcome = "silent"
            self._end("the broker took the connection and did not answer the greeting")
        elif name in {"AWS_IO_SOCKET_CLOSED", "AWS_ERROR_MQTT_UNEXPECTED_HANGUP"}:
            self._outcome = "silent"
            self._end("the broker closed the connection")
        else:
            self._end(f"{self._where}: {_sentence(data.exception)}")

    def _on_disconnected(self, data: mqtt5.LifecycleDisconnectData) -> None:
        packet = data.disconnect_packet
        if packet is None:
            name = getattr(data.exception, "name", "")
            is_closed = name in {"AWS_IO_SOCKET_CLOSED", "AWS_ERROR_MQTT5_USER_REQUESTED_STOP"}
            self._end(self._reason if is_closed else _sentence(data.exception))
        elif packet.reason_code == mqtt5.DisconnectReasonCode.SESSION_TAKEN_OVER:
            self._outcome = "taken over"
            self._end("Session taken over: another client has the id of this one")
        else:
            self._end(_words(packet.reason_code))

    def _on_stopped(self, _data: mqtt5.LifecycleStoppedData) -> None:
        self._thread_state.release()
        self._stopped.set()


def _tls(plan: ConnectionPlan) -> io.ClientTlsContext | None:
    """The library's own context for the files that `plan.tls` was made of."""
    broker = plan.broker
    if broker.ca_file is None:
        return None
    if broker.certificate_file is None:
        options = io.TlsContextOptions()
    else:
        key = broker.key_file or broker.certificate_file
        options = io.TlsContextOptions.create_client_with_mtls_from_path(
            str(broker.certificate_file), str(key)
        )
    options.override_default_trust_store_from_path(None, str(broker.ca_file))
    options.min_tls_ver = io.TlsVersion.TLSv1_2
    return io.ClientTlsContext(options)


def _words(reason: Any) -> str:  # the library has an enumeration for each packet
    """A reason code as words: "Not authorized"."""
    return str(getattr(reason, "name", reason)).replace("_", " ").capitalize()


def _sentence(error: BaseException) -> str:
    return str(getattr(error, "message", error)).rstrip(".").strip() or type(error).__name__
