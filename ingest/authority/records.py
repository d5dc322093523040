"""What the authority says of codes, kits and the broker's lists, to pages and commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

__all__ = ["CodeState", "EnrolmentCode", "Lists", "NodeState"]

CodeState = Literal["none", "open", "expired", "void"]
"""`void`: five wrong tries. After its use a node has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentCode:
    """A new code for one node. It works once."""

    code: str
    """Six digits."""
    qr_text: str
    """For a QR code; "" if the settings do not say the server's `address`."""
    expires: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """A node as the authority knows it. All times are aware UTC."""

    node: str
    site: str
    room: str
    """The room that it may write for; of an open code, before its first certificate, the code's."""
    enrolled_at: datetime | None
    """When it got its newest certificate; None before the first."""
    valid_until: datetime | None
    """When that ends; None before the first, and once it is revoked."""
    code: CodeState
    code_expires: datetime | None
    tries_left: int
    """Of its open code."""
    revoked_at: datetime | None
    disconnected_at: datetime | None
    """When the broker refused the revoked certificates and had no connection of the node any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """What the broker needs of the authority, and how to find out whether the broker has it."""

    number: int
    access: str
    revoked: str
    authority: str
    """Its certificate, PEM as the others."""
    probe_certificate: str
    """A certificate that this list revokes: a broker that accepts it has an older list."""
    probe_key: str
