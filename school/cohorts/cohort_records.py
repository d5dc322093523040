"""Cohorts as the school's database has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

__all__ = [
    "FORMED_FROM",
    "GROUP_OF",
    "LONGEST_FOCUS",
    "LONGEST_TITLE",
    "LONGEST_WORDS",
    "MAX_MEMBERS",
    "MAX_REPLIES",
    "MAX_TASKS",
    "REPLY_KINDS",
    "Cohort",
    "CohortAnswer",
    "CohortReply",
    "CohortTask",
    "LeftReply",
    "Member",
    "MemberState",
    "Named",
    "ReplyKind",
    "SpanPlace",
    "Visits",
]

FORMED_FROM: Final = 10
"""So many members make a cohort; before that it is forming."""
MAX_MEMBERS: Final = 15
"""More can't answer one another."""
MAX_TASKS: Final = 50
GROUP_OF: Final = 6
"""So many members, each with a lesson, are counted together: five beside whoever of them reads it."""
MAX_REPLIES: Final = 200
"""To one clip, or one answer."""
LONGEST_TITLE: Final = 80
LONGEST_FOCUS: Final = 200
LONGEST_WORDS: Final = 2_000

MemberState = Literal["invited", "member"]
ReplyKind = Literal["observation", "question"]
"""What one saw, or what one asks oneself: what a colleague has to say to what they were shown."""
REPLY_KINDS: Final[tuple[ReplyKind, ...]] = get_args(ReplyKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who is invited, or has joined."""

    person: str
    name: str
    state: MemberState


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Teachers with one focus, and the coach who leads them."""

    id: str
    coach: str | None
    """None if the coach has left the school."""
    coach_name: str
    title: str
    focus: str
    members: tuple[Member, ...]
    offered_to: str | None = None
    """The coach who is asked to lead it from now on."""

    @property
    def joined(self) -> tuple[Member, ...]:
        """Those who are in it."""
        return tuple(each for each in self.members if each.state == "member")

    @property
    def is_forming(self) -> bool:
        """Whether it has fewer members than a cohort needs."""
        return len(self.joined) < FORMED_FROM

    def state_of(self, person: str) -> MemberState | None:
        """Whether somebody is invited or in it."""
        return next((each.state for each in self.members if each.person == person), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortTask:
    """A question about a span of each member's own lesson."""

    id: str
    cohort: str
    question: str
    due_on: date
    is_of_before: bool
    """Whether somebody else led the cohort when it was set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanPlace:
    """What is counted of a span of an answer, and nothing else of it."""

    activity: str
    """What was on for most of it; empty for none, or not known."""
    third: int
    """0, 1 or 2: in which third of its lesson it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortAnswer:
    """What a member says to a task."""

    task: str
    person: str
    name: str
    lesson: str
    start_s: int
    end_s: int
    words: str
    handed_utc_ns: int | None
    """When they handed it to the cohort; None while it is theirs alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortReply:
    """What somebody in a cohort says to a clip, or to the answer of `writer` to a task."""

    id: str
    person: str
    name: str
    clip: str | None
    task: str | None
    writer: str | None
    kind: ReplyKind
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftReply:
    """What somebody said in a cohort that they are not in, and lead no more."""

    id: str
    cohort: str
    title: str
    kind: ReplyKind
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """On which day somebody is the host, and in which lesson of theirs, as far as they named it."""

    day: date | None
    lesson: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """That two members see a lesson of each other's, as one of them has it."""

    id: str
    other: str
    other_name: str
    is_agreed: bool
    is_asked: bool
    """Whether the other one proposed it."""
    mine: Named
    theirs: Named
