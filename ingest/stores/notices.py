"""What is held against nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Notice", "NoticeKind"]

NoticeKind = Literal["limit", "aside", "connections"]
"""More runs, rooms or layouts than one node may have; more bad messages; too many connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that ingest holds against a node, and that its technician should see."""

    node: str
    kind: NoticeKind
    room: str
    sentence: str
    count: int = 1
    """How often it happened."""
    first_utc_ns: int
    last_utc_ns: int
