"""A link to the broker that turns callbacks into events, one connection after the other.

The edge and the server's programs use it. A connection is one through paho, or what a program
brings for MQTT 5 (`contract/mqtt/connection.py`): ingest brings awscrt. This and
`contract/mqtt/paho_connection.py` avoid these traps:

- An exception in a paho callback ends paho's network thread for good while `is_connected()`
  stays true. So our callbacks only note events.
- paho holds a lock while a callback runs, and takes the same lock in the thread that publishes
  with QoS 0. If a callback waited for room in the event queue while the queue's reader publishes,
  both would wait for ever. So the network thread waits between its rounds, without the lock.
- paho resends unsent messages after a reconnect, and so does our sender. So each connection gets a
  new client, and what was under way is gone: the sender still holds it, because a PUBACK is not
  delivery.
- paho writes in the thread that publishes, unless it has an event loop; over TLS that breaks the
  connection while another thread reads. So only the network thread writes.
- A broker without MQTT 5 says so, or closes the connection, or accepts it and stays silent. So
  `contract/mqtt/protocol_choice.py` tries 3.1.1 then, and 5 again at the next connection.
- paho takes quadratic time for the properties of an MQTT 5 message: 6 s for one of 262 kB that
  holds nothing else, and a broker passes them on. So a client that reads what others send speaks
  3.1.1, which has no properties (`others_write`), unless another library reads it.
"""

from __future__ import annotations

import random
import threading
import time
from typing import Final, Literal

from contract.backoff import Backoff
from contract.mqtt.connection import Connection, ConnectionPlan, MakeConnection
from contract.mqtt.events import Event, EventQueue, LinkDown, LinkUp, Received, Refused, Will
from contract.mqtt.paho_connection import PahoConnection
from contract.mqtt.protocol_choice import MqttVersion, ProtocolChoice
from contract.mqtt.tls import TlsFiles
from contract.settings import BrokerSettings

__all__ = ["Event", "LinkDown", "LinkUp", "MqttLink", "Received", "Refused", "Will"]

_STEADY_S: Final = 5.0
"""A connection that ends sooner counts as a failure, so the wait for the next one grows."""
_TURN_S: Final = 3.0
"""The longest wait after a connection that was up, well below `_STEADY_S`. Two clients with one id
disconnect each other, and with this each gets a turn of about this length."""


class MqttLink:
    """Keeps a connection to the broker on a thread of its own; events come out of `events`.

    Everything is bounded. `events` is bounded by number and bytes: when its reader is slow, the
    network thread waits, and so do the broker and the senders behind it. For outgoing messages
    `max_queued` is the limit of QoS 1, `max_in_flight` of those under way, and `max_unsent` of all
    when QoS 0 is used; at a limit `publish` returns false. Sessions are clean: the broker stores
    nothing that matters.

    `others_write` is for subscribers to topics that others may write: unless the settings name a
    version, paho speaks MQTT 3.1.1 for them. `mqtt_5` makes connections of MQTT 5 instead of paho,
    and may read what others write; with a broker that has no MQTT 5, paho speaks 3.1.1.
    """

    def __init__(
        self,
        *,
        broker: BrokerSettings,
        client_id: str,
        will: Will | None,
        subscriptions: tuple[str, ...],
        max_events: int = 2_000,
        max_event_bytes: int = 16 << 20,
        max_in_flight: int = 20,
        max_queued: int = 200,
        max_unsent: int = 10_000,
        others_write: bool = False,
        mqtt_5: MakeConnection | None = None,
    ) -> None:
        self.events = EventQueue(max_events=max_events, max_bytes=max_event_bytes)
        self._broker = broker
        self._client_id = client_id
        self._will = will
        self._subscriptions = subscriptions
        self._max_in_flight = max_in_flight
        self._max_queued = max_queued
        self._max_unsent = max_unsent
        self._makes: dict[MqttVersion, MakeConnection] = {
            "3.1.1": PahoConnection,
            "5": mqtt_5 or PahoConnection,
        }
        first: MqttVersion = "3.1.1" if others_write and mqtt_5 is None else "5"
        self._choice = ProtocolChoice(broker.protocol, first=first)
        self._stop = threading.Event()
        self._connection: Connection | None = None
        self._tls = TlsFiles(broker)
        self._thread = threading.Thread(target=self._run, name=f"mqtt {client_id}", daemon=True)

    @property
    def is_up(self) -> bool:
        """Whether the broker has accepted the connection and it is still open."""
        return self._connection is not None and self._connection.is_up

    @property
    def is_alive(self) -> bool:
        """Whether the network thread runs; false after `start` means a bug."""
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, farewell: Will | None = None, timeout_s: float = 5.0) -> None:
        """Publish `farewell` retained, disconnect so that the broker drops the will, and end.

        A running attempt to connect ends within a few seconds, without a greeting.
        """
        connection = self._connection
        if connection is not None:
            connection.say_goodbye(farewell, timeout_s)
        self._stop.set()
        if connection is not None:
            connection.wake()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, qos: Literal[0, 1] = 1
    ) -> bool:
        """Hand a message to the network; false when there is no connection or no room."""
        connection = self._connection
        return connection is not None and connection.publish(topic, payload, retain=retain, qos=qos)

    def acknowledge(self, message: Received) -> None:
        """Confirm a message to the broker; nothing happens if its connection is gone."""
        if self._connection is not None:
            self._connection.acknowledge(message)

    def _run(self) -> None:
        choice, backoff = self._choice, Backoff(first_s=0.2, max_s=10.0)
        while not self._stop.is_set():
            began, version = time.monotonic(), choice.version
            make = self._makes[version]
            self._connection = make(self._plan(version), self.events, self._stop)
            outcome = self._connection.run()
            was_up = outcome in {"accepted", "taken over"}
            if was_up:
                choice.ended()
                if time.monotonic() - began > _STEADY_S:
                    backoff.reset()
            elif outcome == "silent":
                choice.silent()
            elif outcome != "unreachable":
                choice.refused(is_version=outcome == "unsupported")
            wait_s = backoff.failed()
            # Random, so that a whole school does not reconnect at the same instant.
            self._stop.wait((min(wait_s, _TURN_S) if was_up else wait_s) * random.uniform(0.7, 1.3))

    def _plan(self, version: MqttVersion) -> ConnectionPlan:
        return ConnectionPlan(
            broker=self._broker,
            version=version,
            client_id=self._client_id,
            will=self._will,
            subscriptions=self._subscriptions,
            max_in_flight=self._max_in_flight,
            max_queued=self._max_queued,
            max_unsent=self._max_unsent,
            tls=self._tls.current(),
        )
