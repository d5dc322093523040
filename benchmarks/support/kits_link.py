"""The link of a benchmark that stands for many kits: their acknowledgements, and what ingest says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from contract.mqtt.link import MqttLink
from contract.settings import BrokerSettings
from contract.topics import ingest_state, subscription


@contextmanager
def kits_link(port: int, site: str) -> Iterator[MqttLink]:
    """The started link, stopped with the block."""
    link = MqttLink(
        broker=BrokerSettings(port=port),
        client_id="bench",
        will=None,
        subscriptions=(ingest_state(site), subscription(site, "ack")),
        max_events=100_000,
        max_in_flight=2_000,
        max_queued=2_000,
    )
    link.start()
    try:
        yield link
    finally:
        link.stop()
