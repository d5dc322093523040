"""The settings of the pages: table `[dashboard]` in server.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from contract.errors import ConfigurationError
from contract.settings import Settings
from dashboard_api.reading.settings import ReadsSettings

__all__ = ["DashboardSettings", "Network", "checked_dashboard", "host_name", "is_loopback"]

Network = IPv4Network | IPv6Network

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.ASCII)


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this computer."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_name(host: str) -> str:
    """The name in a Host header, in lower case; empty if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _checked_network(text: str) -> str:
    try:
        network = ip_network(text)
    except ValueError:
        network = None
    if network is None or network.prefixlen == 0:
        # Not a ValueError: pydantic would put its own text in front of the sentence.
        raise PydanticCustomError(
            "network",
            "an address such as 192.168.1.4 or a network such as 192.168.1.0/28, and not all of them",
        )
    return text


def _checked_name(text: str) -> str:
    name = text.lower()
    if not _NAME.fullmatch(name) and not _is_ipv6(name):
        raise PydanticCustomError(
            "host", "a name or an address without port and scheme, such as roomtone.school.example"
        )
    return name


def _is_ipv6(text: str) -> bool:
    try:
        return ip_address(text).version == 6
    except ValueError:
        return False


def _checked_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_fine = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_fine = False
    else:
        is_fine = is_fine and text == f"https://{parts.netloc}" and "@" not in text
    if not is_fine:
        raise PydanticCustomError(
            "address", "https:// and a name, without a path: https://roomtone.school.example"
        )
    return text.lower()


class DashboardSettings(Settings):
    """Where the pages listen, and how much they accept from a client."""

    host: str = "127.0.0.1"
    """Address to listen on. Other computers reach one that is not 127.0.0.1 or ::1; that needs HTTPS
    or a reverse proxy, and `hosts`."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """TCP port; 0 takes any free port."""
    certificate: Path | None = None
    """Serve HTTPS with this certificate, in PEM, followed by those between it and its authority."""
    private_key: Path | None = None
    """The private key of `certificate`, in PEM and without a password."""
    trusted_proxies: tuple[Annotated[str, AfterValidator(_checked_network)], ...] = ()
    """Addresses or networks of reverse proxies; only they are believed about who asks."""
    hosts: tuple[Annotated[str, AfterValidator(_checked_name)], ...] = ()
    """Names under which browsers on other computers open the pages."""
    public_address: Annotated[str, AfterValidator(_checked_address)] | None = None
    """What links in invitations begin with; not set, the first of `hosts`, or where one is read."""
    max_body_bytes: Annotated[int, Field(ge=1_024)] = 65_536
    """Largest body of a request; the longest note needs less than half of it, even when escaped."""
    max_connections: Annotated[int, Field(ge=1)] = 500
    """Connections at the same time; a new one replaces the one that was idle longest."""
    max_connections_per_address: Annotated[int, Field(ge=1)] = 400
    """Connections from one address; behind a trusted proxy, requests at the same time for one."""
    max_streams: Annotated[int, Field(ge=1)] = 300
    """Live pages that receive updates, and pages of debriefs, at the same time."""
    max_streams_per_person: Annotated[int, Field(ge=1)] = 50
    """Live pages with updates, and pages of debriefs, of one person."""
    head_timeout_s: Annotated[float, Field(gt=0, le=3_600)] = 10.0
    """A request's first line and headers must arrive within this time."""
    body_timeout_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """A request's body must arrive within this time."""
    idle_timeout_s: Annotated[float, Field(ge=1, le=3_600)] = 15.0
    """A connection without a request is closed after this time."""
    send_timeout_s: Annotated[float, Field(gt=0, le=3_600)] = 60.0
    """A connection whose client reads nothing of a response for this time is closed."""
    reads: ReadsSettings = ReadsSettings()
    """Where lessons are read, if not in the data directory; docs/district.md describes it."""

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        """Passwords and what children did travel between computers only under encryption."""
        if (self.certificate is None) != (self.private_key is None):
            key, other = "private_key", "certificate"
            if self.certificate is None:
                key, other = other, key
            raise ConfigurationError(
                "", key, None, f"a file, because dashboard.{other} is set: HTTPS needs both"
            )
        if self.public_address is not None and self.public_host not in self.names:
            raise ConfigurationError(
                "", "public_address", self.public_address, "a name that is in dashboard.hosts"
            )
        if self.hosts and self.certificate is None and not self.trusted_proxies:
            raise ConfigurationError(
                "", "hosts", list(self.hosts),
                "no names, because plain HTTP answers this computer alone; set "
                "dashboard.certificate and dashboard.private_key, or dashboard.trusted_proxies",
            )  # fmt: skip
        if not is_loopback(self.host):
            self._check_network()
        return self

    def _check_network(self) -> None:
        ways = (
            "dashboard.certificate and dashboard.private_key for HTTPS, or "
            "dashboard.trusted_proxies for a reverse proxy"
        )
        has_way = self.certificate is not None or bool(self.trusted_proxies)
        missing = [
            *([] if has_way else [ways]),
            *([] if self.hosts else ["dashboard.hosts with the names of these pages"]),
        ]
        if missing:
            raise ConfigurationError(
                "", "host", self.host,
                "127.0.0.1, ::1 or localhost, because plain HTTP stays on this computer; for other "
                f"computers the settings have no {'; and '.join(missing)}",
            )  # fmt: skip
        try:
            ip_address(self.host)
        except ValueError:
            raise ConfigurationError(
                "",
                "host",
                self.host,
                "an address of this computer, such as 0.0.0.0 for all of them",
            ) from None

    @property
    def names(self) -> frozenset[str]:
        """Names of the pages on other computers."""
        return frozenset(self.hosts)

    @property
    def public_host(self) -> str:
        """The name in `public_address`."""
        return urlsplit(self.public_address or "").hostname or ""

    @property
    def link_base(self) -> str | None:
        """What a link begins with that works on other computers; None if no address does."""
        if self.public_address is not None:
            return self.public_address
        if not self.hosts:
            return None
        name = f"[{self.hosts[0]}]" if ":" in self.hosts[0] else self.hosts[0]
        has_port = self.certificate is not None and self.port not in {0, 443}
        return f"https://{name}:{self.port}" if has_port else f"https://{name}"

    @property
    def proxy_networks(self) -> tuple[Network, ...]:
        """`trusted_proxies` as networks."""
        return tuple(ip_network(each) for each in self.trusted_proxies)


def checked_dashboard(table: Mapping[str, object], config: Path) -> DashboardSettings:
    """The settings in the table `[dashboard]` of a file; raises ConfigurationError."""
    try:
        return DashboardSettings.checked(dict(table), where=str(config))
    except ConfigurationError as error:
        # Add the table's name to the key.
        raise ConfigurationError(
            error.where, f"dashboard.{error.key}", error.value, error.expected
        ) from error
