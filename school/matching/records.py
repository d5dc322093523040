"""What somebody works on, looks for and offers, by topic, and whom they show it to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from contract.language import N_

__all__ = [
    "AUDIENCES",
    "KINDS",
    "MAX_TOPICS",
    "SUBJECTS",
    "TOPICS",
    "Audience",
    "ColleagueTag",
    "Kind",
]

Kind = Literal["needs", "strengths", "focus"]
KINDS: Final[Mapping[Kind, str]] = MappingProxyType({
    "needs": N_("What you look for"),
    "strengths": N_("What you offer"),
    "focus": N_("What your cycle is about"),
})  # fmt: skip
Audience = Literal["nobody", "coach", "school", "everybody"]
AUDIENCES: Final[Mapping[Audience, str]] = MappingProxyType({
    "nobody": N_("nobody"),
    "coach": N_("the coach of your open cycle"),
    "school": N_("colleagues of your school, and that coach"),
    "everybody": N_("all teachers and coaches"),
})  # fmt: skip
"""Each includes the ones before it."""

TOPICS: Final[Mapping[str, str]] = MappingProxyType({
    "changes": N_("calm changes between phases"),
    "beginnings": N_("the first minutes of a lesson"),
    "tasks": N_("clear tasks"),
    "group-work": N_("group work"),
    "talk": N_("conversations with the whole class"),
    "questions": N_("questions that make pupils think"),
    "feedback": N_("feedback to pupils"),
    "own-work": N_("time to work alone"),
    "levels": N_("different levels in one class"),
    "words": N_("the language of the subject"),
    "noise": N_("the noise of a room"),
    "tools": N_("digital tools"),
    "first-years": N_("the first years of teaching"),
})  # fmt: skip
SUBJECTS: Final[Mapping[str, str]] = MappingProxyType({
    "mathematics": N_("mathematics"),
    "science": N_("natural sciences"),
    "first-language": N_("the language of the school"),
    "languages": N_("foreign languages"),
    "society": N_("history and society"),
    "arts": N_("arts"),
    "music": N_("music"),
    "sport": N_("sport"),
    "technology": N_("technology and computing"),
})  # fmt: skip
"""A closed list, as that of topics: words of one's own could name pupils, and match nothing."""
MAX_TOPICS: Final = 5
"""Of each kind; of a cycle one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueTag:
    """A topic that somebody chose for themselves."""

    person: str
    kind: Kind
    topic: str
    audience: Audience = "nobody"
    cycle: str | None = None
    """Of `focus`: the open cycle that it is about."""
    coach: str | None = None
    """The coach of the person's open cycle."""
