"""What a teacher guessed of a lesson, and what was measured: the difference is the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dashboard_api.moments.picked import is_same_stretch
from dashboard_api.views.schemas import MomentJson
from dashboard_api.views.text import joined_text, length_text, position_text
from models.serving.scores import ROOM

__all__ = ["BEGINS_S", "Difference", "Settling", "compare", "difference_sentences", "settling_in"]

Span = tuple[float, float]
BEGINS_S: Final = 180
"""A livelier stretch that begins later is not about settling in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How many stretches each side names, and which of them are the same."""

    marked: int
    suggested: int
    same: tuple[Span, ...]
    """Where both name one: the part that they share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Until when the room was livelier than usual at the start; None if no such stretch was found."""

    until_s: float | None


def compare(marked: Sequence[Span], suggested: Sequence[Span]) -> Difference:
    """Each stretch of a side is the same as at most one of the other, the best fitting first."""
    pairs = sorted(
        (
            (_shared(one, other), i, j)
            for i, one in enumerate(marked)
            for j, other in enumerate(suggested)
            if is_same_stretch(*one, *other)
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    used_marked, used_suggested = set[int](), set[int]()
    same: list[Span] = []
    for _, i, j in pairs:
        if i in used_marked or j in used_suggested:
            continue
        used_marked.add(i)
        used_suggested.add(j)
        same.append((max(marked[i][0], suggested[j][0]), min(marked[i][1], suggested[j][1])))
    return Difference(marked=len(marked), suggested=len(suggested), same=tuple(sorted(same)))


def settling_in(moments: Sequence[MomentJson]) -> Settling:
    """From the livelier stretch of the whole room with which the lesson begins.

    That is the routine "settling in", or a suggestion where it took too long to be one.
    """
    begins = [
        one.end_s
        for one in moments
        if one.zone == ROOM and one.start_s <= BEGINS_S and not one.is_strength
        if one.kind != "own" and (one.kind == "suggested" or ".routine.settling_in." in one.id)
    ]
    return Settling(until_s=max(begins, default=None))


def difference_sentences(
    found: Difference,
    guessed_s: int | None,
    settling: Settling | None,
    *,
    who: str = "You",
    within: str = "",
) -> list[str]:
    """In words, without a judgement: `who` is "You" for the teacher.

    `within` says of which part, such as " in what is shared with you"; the start is not named where
    `settling` is None.
    """
    marked = (
        f"{who} marked {_stretches(found.marked)}{within}; the system suggested "
        f"{_number(found.suggested)}"
    )
    if not found.marked or not found.suggested:
        same = "."
    elif not found.same:
        same = "; none is the same."
    else:
        places = joined_text([f"{position_text(a)}–{position_text(b)}" for a, b in found.same])
        same = f"; {len(found.same)} {'is' if len(found.same) == 1 else 'are'} the same: {places}."
    if settling is None:
        return [marked + same]
    return [marked + same, _settling(guessed_s, settling, who, within)]


def _settling(guessed_s: int | None, settling: Settling, who: str, within: str) -> str:
    guess = f"{who} guessed that settling in took {length_text(guessed_s or 0)}. "
    if guessed_s is None:
        guess = f"{who} did not guess how long settling in took. "
    if settling.until_s is None:
        return (
            f"{guess}When the room came down to its usual is not known: no livelier stretch of the "
            f"whole room stood out at the start{within}."
        )
    return (
        f"{guess}The room’s movement came down to its usual after {length_text(settling.until_s)}."
    )


def _shared(one: Span, other: Span) -> float:
    return min(one[1], other[1]) - max(one[0], other[0])


def _number(n: int) -> str:
    return "none" if n == 0 else str(n)


def _stretches(n: int) -> str:
    return "no stretch" if n == 0 else f"{n} stretch{'' if n == 1 else 'es'}"
