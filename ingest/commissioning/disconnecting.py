"""Ends the connections of revoked kits.

A list of revoked certificates keeps a kit from connecting, and a reload of Mosquitto reads it, but
neither ends a connection that is open. A client that connects with a kit's client id does: the broker
has one connection for each id, and on the server's own listener a program may choose its id. The kit's
will is published then, so that its pages say that it is gone.

First the broker must have the newest list, else the kit would come back at once. Each list revokes a
certificate that was made for this question alone: a broker that accepts it has an older list.
"""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import tempfile
from pathlib import Path
from typing import Final, Literal

from contract.errors import ConfigurationError
from contract.mqtt.link import LinkUp, MqttLink
from contract.mqtt.tls import tls_context
from contract.settings import BrokerSettings
from ingest.authority.client import AuthorityClient
from ingest.authority.records import Lists

__all__ = ["Disconnecting"]

log = logging.getLogger(__name__)

_WAIT_S: Final = 5.0
_CONNECT: Final = bytes.fromhex("100d 0004 4d515454 04 02 000a 0001 70")
"""CONNECT of MQTT 3.1.1 with the client id `p`."""
_CONNACK: Final = 0x20
Has = Literal["newest", "older", "unknown"]


class Disconnecting:
    """Looks for revoked kits that are still connected. `step` is called each second."""

    def __init__(self, client: AuthorityClient, broker: BrokerSettings) -> None:
        self._client, self._broker = client, broker
        self._was_said: tuple[int, Has] | None = None

    def step(self) -> None:
        """End what is to be ended, as far as the broker is ready. Raises LinkError, StoreError."""
        pending = self._client.pending()
        if not pending:
            return
        lists = self._client.lists()
        has = self.broker_has(lists)
        if has != "newest":
            self._say(lists.number, has, pending)
            return
        for node in pending:
            if self._end(node):
                self._client.disconnected(node)
                log.info("%s is revoked, and has no connection any more.", node)

    def broker_has(self, lists: Lists) -> Has:
        """Whether the broker has these lists."""
        with tempfile.TemporaryDirectory() as name:  # for its owner alone
            folder = Path(name)
            (folder / "probe.crt").write_text(lists.probe_certificate, encoding="ascii")
            (folder / "probe.key").write_text(lists.probe_key, encoding="ascii")
            probe = self._broker.model_copy(
                update={
                    "certificate_file": folder / "probe.crt", "key_file": folder / "probe.key",
                }
            )  # fmt: skip
            context = tls_context(probe)
        if context is None:
            raise ConfigurationError(
                "settings", "broker.ca_file", None,
                "the broker with TLS, because kits are locked out by their certificates",
            )  # fmt: skip
        where = (self._broker.host, self._broker.port)
        try:
            with (
                socket.create_connection(where, timeout=_WAIT_S) as raw,
                context.wrap_socket(raw, server_hostname=self._broker.host) as link,
            ):
                link.sendall(_CONNECT)
                first = link.recv(1)
        except ssl.SSLError as error:
            # Any other error says nothing of the list, such as a wrong certificate of the broker.
            return "newest" if "REVOKED" in (error.reason or "") else "unknown"
        except OSError:
            return "unknown"
        return "older" if first[:1] == bytes([_CONNACK]) else "unknown"

    def _end(self, node: str) -> bool:
        """Take over the connection with a node's client id, and end it; false if that failed."""
        link = MqttLink(broker=self._broker, client_id=node, will=None, subscriptions=())
        link.start()
        try:
            event = link.events.get(timeout=_WAIT_S)
        except queue.Empty:
            return False
        finally:
            link.stop()
        return isinstance(event, LinkUp)

    def _say(self, number: int, has: Has, pending: list[str]) -> None:
        if self._was_said == (number, has):
            return
        self._was_said = (number, has)
        nodes = ", ".join(pending)
        if has == "older":
            log.warning(
                "The broker has an older list, so %s may still be connected: roomtone-broker.service "
                "gives it the new one, or `sudo roomtone broker apply`.", nodes,
            )  # fmt: skip
        else:
            log.warning(
                "The broker at %s:%d does not answer as expected; %s is not disconnected yet.",
                self._broker.host, self._broker.port, nodes,
            )  # fmt: skip
