"""What a school's teachers did in a month that is over, as numbers large enough to be of nobody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from contract.aggregates.figures import FIGURES, MIN_TEACHERS, fault_of
from contract.aggregates.report import Report
from contract.clock import SECOND_NS
from school.cycle.tables import cycles
from school.database import SchoolDatabase
from school.debrief.tables import action_steps, talks
from school.programme.tables import person_sites
from school.programme.taught import TAUGHT
from school.schema import lesson_owners, lessons

__all__ = ["Month", "MonthFigures", "month_figures", "month_of", "report_of"]

_LESSONS: Final = (
    select(lesson_owners.c.person, func.count())
    .join(lessons, lessons.c.id == lesson_owners.c.lesson)
    .where(*TAUGHT)
    .group_by(lesson_owners.c.person)
)
_WITH_CYCLE: Final = (
    select(cycles.c.person, func.count())
    .where(
        cycles.c.state != "proposed",
        cycles.c.written_utc_ns < bindparam("high"),
        or_(cycles.c.state == "open", cycles.c.changed_utc_ns >= bindparam("low")),
    )
    .group_by(cycles.c.person)
)
_STEPS: Final = (
    select(action_steps.c.person, func.count())
    .where(
        action_steps.c.state != "proposed",
        action_steps.c.written_utc_ns >= bindparam("low"),
        action_steps.c.written_utc_ns < bindparam("high"),
    )
    .group_by(action_steps.c.person)
)
_OF_DAYS: Final = (talks.c.day >= bindparam("first"), talks.c.day < bindparam("after"))
_TALKS: Final = select(talks.c.teacher, func.count()).where(*_OF_DAYS).group_by(talks.c.teacher)
_MINUTES: Final = (
    select(talks.c.teacher, func.sum(talks.c.minutes)).where(*_OF_DAYS).group_by(talks.c.teacher)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month in a school's time zone: [low, high) in nanoseconds since 1970, and its days."""

    name: str
    """Such as "2026-10"."""
    low_utc_ns: int
    high_utc_ns: int
    first_day: str
    """ISO 8601, as is the day after its last one."""
    day_after: str


def month_of(year: int, month: int, zone: tzinfo | None) -> Month:
    """A month; `zone` None is the computer's own."""
    first = datetime(year, month, 1, tzinfo=zone)
    after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone)
    return Month(
        name=f"{year:04}-{month:02}",
        low_utc_ns=int(first.timestamp()) * SECOND_NS,
        high_utc_ns=int(after.timestamp()) * SECOND_NS,
        first_day=first.date().isoformat(),
        day_after=after.date().isoformat(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFigures:
    """Of those teachers alone who had a lesson in the month: figure → teacher → how many."""

    teachers: frozenset[str]
    of: dict[str, Counter[str]]


def month_figures(database: SchoolDatabase, month: Month, school: str | None) -> MonthFigures:
    """Count; `school` counts its own people alone, None everybody."""
    with database.reading() as connection:
        lessons_of = _count(connection, _LESSONS, month)
        if school is not None:
            of_school = select(person_sites.c.person).where(person_sites.c.site == school)
            its = set(connection.scalars(of_school))
            lessons_of = Counter({who: n for who, n in lessons_of.items() if who in its})
        found = {
            "lessons": lessons_of,
            "with_cycle": _once(_count(connection, _WITH_CYCLE, month)),
            "steps": _count(connection, _STEPS, month),
            "talks": _count(connection, _TALKS, month),
            "talk_minutes": _count(connection, _MINUTES, month),
        }
    found["with_step"], found["with_talk"] = _once(found["steps"]), _once(found["talks"])
    teachers = frozenset(lessons_of)
    kept = {
        name: Counter({who: n for who, n in each.items() if who in teachers and n > 0})
        for name, each in found.items()
    }
    return MonthFigures(teachers=teachers, of=kept)


def report_of(site: str, month: Month, figures: MonthFigures) -> Report | None:
    """What of it may leave; None where there are too few teachers for any of it. Pure.

    A figure that counts something of one to nine teachers stays, and so does one that leaves one to
    nine others. Of things that holds too: with eleven teachers, talks beside a missing number of
    teachers who talked would say that just one did not. The figures count different things, so no
    sum or difference of two of them counts people.
    """
    teachers = len(figures.teachers)
    if teachers < MIN_TEACHERS:
        return None
    shown: dict[str, int] = {}
    for name in FIGURES:
        counts = figures.of[name]
        value = sum(counts.values())
        is_small = any(0 < n < MIN_TEACHERS for n in (len(counts), teachers - len(counts)))
        of = FIGURES[name].of
        is_without = bool(of) and of not in shown
        if is_small or is_without or fault_of(name, value, teachers):
            continue
        shown[name] = value
    return Report(site=site, month=month.name, teachers=teachers, figures=shown)


def _count(connection: Connection, statement: Select[Any], month: Month) -> Counter[str]:
    values = {
        "low": month.low_utc_ns, "high": month.high_utc_ns,
        "first": month.first_day, "after": month.day_after,
    }  # fmt: skip
    rows = connection.execute(statement, values).all()
    return Counter({str(row[0]): int(row[1]) for row in rows})


def _once(counts: Counter[str]) -> Counter[str]:
    return Counter(dict.fromkeys(counts, 1))
