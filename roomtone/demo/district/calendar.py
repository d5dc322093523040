"""The weeks of the district: some before the programme, and two terms that are over. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from contract.clock import SECOND_NS

__all__ = ["LESSON_S", "Calendar", "calendar_of", "utc_ns"]

LESSON_S: Final = 40 * 60
_BASELINE: Final = 4
_FIRST: Final = 12
_BREAK: Final = 2
_SECOND: Final = 14
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Weeks by their Mondays."""

    today: date
    baseline: tuple[date, ...]
    """Of the first term, before the programme starts: people keep their time already."""
    first: tuple[date, ...]
    """The weeks of the first term with the programme."""
    second: tuple[date, ...]
    """The second term; its last week is the one before this one."""

    @property
    def starts_on(self) -> date:
        """The Monday with which the programme starts."""
        return self.first[0]

    @property
    def weeks(self) -> tuple[date, ...]:
        """All weeks of the programme that are over."""
        return self.first + self.second

    @property
    def coming(self) -> date:
        """The week after this one, with planned lessons."""
        return self.second[-1] + 2 * _WEEK


def calendar_of(today: date) -> Calendar:
    """The same terms whenever the demo runs, so many weeks ago."""
    this = today - timedelta(days=today.weekday())
    count = _BASELINE + _FIRST + _BREAK + _SECOND
    mondays = [this - back * _WEEK for back in range(count, 0, -1)]
    starts = _BASELINE + _FIRST
    return Calendar(
        today=today,
        baseline=tuple(mondays[:_BASELINE]),
        first=tuple(mondays[_BASELINE:starts]),
        second=tuple(mondays[starts + _BREAK :]),
    )


def utc_ns(day: date, hour: int = 0, minute: int = 0) -> int:
    """A time of a day in UTC, the district's time zone."""
    at = datetime.combine(day, time(hour, minute), tzinfo=UTC)
    return int(at.timestamp()) * SECOND_NS
