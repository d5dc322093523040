"""The text of Mosquitto's configuration; docs/mosquitto.md says why each line is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["BY_HAND", "SERVICE_CONF", "WITH_AUTHORITY", "BrokerPaths", "mosquitto_conf"]

SERVICE_CONF: Final = """\
# Install it as /etc/systemd/system/mosquitto.service.d/roomtone.conf, then `systemctl daemon-reload`.
# Mosquitto has no limit for retained messages and subscriptions: a hostile kit can fill memory with
# them. Then it is ended and begins empty, and the kits send again what ingest does not have.

[Unit]
StartLimitIntervalSec=0

[Service]
MemoryMax=1G
RestartSec=1
"""
"""What its unit gets beside Debian's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPaths:
    """Where the broker finds what it needs."""

    certificates: str
    access: str
    revoked: str | None
    """The list of revoked certificates; None where there is no authority that makes one."""
    conf: str
    """Where the configuration itself is installed."""


WITH_AUTHORITY: Final = BrokerPaths(
    certificates="/etc/mosquitto/roomtone", access="/etc/mosquitto/roomtone/access.acl",
    revoked="/etc/mosquitto/roomtone/revoked.crl", conf="/etc/mosquitto/conf.d/roomtone.conf",
)  # fmt: skip
BY_HAND: Final = BrokerPaths(
    certificates="/etc/mosquitto/certs", access="/etc/mosquitto/conf.d/roomtone.acl", revoked=None,
    conf="/etc/mosquitto/conf.d/roomtone.conf",
)  # fmt: skip


def mosquitto_conf(
    paths: BrokerPaths, *, kits: str = "8883", server: str = "8884 127.0.0.1"
) -> str:
    """The configuration; `kits` and `server` are the two listeners, a port with or without an address."""
    beside = (
        f"# Made by `roomtone broker config`; what is changed here is replaced by its next run.\n"
        f"# It is {paths.conf}."
        if paths.revoked is not None
        else f"# Install it as {paths.conf}, with roomtone.acl beside it."
    )
    revoked = f"crlfile {paths.revoked}\n" if paths.revoked is not None else ""
    tls = f"""\
cafile {paths.certificates}/ca.crt
certfile {paths.certificates}/broker.crt
keyfile {paths.certificates}/broker.key
{revoked}tls_version tlsv1.2
require_certificate true
use_identity_as_username true
"""
    return f"""\
# The broker of a school, for Mosquitto 2.0 or later; docs/mosquitto.md says why each line is here.
{beside}

per_listener_settings false

# Who connects is who the certificate says; nobody else gets in.
allow_anonymous false
acl_file {paths.access}

# Nothing rests in the broker: a node holds what ingest has not acknowledged after its own commit.
persistence false

# What waits for one client, by number and bytes: first what is under way to it and not acknowledged,
# then what waits behind that. Beyond both Mosquitto drops, and the nodes send again.
max_inflight_messages 2000
max_inflight_bytes 8388608
max_queued_messages 1000
max_queued_bytes 16777216
# The largest batch is ten periods of 255 seats, 67 kB; whoever sends more is disconnected.
max_packet_size 70000
max_keepalive 300

log_dest syslog
log_type error
log_type warning
log_type notice
connection_messages true

# The kits, from the school's network. A client's id is the name in its certificate, whatever it
# says: nobody can push out another, and each certificate has one connection.
listener {kits}
{tls}use_username_as_clientid true
# Less than the 1,024 files that Debian permits it, so that the server's programs always get in.
max_connections 900
max_qos 1
max_topic_alias 0

# The server's programs, which share one certificate, from this machine alone.
listener {server}
{tls}max_connections 50
max_qos 1
max_topic_alias 0
"""
