"""What the pages can be told in server.toml, table `[dashboard]`."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from contract.settings import Settings

__all__ = ["DashboardSettings", "is_loopback"]


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this computer."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _loopback(host: str) -> str:
    if not is_loopback(host):
        # Not a ValueError: pydantic would put words of its own in front of the sentence.
        raise PydanticCustomError(
            "loopback",
            "127.0.0.1, ::1 or localhost: the pages have no sign-in yet, so they may be opened on "
            "this computer alone (from another one, use an SSH tunnel)",
        )
    return host


class DashboardSettings(Settings):
    """Where the pages listen, and how much they take from whoever connects."""

    host: Annotated[str, AfterValidator(_loopback)] = "127.0.0.1"
    """Address to listen on; only this computer's own until sign-in exists."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """TCP port; 0 takes any that is free."""
    max_body_bytes: Annotated[int, Field(ge=1_024)] = 65_536
    """Largest body of a request; the longest note, escaped, has less than half of it."""
    max_connections: Annotated[int, Field(ge=1)] = 500
    """Connections at a time; the longest idle one gives way to a new one."""
    max_connections_per_address: Annotated[int, Field(ge=1)] = 400
    """Of these from one address; a school behind one reverse proxy has one address."""
    max_streams: Annotated[int, Field(ge=1)] = 300
    """Live pages that move by themselves at a time."""
    max_streams_per_address: Annotated[int, Field(ge=1)] = 200
    """Of these from one address."""
    head_timeout_s: Annotated[float, Field(gt=0, le=3_600)] = 10.0
    """A request's first line and headers have to arrive within this time."""
    body_timeout_s: Annotated[float, Field(gt=0, le=3_600)] = 30.0
    """A request's body has to arrive within this time."""
    idle_timeout_s: Annotated[float, Field(ge=1, le=3_600)] = 15.0
    """A connection without a request is closed after this time."""
    send_timeout_s: Annotated[float, Field(gt=0, le=3_600)] = 60.0
    """A connection that takes nothing of an answer for this time is closed."""
