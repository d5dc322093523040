"""The Range of a request: one span of bytes, or none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Span", "UnsatisfiableError", "span_of"]

_ONE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class UnsatisfiableError(ValueError):
    """None of the bytes that are asked for are there."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from `start` up to, and without, `end`."""

    start: int
    end: int


def span_of(header: str, size: int) -> Span | None:
    """What a Range asks for; None for the whole file, as for one that is not understood.

    Several ranges at once are answered with the whole file: no player needs them. Raises
    UnsatisfiableError.
    """
    asked = _ONE.fullmatch(header.replace(" ", ""))
    if asked is None or not (asked[1] or asked[2]):
        return None
    if not asked[1]:  # the last so many bytes
        start, end = max(0, size - int(asked[2])), size
    else:
        start = int(asked[1])
        end = min(size, int(asked[2]) + 1) if asked[2] else size
        if asked[2] and int(asked[2]) < start:
            return None
    if start >= end:
        raise UnsatisfiableError
    return Span(start, end)
