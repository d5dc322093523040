"""What people mark in a lesson, what they say of it, and what is kept of that to learn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Label", "Moment", "MomentKind", "Speaker", "Verdict", "VerdictCount"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A span of a lesson worth talking about, marked by a person."""

    id: str
    lesson: str
    start_s: float
    end_s: float
    note: str
    author: str


Speaker = Literal["teacher", "coach"]
MomentKind = Literal["lively", "calm", "own"]
"""Suggested because of an alert; suggested as a strength; marked by a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a moment was worth talking about, as the teacher or the coach of the lesson says.

    One for each moment and speaker. It holds the moment's place, because suggestions are computed
    again and alerts go with the scores.
    """

    lesson: str
    moment: str
    by: Speaker
    is_confirmed: bool
    kind: MomentKind
    zone: str
    """`room` for the whole room."""
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictCount:
    """How many suggested lively moments were confirmed, and how many dismissed.

    Each moment counts once; where teacher and coach differ, the teacher's word counts.
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Label:
    """What is kept of a verdict to learn from, with the teacher's opt-in.

    It is about the room or a zone of five seats or more, and names nobody.
    """

    lesson: str
    moment: str
    by: Speaker
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
