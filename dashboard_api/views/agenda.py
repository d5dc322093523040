"""The course of a debrief: 45 minutes in six parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from contract.language import N_

__all__ = ["AGENDA", "Step"]

Tab = Literal["", "guess", "tab-moments", "tab-step"]


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the talk."""

    name: str
    minutes: int
    to_do: str
    """What the two do then, in a sentence."""
    opens: Tab = ""
    """What the page opens for it: the guess, or a tab beside the video."""


AGENDA: Final = (
    Step(
        N_("Frame"), 5, N_("Say what the talk is for, and that it stays between you."),
    ),
    Step(
        N_("Guess"), 5,
        N_("The teacher guesses where the room drifted and how long settling in took. Then compare."),
        "guess",
    ),
    Step(
        N_("Moments"), 20,
        N_("Watch two or three moments, 30 to 90 seconds each. Say what you notice, then ask."),
        "tab-moments",
    ),
    Step(
        N_("Plan"), 8, N_("Choose one thing to try, when in a lesson, and how it will show."),
        "tab-step",
    ),
    Step(N_("Rehearse"), 5, N_("Play it through once, as it will be in the lesson."), "tab-step"),
    Step(N_("Close"), 2, N_("Decide what stays shared, and when you look at it again.")),
)  # fmt: skip
"""`_` translates its texts where they are shown."""
