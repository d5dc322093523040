"""The course of a debrief: 45 minutes in six parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

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
    Step("Frame", 5, "Say what the talk is for, and that it stays between you."),
    Step(
        "Guess", 5,
        "The teacher guesses where the room drifted and how long settling in took. Then compare.",
        "guess",
    ),
    Step(
        "Moments", 20,
        "Watch two or three moments, 30 to 90 seconds each. Say what you notice, then ask.",
        "tab-moments",
    ),
    Step(
        "Plan", 8, "Choose one thing to try, when in a lesson, and how it will show.", "tab-step"
    ),
    Step("Rehearse", 5, "Play it through once, as it will be in the lesson.", "tab-step"),
    Step("Close", 2, "Decide what stays shared, and when you look at it again."),
)  # fmt: skip
