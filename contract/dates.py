"""Which dates a person can mean: others are typing errors, and clocks can't convert them."""

from __future__ import annotations

from datetime import date
from typing import Final

from contract.errors import UsageError

__all__ = ["FIRST_YEAR", "LAST_YEAR", "check_date"]

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2200


def check_date(moment: date, what: str) -> None:
    """Raise UsageError, which begins with `what`, for a date that must be a typing error."""
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise UsageError(
            f"{what} is in the year {moment.year:04d}, expected {FIRST_YEAR} to {LAST_YEAR}."
        )
