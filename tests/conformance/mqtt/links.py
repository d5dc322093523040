"""The links that the conformance suite holds to one behaviour, each with the protocol that it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from contract.mqtt.connection import MakeConnection
from contract.mqtt.link import LinkDown, LinkUp, MqttLink, Received, Refused
from contract.settings import BrokerSettings
from ingest.mqtt.awscrt_connection import AwscrtConnection
from tests.conformance.mqtt.brokers import WAIT_S

__all__ = ["LINKS", "Link", "LinkKind", "expect", "kind_name", "new_link"]

E = TypeVar("E", LinkUp, LinkDown, Received, Refused)


@dataclass(frozen=True)
class LinkKind:
    """A library and the version of MQTT that it speaks here."""

    client: str
    protocol: str
    mqtt_5: MakeConnection | None = None


class Link(Protocol):
    """Starts a link to the broker at a port."""

    def __call__(self, port: int, **options: object) -> MqttLink: ...


LINKS = {
    "paho 3.1.1": LinkKind("paho", "3.1.1"),
    "paho 5": LinkKind("paho", "5"),
    "awscrt": LinkKind("awscrt", "5", AwscrtConnection),
}


def new_link(kind: LinkKind, port: int, **options: object) -> MqttLink:
    """A link that is not started; `broker` may hold more settings of the broker."""
    arguments: dict[str, object] = {"client_id": "ours", "will": None, "subscriptions": ()}
    given = {"port": port, "protocol": kind.protocol} | dict(options.pop("broker", {}))  # type: ignore[call-overload]
    return MqttLink(
        broker=BrokerSettings(**given), mqtt_5=kind.mqtt_5,
        **(arguments | options),  # type: ignore[arg-type]
    )  # fmt: skip


def expect(link: MqttLink, kind: type[E]) -> E:
    """The next event of a kind."""
    while True:
        event = link.events.get(timeout=WAIT_S)
        if isinstance(event, kind):
            return event


def kind_name(kind: LinkKind) -> str:
    """What a test's own program finds the kind by."""
    return next(name for name, each in LINKS.items() if each is kind)
