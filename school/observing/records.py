"""What an observer says of a zone after a look of twenty seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from contract.language import N_

__all__ = [
    "ANSWERS",
    "ANSWER_WORDS",
    "RANKS",
    "Answer",
    "Asked",
    "CodedLook",
    "Kept",
    "Look",
]

Answer = Literal["none", "few", "half", "most", "unsure"]
"""How many of a zone's pupils were off task during a look."""
ANSWERS: Final[tuple[Answer, ...]] = get_args(Answer)

ANSWER_WORDS: Final[Mapping[Answer, str]] = {
    "none": N_("None"),
    "few": N_("A few"),
    "half": N_("About half"),
    "most": N_("Most"),
    "unsure": N_("Can’t say"),
}
RANKS: Final[Mapping[str, int]] = {"none": 0, "few": 1, "half": 2, "most": 3}
"""The ordered answers; an observer who can't say gives none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one phone sends of a look. An undone one has no answer.

    `said_ms` is when it was answered, in milliseconds since the lesson's start: of two answers for
    the same look the later one counts, in whatever order they arrive.
    """

    id: str
    start_s: int
    answer: Answer | None
    said_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedLook:
    """A look as it is kept."""

    lesson: str
    person: str
    zone: str
    start_s: int
    end_s: int
    answer: Answer
    received_utc_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A person whom a lesson's teacher has asked to observe it."""

    lesson: str
    person: str
    name: str
    looks: int
    """How many of theirs are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many looks of all lessons are kept, and when the last one came: changes with them."""

    looks: int
    last_utc_ns: int
