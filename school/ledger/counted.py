"""Keeps a class's results out of a sheet if an earlier sheet has them. Pure.

Two sheets of one file, with one teacher less in the second, would differ by that teacher's outcome. So
a sheet keeps a mark of each class that its gains are of, and a class with a mark of an earlier sheet
counts no more. The mark is of the results alone: a new name of the class or its teacher changes nothing.

A mark is so short that many other results have the same one: it says nothing of results that somebody
does not have already. Where two classes have one by chance (1 in 16 million), one of them is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from school.ledger.records import Outcome

__all__ = ["marks_of", "not_counted"]

_LETTERS: Final = 6
"""Hexadecimal: 24 bits."""


def marks_of(outcomes: Iterable[Outcome], salt: str) -> str:
    """The salt, which is a word, and the marks in their order; empty without outcomes."""
    marks = sorted({_mark(each, salt) for each in outcomes})
    return " ".join([salt, *marks]) if marks else ""


def not_counted(outcomes: Sequence[Outcome], marks: Iterable[str]) -> list[Outcome]:
    """Those whose results none of the earlier sheets has, by what `marks_of` made for each."""
    found = list(outcomes)
    for each in filter(None, marks):
        salt, *known = each.split(" ")
        counted = frozenset(known)
        found = [outcome for outcome in found if _mark(outcome, salt) not in counted]
    return found


def _mark(outcome: Outcome, salt: str) -> str:
    # Without who is coached: the class is the same.
    values = outcome.site, outcome.pupils, float(outcome.before), float(outcome.after)
    text = "|".join([salt, *map(str, values)])
    return hashlib.sha256(text.encode()).hexdigest()[:_LETTERS]
