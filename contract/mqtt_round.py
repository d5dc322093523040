"""One round of the network thread: wait, read, write and ping."""

from __future__ import annotations

import select
import socket
import ssl

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

__all__ = ["filters", "one_round"]


def one_round(client: paho.Client, ear: socket.socket, round_s: float) -> MQTTErrorCode:
    """Wait for bytes, or for word that there are some to write; then read, write and ping."""
    connection = client.socket()
    if connection is None:
        return MQTTErrorCode.MQTT_ERR_CONN_LOST
    # What TLS has decrypted already, no `select` sees.
    has_more = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
    writing = [connection] if client.want_write() else []
    readable, _, _ = select.select([connection, ear], writing, [], 0.0 if has_more else round_s)
    if ear in readable:
        ear.recv(1_024)
    rc = MQTTErrorCode.MQTT_ERR_SUCCESS
    if has_more or connection in readable:
        rc = client.loop_read()
    if rc is MQTTErrorCode.MQTT_ERR_SUCCESS and client.want_write():
        rc = client.loop_write()
    return client.loop_misc() if rc is MQTTErrorCode.MQTT_ERR_SUCCESS else rc


def filters(
    subscriptions: tuple[str, ...], protocol: MQTTProtocolVersion
) -> list[tuple[str, SubscribeOptions]] | list[tuple[str, int]]:
    if protocol is MQTTProtocolVersion.MQTTv5:
        return [(topic, SubscribeOptions(qos=1)) for topic in subscriptions]
    return [(topic, 1) for topic in subscriptions]
