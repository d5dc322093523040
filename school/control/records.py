"""What people ask of kits, as records."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["KitRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KitRequest:
    """The last command that somebody gave to a kit, and what became of it."""

    room: str
    node: str
    id: str
    command: str
    """One of `contract.wire.messages.CommandName`, or `release`, which ingest itself answers."""
    hub: str | None = None
    asked_utc_ns: int
    is_done: bool | None = None
    """None while the kit has not answered."""
    why: str = ""
    """Why it was not done, in the kit's words."""
