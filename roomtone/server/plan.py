"""What a server is to be: the answers that `roomtone server install` needs, and where things are."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

from contract.errors import UsageError
from contract.topics import NAME

__all__ = [
    "DATA",
    "ETC",
    "HOME",
    "LOCAL_NETWORKS",
    "SETTINGS",
    "USER",
    "Https",
    "ServerPlan",
    "own_name",
    "own_time_zone",
]

ETC: Final = "/etc/roomtone"
SETTINGS: Final = f"{ETC}/server.toml"
HOME: Final = "/var/lib/roomtone"
DATA: Final = f"{HOME}/data"
USER: Final = "roomtone"

Https = Literal["none", "files", "caddy-public", "caddy-internal"]
"""How other computers reach the pages: not at all; by the dashboard with a given certificate; by
Caddy with a public certificate that it gets itself, or with one of its own authority."""

LOCAL_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fe80::/10")
"""The private networks of RFC 1918, 4193 and 4291: where a school's kits are."""

_HOST: Final = re.compile(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_ZONE_LINK: Final = "/etc/localtime"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPlan:
    """The answers, each checked when built."""

    site: str
    name: str
    """The server's name in the school's DNS: browsers and kits reach it there."""
    time_zone: str
    https: Https
    certificate: Path | None = None
    private_key: Path | None = None
    time_for: tuple[str, ...] = LOCAL_NETWORKS
    """The networks whose computers may ask this one for the time."""

    def __post_init__(self) -> None:
        if not re.fullmatch(NAME, self.site):
            raise UsageError(
                f"--site is {self.site!r}, expected 1 to 32 of a-z, 0-9, - and _, beginning with a "
                "letter or a digit."
            )
        if not _HOST.fullmatch(self.name) or len(self.name) > 253:
            raise UsageError(
                f"--name is {self.name!r}, expected a name in DNS such as roomtone.school.example."
            )
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, OSError, ValueError) as error:
            raise UsageError(
                f"--time-zone is {self.time_zone!r}, expected one such as Europe/Berlin."
            ) from error
        for network in self.time_for:
            try:
                ip_network(network)
            except ValueError as error:
                raise UsageError(
                    f"--time-for is {network!r}, expected a network such as 10.20.0.0/16."
                ) from error
        if (self.https == "files") != (self.certificate is not None):
            raise UsageError("--certificate and --key go together with --https files.")
        if (self.certificate is None) != (self.private_key is None):
            raise UsageError("--certificate and --key go together: HTTPS needs both.")
        if self.https == "caddy-public" and "." not in self.name:
            raise UsageError(
                f"--name is {self.name!r}: a public certificate needs a public name, such as "
                "roomtone.school.example."
            )


def own_name() -> str:
    """The full name of this computer, as far as it knows it."""
    return socket.getfqdn().lower()


def own_time_zone(link: Path = Path(_ZONE_LINK)) -> str:
    """The time zone that this computer is set to; UTC if it names none."""
    _, found, zone = str(link.resolve()).partition("/zoneinfo/")
    return zone if found else "UTC"
