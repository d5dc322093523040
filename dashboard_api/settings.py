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
    """Where the pages listen."""

    host: Annotated[str, AfterValidator(_loopback)] = "127.0.0.1"
    """Address to listen on; only this computer's own until sign-in exists."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    """TCP port; 0 takes any that is free."""
