"""Checks the connection to the broker, for the doctor of a node and of a server."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Iterator
from queue import Empty
from typing import Final

from contract.errors import ConfigurationError
from contract.finding import Finding
from contract.mqtt.client_id import program_client_id
from contract.mqtt.link import LinkDown, LinkUp, MqttLink, Received, Refused
from contract.mqtt.own_certificate import SOON_DAYS, own_certificate_findings
from contract.mqtt.tls import broker_certificate_until
from contract.settings import BrokerSettings

__all__ = ["connection_findings", "retained"]

_WAIT_S: Final = 5.0
_RETAINED_S: Final = 1.0


def connection_findings(
    broker: BrokerSettings, *, owner: str, if_expired: str
) -> Iterator[Finding]:
    """Checks both certificates and whether the broker can be reached.

    A finding about the "broker" is the last one: after it nothing more can be checked. `owner` is
    who asks, such as "this node"; `if_expired` is a clause that says what an expired certificate of
    its own leads to.
    """
    where = f"{broker.host}:{broker.port}"
    yield from own_certificate_findings(broker, owner=owner, if_expired=if_expired)
    try:
        ends = broker_certificate_until(broker, timeout_s=_WAIT_S)
    except ConfigurationError as error:
        yield _wrong(
            f"{where} was not tried ({error})",
            "put right the files that [broker] names; docs/mosquitto.md says how to make them",
        )
        return
    except ssl.SSLError as error:
        yield _wrong(
            f"{where} refuses TLS, or is not trusted ({error})",
            "check the clock, ca_file, certificate_file and key_file, and the broker's "
            "certificate; docs/mosquitto.md says how to make them",
        )
        return
    except OSError as error:
        yield _wrong(
            f"{where} can't be reached ({error})",
            "check that Mosquitto runs there, the network with its firewalls, and [broker]",
        )
        return
    if ends is not None:
        days = (ends - time.time()) / 86_400
        yield Finding(
            about="certificate", state="fine" if days > SOON_DAYS else "wrong",
            said=f"the broker's certificate is valid for {days:.0f} more days",
            advice="" if days > SOON_DAYS
            else "have it renewed (and check the clock): no node connects when it has run out",
        )  # fmt: skip


def _wrong(said: str, advice: str) -> Finding:
    return Finding(about="broker", state="wrong", said=said, advice=advice)


def retained(
    broker: BrokerSettings, topics: tuple[str, ...]
) -> tuple[dict[str, bytes], str | None]:
    """The retained message of each topic, and why the broker refuses the connection, if it does.

    Retained messages come right after the connection, so one that has not come within a second
    does not exist. A topic with `+` gives all that match.
    """
    max_topics = math.inf if any("+" in topic for topic in topics) else len(topics)
    link = MqttLink(
        broker=broker, client_id=program_client_id("doctor"), will=None, subscriptions=topics,
        others_write=True,
    )  # fmt: skip
    said: dict[str, bytes] = {}
    fault: str | None = "it does not answer the greeting"
    until = time.monotonic() + _WAIT_S
    link.start()
    try:
        while len(said) < max_topics and (left := until - time.monotonic()) > 0:
            try:
                event = link.events.get(timeout=left)
            except Empty:
                break
            match event:
                case LinkUp():
                    fault = None
                    until = min(until, time.monotonic() + _RETAINED_S)
                case LinkDown(reason):
                    return said, reason
                case Refused(_, reason):
                    fault = reason
                case Received():
                    said[event.topic] = event.payload
    finally:
        link.stop()
    return said, fault
