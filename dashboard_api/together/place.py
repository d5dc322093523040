"""Which part of the agenda a debrief is in."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the agenda the talk is, and since when by the room's clock."""

    step: int
    since_ns: int

    def moved(self, step: int, now_ns: int) -> Place:
        """Two who go on at once go on by one: the same step does not begin again."""
        return self if step == self.step else Place(step, now_ns)
