"""Where a shared playhead stands: pure functions of what its leader said, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contract.clock import SECOND_NS

__all__ = ["OLDEST_NS", "Playhead", "moved"]

OLDEST_NS: Final = 5 * SECOND_NS
"""What a leader says may have been on its way for so long; an older time counts as this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playhead:
    """A position in the lesson at a time, and how it goes on from there."""

    revision: int = 0
    """Grows with each change, so that a late message is known as one."""
    position_s: float = 0.0
    is_playing: bool = False
    rate: float = 1.0
    at_ns: int = 0
    """By the room's clock."""

    def position_at(self, now_ns: int) -> float:
        """Where it stands now, in seconds of the lesson."""
        if not self.is_playing:
            return self.position_s
        return self.position_s + self.rate * (now_ns - self.at_ns) / SECOND_NS


def moved(
    before: Playhead,
    *,
    position_s: float,
    is_playing: bool,
    rate: float,
    at_ns: int | None,
    now_ns: int,
) -> Playhead:
    """What a leader reports: the position that they had at `at_ns`, by their view of our clock.

    None, a time to come, and one before `OLDEST_NS` are no times to go by.
    """
    said = now_ns if at_ns is None else min(max(at_ns, now_ns - OLDEST_NS), now_ns)
    return Playhead(
        revision=before.revision + 1,
        position_s=position_s,
        is_playing=is_playing,
        rate=rate,
        at_ns=said,
    )
