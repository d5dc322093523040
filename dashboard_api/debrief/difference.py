"""What a teacher guessed of a lesson, and what was measured: the difference is the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from contract.language import _, ngettext
from dashboard_api.moments.picked import is_same_stretch
from dashboard_api.views.schemas import MomentJson
from dashboard_api.views.text import joined_text, length_text, position_text
from models.serving.scores import ROOM

__all__ = [
    "BEGINS_S",
    "Difference",
    "Settling",
    "Within",
    "compare",
    "difference_sentences",
    "settling_in",
]

Span = tuple[float, float]
Within = Literal["", "shared", "kept"]
"""Of which part the sentences are: the whole lesson, what is shared, or what is not left out."""
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
    for _fit, i, j in pairs:
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
    is_own: bool = True,
    within: Within = "",
) -> list[str]:
    """In words, without a judgement: "You" is the teacher, who reads it with `is_own`.

    The start is not named where `settling` is None.
    """
    marked = _marked_own(found.marked) if is_own else _marked(found.marked)
    same = _beside(_within(marked, within), found)
    return [same] if settling is None else [same, _settling(guessed_s, settling, is_own, within)]


def _within(words: str, within: Within) -> str:
    """With the part of the lesson that a sentence is about."""
    if within == "shared":
        return _("{sentence} in what is shared with you", sentence=words)
    return _("{sentence} in what is not left out", sentence=words) if within else words


def _marked_own(n: int) -> str:
    if n == 0:
        return _("You marked no stretch")
    return ngettext("You marked {n} stretch", "You marked {n} stretches", n)


def _marked(n: int) -> str:
    if n == 0:
        return _("The teacher marked no stretch")
    return ngettext("The teacher marked {n} stretch", "The teacher marked {n} stretches", n)


def _beside(marked: str, found: Difference) -> str:
    """What the teacher marked beside what the system suggested."""
    if not found.suggested:
        return _("{marked}; the system suggested none.", marked=marked)
    if not found.marked:
        return _("{marked}; the system suggested {n}.", marked=marked, n=found.suggested)
    if not found.same:
        return _(
            "{marked}; the system suggested {n}; none is the same.",
            marked=marked, n=found.suggested,
        )  # fmt: skip
    places = joined_text([f"{position_text(a)}–{position_text(b)}" for a, b in found.same])
    return ngettext(
        "{marked}; the system suggested {suggested}; {n} is the same: {places}.",
        "{marked}; the system suggested {suggested}; {n} are the same: {places}.",
        len(found.same), marked=marked, suggested=found.suggested, places=places,
    )  # fmt: skip


def _settling(guessed_s: int | None, settling: Settling, is_own: bool, within: Within) -> str:  # noqa: FBT001
    length = length_text(guessed_s or 0)
    if guessed_s is None:
        guess = (
            _("You did not guess how long settling in took.")
            if is_own
            else _("The teacher did not guess how long settling in took.")
        )
    elif is_own:
        guess = _("You guessed that settling in took {length}.", length=length)
    else:
        guess = _("The teacher guessed that settling in took {length}.", length=length)
    if settling.until_s is None:
        unknown = _(
            "When the room came down to its usual is not known: no livelier stretch of the whole room "
            "stood out at the start"
        )
        return f"{guess} {_within(unknown, within)}."
    measured = _(
        "The room’s movement came down to its usual after {length}.",
        length=length_text(settling.until_s),
    )
    return f"{guess} {measured}"


def _shared(one: Span, other: Span) -> float:
    return min(one[1], other[1]) - max(one[0], other[0])
