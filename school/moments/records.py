"""What people mark in a lesson, what they say of it, and what is kept of that to learn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from school.moments.dismissals import DismissalReason

__all__ = ["NOTE_KINDS", "Label", "Moment", "MomentKind", "NoteKind", "NoteTag", "Reply", "Speaker",
           "Verdict", "VerdictCount", "agreed"]  # fmt: skip

Speaker = Literal["teacher", "coach"]
"""As whom a person speaks of a lesson: as its teacher, or as someone it is shared with."""


NoteKind = Literal["observation", "question", "strength", "suggestion"]
"""What a note is."""
NOTE_KINDS: Final[tuple[NoteKind, ...]] = get_args(NoteKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTag:
    """A word of a framework that a note has; it stays readable when the framework is replaced."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A span of a lesson worth talking about, marked by a person: a note is its words."""

    id: str
    lesson: str
    start_s: float
    end_s: float
    note: str
    author: str
    """The id of who marked it; empty where that is not known, as of some older ones."""
    role: Speaker
    """As whom they marked it; it stays so when the lesson changes hands."""
    kind: NoteKind = "observation"
    tags: tuple[NoteTag, ...] = ()
    revision: int = 1
    """Higher with each change: who changes it says which one they have read."""
    began_utc_ns: int | None = None
    """When its writer began to type, of a note that was written during the lesson."""
    written_utc_ns: int | None = None
    """When it was kept first; None of older ones. It says what is new to whom, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What somebody says below a note."""

    id: str
    lesson: str
    moment: str
    author: str
    """The id of who wrote it."""
    role: Speaker
    text: str
    written_utc_ns: int


MomentKind = Literal["lively", "calm", "own"]
"""Suggested because of an alert; suggested as a strength; marked by a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a moment was worth talking about, as someone says who sees the lesson.

    One for each moment and person. It holds the moment's place, because suggestions are computed
    again and alerts go with the scores.
    """

    lesson: str
    moment: str
    by: str
    """The id of who says so; empty where that is not known."""
    role: Speaker
    is_confirmed: bool
    kind: MomentKind
    zone: str
    """`room` for the whole room."""
    start_s: float
    end_s: float
    reason: DismissalReason | None = None
    """Why a suggestion was dismissed, if they said so."""
    words: str = ""
    """Their own, about another reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCount:
    """How many suggested lively moments were confirmed, and how many dismissed.

    Each moment counts once, as `agreed` says.
    """

    confirmed: int
    dismissed: int

    @classmethod
    def sum(cls, counts: Iterable[VerdictCount]) -> VerdictCount:
        all_of = list(counts)
        return cls(
            confirmed=sum(one.confirmed for one in all_of),
            dismissed=sum(one.dismissed for one in all_of),
        )


def agreed(answers: Iterable[tuple[Speaker, bool]]) -> bool | None:
    """What several people say of one moment together.

    The teacher's word counts; without one, that of most coaches. None if as many say no as yes.
    """
    votes = list(answers)
    of_teachers = [said for role, said in votes if role == "teacher"]
    counted = of_teachers or [said for _, said in votes]
    balance = sum(1 if said else -1 for said in counted)
    return None if balance == 0 else balance > 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Label:
    """What is kept of a verdict to learn from, with the teacher's opt-in.

    It is about the room or a zone of five seats or more. `by` is the verdict's, with which it goes.
    """

    lesson: str
    moment: str
    by: str
    role: Speaker
    is_confirmed: bool
    kind: MomentKind
    is_room: bool
    """Else it is about a zone."""
    utc_ns: int
    """When the moment began."""
    model: str
    """The version of the model whose scores the features rest on."""
    features_version: str
    """Which features they are; see `models/school_model/labels.py`."""
    rows: NDArray[np.float64]
    """(epochs, features)"""
