"""The key under which a limit counts a client."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

from starlette.requests import HTTPConnection, Request

__all__ = ["address_for_people", "address_key", "caller_key"]


def address_key(address: str | None) -> str:
    """The key of an address; an IPv6 host can use any address of its 64-bit network."""
    if address is None:
        return ""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and not found.is_loopback:
        return f"{found.packed[:8].hex()}::/64"
    return str(found)


def caller_key(connection: HTTPConnection) -> str:
    """The key of a request's client; behind a trusted proxy, of the browser."""
    return address_key(None if connection.client is None else connection.client.host)


def address_for_people(request: Request) -> str:
    """What an address begins with that works on other computers: as set, or as this browser asks."""
    base: str | None = request.app.state.settings.link_base
    return f"{request.url.scheme}://{request.url.netloc}" if base is None else base
