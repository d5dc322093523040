"""A sheet of a span of weeks as it was counted, and what it costs. Pure.

Hours, gains and numbers of people stay as they were on the day of the count. Money is made of them
with the costs as they are now: each is a figure of ten people or more, whatever it is multiplied by.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from school.ledger.interval import Estimate
from school.ledger.records import Costs, Span
from school.ledger.worth import Worth

__all__ = ["MIN_SHEET_WEEKS", "Bill", "Sheet", "bill_of", "earliest_last_day"]

MIN_SHEET_WEEKS: Final = 8
"""The shortest sheet: a term of nine weeks has one, and hardly anybody is in it for a week or two."""
_DAYS_IN_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is kept of a span that is over; nothing changes it."""

    number: int
    """From 1 on."""
    starts_on: date
    """When the programme began."""
    span: Span
    worth: Worth
    counted_utc_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """A sheet in money, in the district's currency."""

    hours: Estimate | None
    """Hours saved in all weeks that were kept in the span."""
    hours_cost: Estimate | None
    kits_cost: float
    """Of the span, by how long kits last."""
    teacher_year: Estimate | None
    """A teacher and year: kits, and the time of those who keep the ledger."""


def earliest_last_day(first: date) -> date:
    """The first Sunday with which a sheet may end that begins on a Monday."""
    return first + timedelta(days=7 * MIN_SHEET_WEEKS - 1)


def bill_of(sheet: Sheet, costs: Costs) -> Bill:
    """What a sheet's hours and kits cost."""
    worth = sheet.worth
    saved = worth.saved.get("all")
    hours = year = None
    if saved is not None and worth.weeks is not None:
        hours = saved.times(worth.weeks)
    if saved is not None and worth.before is not None and worth.teachers is not None:
        spent = saved.below(worth.before)
        year = (
            spent.times(saved.n * costs.school_weeks * costs.hour_cost)
            .plus(worth.kits * costs.kit_cost / costs.kit_years)
            .times(1 / worth.teachers)
        )
    lived = _lived(sheet, sheet.span.day_after, costs) - _lived(sheet, sheet.span.first, costs)
    return Bill(
        hours=hours, hours_cost=None if hours is None else hours.times(costs.hour_cost),
        kits_cost=worth.kits * costs.kit_cost * lived, teacher_year=year,
    )  # fmt: skip


def _lived(sheet: Sheet, day: date, costs: Costs) -> float:
    """Which part of a kit's years is over, 0 to 1, if kits came with the programme's start."""
    years = (day - sheet.starts_on).days / _DAYS_IN_YEAR
    return min(max(years / costs.kit_years, 0.0), 1.0)
