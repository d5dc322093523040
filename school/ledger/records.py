"""What the ledger has: a person's week in minutes, what the programme costs, and a class's outcome."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Final

from contract.errors import UsageError
from contract.language import N_, _

__all__ = ["COLUMNS", "KIND_WORDS", "MAX_MINUTES", "Costs", "Outcome", "Span", "Week", "monday_of"]

KIND_WORDS: Final = {
    "preparing": N_("preparing"),
    "visiting": N_("visiting"),
    "travelling": N_("travelling"),
    "debriefing": N_("talking about lessons"),
    "travel_saved": N_("travel saved"),
}
"""What time goes into, and travel that somebody did not have to make."""
COLUMNS: Final = tuple(KIND_WORDS)
MAX_MINUTES: Final = 6_000
"""Of one kind in one week; more is a slip."""
_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2100
_MAX_COST: Final = 10_000_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Minutes of one person in the week that begins on `monday`."""

    monday: date
    preparing: int = 0
    visiting: int = 0
    travelling: int = 0
    debriefing: int = 0
    travel_saved: int = 0

    def __post_init__(self) -> None:
        if self.monday.weekday():
            raise UsageError(_("{day} is no Monday; a week begins on a Monday.", day=self.monday))
        for kind in COLUMNS:
            if not 0 <= self.minutes(kind) <= MAX_MINUTES:
                raise UsageError(
                    _(
                        "{kind} is {minutes}, expected 0 to {most} minutes in a week.",
                        kind=kind, minutes=self.minutes(kind), most=MAX_MINUTES,
                    )
                )  # fmt: skip

    def minutes(self, kind: str) -> int:
        value: int = getattr(self, kind)
        return value

    @property
    def spent(self) -> int:
        """Minutes that went into coaching; travel that was saved is none."""
        return self.preparing + self.visiting + self.travelling + self.debriefing


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Weeks one after the other, by the Mondays of the first and of the last."""

    first: date
    last: date

    @property
    def weeks(self) -> int:
        return (self.last - self.first).days // 7 + 1

    @property
    def last_day(self) -> date:
        """The Sunday with which it ends."""
        return self.last + timedelta(days=6)

    @property
    def day_after(self) -> date:
        """The Monday on which the next one begins."""
        return self.last + timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What an administrator enters; money is in one currency of the district's."""

    starts_on: date | None = None
    """The Monday of the first week of the programme; the weeks before are the baseline."""
    hour_cost: float = 0.0
    kit_cost: float = 0.0
    kit_years: float = 5.0
    """So long a kit lasts."""
    school_weeks: int = 36
    """In a year."""
    comparison: float = 2_100.0
    """What the district pays for a teacher and year of coaching without it."""

    def __post_init__(self) -> None:
        if self.starts_on is not None and not _FIRST_YEAR <= self.starts_on.year <= _LAST_YEAR:
            raise UsageError(
                _(
                    "{day} is no day of the programme; check its year.",
                    day=self.starts_on,
                )
            )
        if self.starts_on is not None and self.starts_on.weekday():
            raise UsageError(
                _("{day} is no Monday; a week begins on a Monday.", day=self.starts_on)
            )
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name != "starts_on" and not 0 <= value <= _MAX_COST:
                raise UsageError(
                    _(
                        "{name} is {value}, expected a number from 0 on.",
                        name=each.name,
                        value=value,
                    )
                )
        if self.kit_years <= 0 or not 1 <= self.school_weeks <= 53:
            raise UsageError(_("A kit lasts longer than no time, and a year has 1 to 53 weeks."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A class before and after, of which neither the name nor who teaches it is kept."""

    site: str
    teacher: int
    """Classes with the same number have one teacher; numbers are drawn at each import."""
    is_coached: bool
    pupils: int
    before: float
    after: float

    @property
    def gain(self) -> float:
        return self.after - self.before


def monday_of(day: date) -> date:
    """The first day of a day's week."""
    return date.fromordinal(day.toordinal() - day.weekday())
