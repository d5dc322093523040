"""What goes into the stores, and comes out of them, about clocks: the nodes' and the server's."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ClockClaim", "ClockNote", "SeenClock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenClock:
    """Where a run's boot clock stands by the server's own clock."""

    node: str
    run: int
    offset_ns: int
    """UTC minus boot clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockClaim:
    """What a node says of its clock and is not believed."""

    utc_ns: int
    """What it said the time was."""
    off_ns: int
    """How far that is ahead of what the server saw; negative: slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockNote:
    """What is noted of the server's own clock."""

    boot: str
    """The start of the kernel that it was noted in."""
    zero_utc_ns: int
    """UTC at which that one's monotonic clock showed zero."""
    began_utc_ns: int
    """UTC when the program began that noted it."""
    newest_utc_ns: int
    """UTC when it was noted."""
    retention_from_utc_ns: int
    """Nothing is removed for its age before this."""
