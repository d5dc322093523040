"""A plan, its phases, and standards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from contract.errors import RoomtoneError

__all__ = [
    "LONGEST_CODE",
    "LONGEST_NAME",
    "MAX_PHASES",
    "MAX_TAGS",
    "Phase",
    "Plan",
    "PlanChangedError",
    "Standard",
    "planned_spans",
]

MAX_PHASES: Final = 30
LONGEST_NAME: Final = 80
MAX_TAGS: Final = 10
"""So many standards at most in one phase."""
LONGEST_CODE: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A part of a plan, and what its teacher says of how it came."""

    name: str
    minutes: int
    standards: tuple[str, ...] = ()
    """Codes, as the school's standards write them."""
    began_s: int | None = None
    """Seconds from the lesson's start to its true beginning; None while nobody has said."""
    is_absent: bool = False
    """Whether the teacher says that it never came."""

    @property
    def is_answered(self) -> bool:
        """Whether its teacher said how it came."""
        return self.is_absent or self.began_s is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a teacher plans for a lesson of theirs, in order."""

    lesson: str
    person: str
    phases: tuple[Phase, ...]
    revision: int
    """Raised when its text changes, not by what is said of its phases."""
    written_utc_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What pupils are to know, by the code that its framework gives it."""

    framework: str
    code: str
    words: str


class PlanChangedError(RoomtoneError):
    """Somebody wrote the plan again, or removed it, since it was read."""


def planned_spans(phases: Sequence[Phase]) -> list[tuple[int, int]]:
    """When each phase is planned, in seconds since the lesson's start."""
    ends = list(accumulate(phase.minutes * 60 for phase in phases))
    return [(end - phase.minutes * 60, end) for phase, end in zip(phases, ends, strict=True)]
