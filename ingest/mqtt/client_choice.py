"""Which MQTT library ingest uses for a broker that speaks MQTT 5."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from contract.errors import ConfigurationError
from contract.mqtt.connection import MakeConnection

__all__ = ["MqttClient", "mqtt_5_through"]

MqttClient = Literal["auto", "paho", "awscrt"]


def mqtt_5_through(client: MqttClient) -> MakeConnection | None:
    """What makes connections of MQTT 5; None for paho, which then speaks 3.1.1.

    Raises ConfigurationError if awscrt is wanted and not installed.
    """
    if client == "paho":
        return None
    if find_spec("awscrt") is None:
        if client == "auto":
            return None
        raise ConfigurationError(
            "server.toml", "ingest.mqtt_client", "awscrt", "an installed package",
            sentence="ingest.mqtt_client is awscrt, which is not installed; install "
            "roomtone[server], or write auto or paho there.",
        )  # fmt: skip
    # Here, because its import takes a while and who uses paho needs none of it.
    from ingest.mqtt.awscrt_connection import AwscrtConnection  # noqa: PLC0415

    return AwscrtConnection
