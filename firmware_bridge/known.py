"""What one connection to a hub leaves to the next."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_bridge.frames import Hello
from firmware_bridge.tick_map import TickMap

__all__ = ["Known"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """In case that the hub only kept silent, its ticks go on where they were."""

    last_sample_ns: int | None = None
    """The last sample that was dated."""
    undated: int = 0
    """Samples that came without a date and stand in no `FramesMissing` yet."""
    hello: Hello | None = None
    tick_map: TickMap | None = None
    last_sample_tick: int | None = None
