"""One connection to the broker, from the greeting to the end: what each MQTT library does for the link.

`contract/mqtt/link.py` makes a new connection whenever one has ended, through paho
(`contract/mqtt/paho_connection.py`, MQTT 3.1.1 and 5) or, in ingest, through awscrt (MQTT 5).
tests/conformance/mqtt/ holds both to one suite.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from contract.mqtt.events import EventQueue, Received, Will
from contract.mqtt.protocol_choice import MqttVersion
from contract.settings import BrokerSettings

__all__ = ["Connection", "ConnectionOutcome", "ConnectionPlan", "MakeConnection"]

ConnectionOutcome = Literal[
    "accepted", "refused", "unsupported", "silent", "unreachable", "taken over"
]
"""How far a connection came; "unsupported" is a refusal of our version of MQTT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPlan:
    """What a connection is for. Its session is clean: the broker stores nothing that matters."""

    broker: BrokerSettings
    version: MqttVersion
    client_id: str
    will: Will | None
    subscriptions: tuple[str, ...]
    max_in_flight: int
    max_queued: int
    max_unsent: int
    tls: ssl.SSLContext | None
    """Python's context for the broker's files; a library with TLS of its own reads the files."""


class Connection(Protocol):
    """Turns what happens on one connection into events. It is never used for a second one.

    Nothing is acknowledged but by `acknowledge`, and nothing is sent again.
    """

    @property
    def is_up(self) -> bool:
        """The broker has accepted the connection and the subscriptions, and it is still open."""

    def run(self) -> ConnectionOutcome:
        """Connect, and serve the connection until it ends or the link stops."""

    def publish(self, topic: str, payload: bytes, *, retain: bool, qos: Literal[0, 1]) -> bool:
        """Hand a message to the network; false when the connection is down or full."""

    def acknowledge(self, message: Received) -> None:
        """Confirm a message to the broker, if it came over this connection."""

    def say_goodbye(self, farewell: Will | None, timeout_s: float) -> None:
        """Publish `farewell` retained, and disconnect so that the broker drops the will."""

    def wake(self) -> None:
        """The link stops: `run` shall look at once. Any thread may call it."""


MakeConnection = Callable[[ConnectionPlan, EventQueue, threading.Event], Connection]
"""Makes a connection that puts its events into the queue until the last argument is set."""
