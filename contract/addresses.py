"""Addresses of other programs, as people write them into settings. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

__all__ = ["LOOPBACK", "is_plain_address", "is_safe_address"]

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""What this computer calls itself."""


def is_safe_address(address: str) -> bool:
    """Whether it is https, or an address of this computer."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.username is not None or not address.isascii() or not address.isprintable():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)


def is_plain_address(address: str) -> bool:
    """Whether it is http or https, a host, perhaps a port and a path, and nothing else."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not address.isascii() or not address.isprintable() or " " in address:
        return False
    if not host or port == 0 or "@" in parts.netloc or parts.query or parts.fragment:
        return False
    return parts.scheme in {"http", "https"}
