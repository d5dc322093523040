"""What waits for a person, before it is known what of it they see."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["WaitingLesson"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLesson:
    """A lesson with something that someone has not looked at."""

    lesson: str
    seen_utc_ns: int
    """When they looked last; -1 for never."""
    shared_utc_ns: int | None
    """Since when it is shared with them, if that is new to them."""
    has_replies: bool
    """Whether somebody else replied since, to them or in their own lesson."""
    has_notes: bool
    """Whether somebody else wrote a note in their own lesson since."""
    proposed: int
    """Next steps that are proposed to them, and that they have not answered."""
