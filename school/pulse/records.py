"""A question, what was answered in a week, what became of it, and words for one chosen reader."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

__all__ = [
    "KINDS",
    "LONGEST_WORDS",
    "WHOLE",
    "Answer",
    "Deed",
    "Kind",
    "Question",
    "Tally",
    "Words",
]

Kind = Literal["debrief", "week"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""After a debrief, and once a week."""
WHOLE: Final = ""
"""In place of a school's name: all that the database holds."""
LONGEST_WORDS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and the steps of which one is tapped."""

    id: str
    """Another wording has another id, so that its answers are never added to those of this one."""
    kind: Kind
    text: str
    steps: tuple[str, ...]
    """From the least to the most."""
    good: int
    """So many steps, from the last one on, are counted together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One tap, without who it was."""

    question: str
    step: int
    site: str = WHOLE
    """The school of who answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How often each step of a question was tapped in a week of a school."""

    monday: date
    question: str
    site: str
    counts: tuple[int, ...]
    """By step, as far as the highest that anybody tapped."""

    @property
    def n(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What was said in the answers, and what was done about it since."""

    id: str
    site: str
    """The school that reads it; `WHOLE` for all of them."""
    day: date
    said: str
    did: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What somebody wrote to a reader of their own choice."""

    id: str
    person: str
    reader: str
    text: str
    written_utc_ns: int
