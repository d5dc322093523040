"""Who asks, as reverse proxies report it: pure functions of the headers that they send."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from starlette.datastructures import Headers

from contract.errors import RoomtoneError
from contract.language import _
from dashboard_api.settings import Network

__all__ = ["ForwardedError", "Origin", "is_in", "origin_of"]

_OLD: Final = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host")
_PAIR: Final = re.compile(r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^",;\s]*)\s*')
_PORT: Final = re.compile(r"(?:\[([^\]]*)\]|([^:]*))(?::[0-9]{1,5})?")


class ForwardedError(RoomtoneError):
    """A trusted proxy's headers contradict each other, or can't be read."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The browser's address, and the scheme and host that it asked for; "" where not reported."""

    client: str
    scheme: str = ""
    host: str = ""


def is_in(address: str, networks: Sequence[Network]) -> bool:
    """Whether an address is in one of the networks."""
    found = _address(address)
    return found is not None and any(found in network for network in networks)


def origin_of(peer: str, headers: Headers, trusted: Sequence[Network]) -> Origin | None:
    """Whom a connection's other end asks for; None if it reports nobody, or is not trusted.

    Each proxy appends the address that it saw, so the right-most address that is not a proxy's is
    the browser's. What stands left of it may be made up. Raises ForwardedError.
    """
    if not is_in(peer, trusted):
        return None
    standard = ",".join(headers.getlist("forwarded"))
    if not standard.strip():
        if not any(name in headers for name in _OLD):
            return None
        return _by_old_headers(peer, headers, trusted)
    if any(name in headers for name in _OLD):
        # A proxy that sets one of them passes on what a stranger wrote in the other.
        raise ForwardedError(
            _(
                "The request has X-Forwarded and Forwarded headers; the reverse proxy must remove "
                "those that it does not set itself."
            )
        )
    return _by_standard(peer, standard, trusted)


def _by_old_headers(peer: str, headers: Headers, trusted: Sequence[Network]) -> Origin:
    hops = [part.strip() for part in ",".join(headers.getlist("x-forwarded-for")).split(",")]
    client = peer
    for hop in reversed(hops):
        found = _hop_address(hop)
        if not found:
            break
        client = found
        if not is_in(found, trusted):
            break
    return Origin(
        client, _last(headers, "x-forwarded-proto").lower(), _last(headers, "x-forwarded-host")
    )


def _last(headers: Headers, name: str) -> str:
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()


def _by_standard(peer: str, text: str, trusted: Sequence[Network]) -> Origin:
    found = Origin(peer)
    for element in reversed(_elements(text)):
        address = _hop_address(element.get("for", ""))
        if not address:
            break
        found = Origin(address, element.get("proto", "").lower(), element.get("host", ""))
        if not is_in(address, trusted):
            break
    return found


def _elements(text: str) -> list[dict[str, str]]:
    """The elements of a Forwarded header (RFC 7239, 4), the nearest proxy's last."""
    elements: list[dict[str, str]] = [{}]
    at = 0
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None:
            raise ForwardedError(_("The reverse proxy's header Forwarded can't be read."))
        value = pair[2]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        elements[-1][pair[1].lower()] = value
        at = pair.end()
        if text[at : at + 1] == ",":
            elements.append({})
        elif text[at : at + 1] not in {";", ""}:
            raise ForwardedError(_("The reverse proxy's header Forwarded can't be read."))
        at += 1
    return elements


def _hop_address(text: str) -> str:
    """The address of a hop, which may have a port; empty if it is hidden or none."""
    if _address(text) is None:
        match = _PORT.fullmatch(text)
        text = "" if match is None else match[1] or match[2]
    found = _address(text)
    return "" if found is None else str(found)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return found if mapped is None else mapped
