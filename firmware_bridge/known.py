"""What one connection to a hub passes on to the next."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_bridge.frames import Hello
from firmware_bridge.tick_map import TickMap

__all__ = ["Known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """If the hub was only silent, and not reset, its ticks continue from here."""

    last_sample_ns: int | None = None
    """The last sample that was dated."""
    undated: int = 0
    """Samples without a date that no `FramesMissing` has reported yet."""
    hello: Hello | None = None
    tick_map: TickMap | None = None
    last_sample_tick: int | None = None
