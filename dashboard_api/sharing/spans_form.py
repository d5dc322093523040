"""Times of a lesson in forms: minutes and seconds, as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from contract.errors import UsageError
from contract.language import _
from school.sharing.cut import Span, check_spans

__all__ = ["read_second", "read_spans"]

_TIME: Final = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d)", re.ASCII)


def read_second(text: str) -> int:
    """A time such as `12:30` or `1:02:30`; raises UsageError."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            _(
                "Write {text} as minutes and seconds of the lesson, such as 12:30.",
                text=repr(text.strip()[:20]),
            )
        )
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def read_spans(starts: Sequence[str], ends: Sequence[str]) -> tuple[Span, ...]:
    """The spans of a form, without its empty lines; raises UsageError."""
    if len(starts) != len(ends):
        raise UsageError(_("Each part needs a beginning and an end."))
    lines = [
        (start, end)
        for start, end in zip(starts, ends, strict=True)
        if start.strip() or end.strip()
    ]
    return check_spans([Span(read_second(start), read_second(end)) for start, end in lines])
