"""A cycle: one focus for some weeks, from a goal to a second look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

from contract.errors import UsageError
from contract.language import N_, _

__all__ = [
    "LONGEST_FOCUS",
    "STAGES",
    "Cycle",
    "CycleChangedError",
    "CycleGoneError",
    "CycleText",
    "Stage",
    "cycle_of",
    "stage_of",
]

Stage = Literal["goal", "observe", "debrief", "plan", "attempt", "again"]
STAGES: Final[Mapping[Stage, str]] = MappingProxyType({
    "goal": N_("Agree on a focus"),
    "observe": N_("Look at a lesson"),
    "debrief": N_("Talk about it"),
    "plan": N_("Choose a next step"),
    "attempt": N_("Try it"),
    "again": N_("Look again"),
})  # fmt: skip
"""In their order."""

CycleState = Literal["proposed", "open", "closed"]
LONGEST_FOCUS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleText:
    """What people write of a cycle."""

    focus: str
    """One sentence."""
    debrief_on: date | None = None
    """When they talk about the lesson."""
    again_on: date | None = None
    """When they look again."""

    def __post_init__(self) -> None:
        if not self.focus.strip():
            raise UsageError(_("Say in one sentence what you work on."))
        if self.debrief_on and self.again_on and self.again_on < self.debrief_on:
            raise UsageError(_("The second look is before the talk: choose a later day."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """A cycle of one teacher. At most one of theirs is open."""

    id: str
    person: str
    """Whose cycle it is."""
    coach: str | None
    """With whom they share it, or who proposes it."""
    state: CycleState
    text: CycleText
    lesson: str | None
    """The lesson that they look at; None before they chose one, or once that is deleted."""
    step: str | None
    """The id of the next step that came of it."""
    talked_utc_ns: int | None
    """When the teacher said that they have talked about the lesson."""
    author: str
    """Who wrote it first: the teacher, or a coach who proposed it."""
    revision: int
    """Counts its changes, so that no window overwrites what it has not shown."""
    written_utc_ns: int
    changed_utc_ns: int


class CycleChangedError(UsageError):
    """It was changed elsewhere meanwhile; `now` is what it is by now."""

    def __init__(self, now: Cycle) -> None:
        super().__init__(_("You changed this in another window meanwhile."))
        self.now = now


class CycleGoneError(UsageError):
    """There is no such cycle of this teacher's any more."""

    def __init__(self) -> None:
        super().__init__(_("This cycle is gone: it was removed in another window."))


def stage_of(cycle: Cycle, *, has_tried: bool) -> Stage:
    """Where a cycle stands: the first stage that is not done.

    `has_tried` says whether the teacher said how the step went.
    """
    if cycle.lesson is None and cycle.talked_utc_ns is None:
        return "observe"
    if cycle.talked_utc_ns is None and cycle.step is None:
        return "debrief"
    if cycle.step is None:
        return "plan"
    return "again" if has_tried else "attempt"


def cycle_of(cycles: Sequence[Cycle], lesson: str, starts_utc_ns: int) -> Cycle | None:
    """The one of a teacher's cycles that a lesson of theirs falls into.

    It is the one that looks at this lesson, or else the one that was open when the lesson began.
    """
    known = [one for one in cycles if one.state != "proposed"]
    chosen = [one for one in known if one.lesson == lesson]
    was_open = [
        one
        for one in known
        if one.written_utc_ns <= starts_utc_ns
        # Nothing of a cycle changes after it is closed.
        and (one.state == "open" or starts_utc_ns <= one.changed_utc_ns)
    ]
    return max(chosen or was_open, key=lambda one: one.written_utc_ns, default=None)
