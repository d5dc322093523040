"""Times in people's words, such as 12:30, which lead to that place in the lesson."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Piece", "pieces_of"]

_TIME: Final = re.compile(
    r"(?<![\w:.])(?:(\d{1,2}):([0-5]\d)|(\d{1,3})):([0-5]\d)(?![\w:])", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text; with the second that it names, if it is a time."""

    text: str
    second: int | None = None


def pieces_of(text: str) -> list[Piece]:
    """The text in order, cut at its times: their texts together are the text."""
    found: list[Piece] = []
    at = 0
    for match in _TIME.finditer(text):
        if match.start() > at:
            found.append(Piece(text[at : match.start()]))
        hours, minutes, only_minutes, seconds = (int(each or 0) for each in match.groups())
        second = hours * 3_600 + (minutes + only_minutes) * 60 + seconds
        found.append(Piece(match.group(), second))
        at = match.end()
    if at < len(text):
        found.append(Piece(text[at:]))
    return found
