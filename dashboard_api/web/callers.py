"""Whom a limit counts: one key for each caller."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection

__all__ = ["address_key", "stream_key"]


def address_key(address: str | None) -> str:
    """The key of an address; an IPv6 host can have any address of its network of 64 bits."""
    if address is None:
        return ""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and not found.is_loopback:
        return f"{found.packed[:8].hex()}::/64"
    return str(found)


def stream_key(connection: HTTPConnection) -> str:
    """Whom an open event stream counts for: an address, as long as nobody signs in."""
    return address_key(None if connection.client is None else connection.client.host)
