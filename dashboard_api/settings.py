"""The settings of the pages: table `[dashboard]` in server.toml."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from contract.errors import ConfigurationError
from contract.settings import Settings

__all__ = ["DashboardSettings", "checked_dashboard", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this computer."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _loopback(host: str) -> str:
    if not is_loopback(host):
        # Not a ValueError: pydantic would put its own text in front of the sentence.
        raise PydanticCustomError(
            "loopback",
            "127.0.0.1, ::1 or localhost: the pages speak plain HTTP, so they may be opened on this "
            "computer alone (from another one, use an SSH tunnel)",
        )
    return host


class DashboardSettings(Settings):
    """Where the pages listen, and how much they accept from a client."""

    host: Annotated[str, AfterValidator(_loopback)] = "127.0.0.1"
    """Address to listen on; only an address of this computer, because the pages speak plain HTTP."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """TCP port; 0 takes any free port."""
    max_body_bytes: Annotated[int, Field(ge=1_024)] = 65_536
    """Largest body of a request; the longest note needs less than half of it, even when escaped."""
    max_connections: Annotated[int, Field(ge=1)] = 500
    """Connections at the same time; a new one replaces the one that was idle longest."""
    max_connections_per_address: Annotated[int, Field(ge=1)] = 400
    """Connections from one address; a school behind a reverse proxy has one address."""
    max_streams: Annotated[int, Field(ge=1)] = 300
    """Live pages that receive updates at the same time."""
    max_streams_per_address: Annotated[int, Field(ge=1)] = 200
    """Live pages with updates from one address."""
    head_timeout_s: Annotated[float, Field(gt=0, le=3_600)] = 10.0
    """A request's first line and headers must arrive within this time."""
    body_timeout_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """A request's body must arrive within this time."""
    idle_timeout_s: Annotated[float, Field(ge=1, le=3_600)] = 15.0
    """A connection without a request is closed after this time."""
    send_timeout_s: Annotated[float, Field(gt=0, le=3_600)] = 60.0
    """A connection whose client reads nothing of a response for this time is closed."""


def checked_dashboard(table: Mapping[str, object], config: Path) -> DashboardSettings:
    """The settings in the table `[dashboard]` of a file; raises ConfigurationError."""
    try:
        return DashboardSettings.checked(dict(table), where=str(config))
    except ConfigurationError as error:
        # Add the table's name to the key.
        raise ConfigurationError(
            error.where, f"dashboard.{error.key}", error.value, error.expected
        ) from error
