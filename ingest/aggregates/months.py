"""Which month is over, and which one a person means. Pure."""

from __future__ import annotations

import re
from datetime import date, tzinfo
from typing import Final

from contract.errors import UsageError
from school.programme.month_figures import Month, month_of

__all__ = ["last_month", "named_month"]

_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


def last_month(today: date, zone: tzinfo | None) -> Month:
    """The last one that is over."""
    before = today.year * 12 + today.month - 2
    return month_of(before // 12, before % 12 + 1, zone)


def named_month(text: str, today: date, zone: tzinfo | None) -> Month:
    """A month by its name. Raises UsageError for one that is not over: its figures still grow."""
    found = _MONTH.fullmatch(text)
    if found is None:
        raise UsageError(f'{text[:20]!r} is no month; expected one such as "2026-10".')
    year, month = int(found[1]), int(found[2])
    if (year, month) >= (today.year, today.month):
        raise UsageError(
            f"{text} is not over; only the figures of a month that is over leave, and once."
        )
    return month_of(year, month, zone)
