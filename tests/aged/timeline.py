"""When a school's kits were on and its lessons took place, over a year or over one day.

Everything follows from the number of days and the seed. A school has lessons on Tuesdays and
Thursdays of 38 weeks of the year, two a room and day; it is idle in the other weeks. Each kit is
switched on before each of the two lessons; its agent is restarted in the afternoon of 48 days, so
that a year holds 200 boots and restarts a room. One room's kit has been up for the last 90 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

SECOND_NS: Final = 1_000_000_000
TODAY: Final = datetime(2026, 6, 30, tzinfo=UTC)
"""A Tuesday. Its second lesson is on."""
NOW: Final = TODAY + timedelta(hours=13, minutes=10)
YEAR_DAYS: Final = 76
IDLE_WEEKS: Final = frozenset({5, 12, 13, 19, 26, 27, 28, 35, 41, 42, 43, 44, 45, 46})
"""Weeks before this one in which there was no school."""
UPTIME: Final = timedelta(days=90)
RESTARTED_DAYS: Final = 48
DAYS_AHEAD: Final = 12
ON: Final = (timedelta(hours=7), timedelta(hours=12))
"""When a kit is switched on."""
AGENT_AFTER: Final = timedelta(minutes=5)
BEGIN: Final = (timedelta(hours=8), timedelta(hours=13))
"""When lessons begin: a whole number of sealed stretches after the agent's start."""
LENGTH_S: Final = 300
"""Of a lesson in the past: one sealed stretch."""
LENGTH_TODAY_S: Final = 1_200
RESTART_AT: Final = timedelta(hours=15)


@dataclass(frozen=True, slots=True)
class Sitting:
    """A lesson and where it lies in a run."""

    lesson: str
    starts: datetime
    length_s: int
    first_seq: int


@dataclass(slots=True)
class Run:
    """One start of a kit's agent."""

    room: str
    boot: str
    run: int
    boot_at: datetime
    starts: datetime
    lasts_s: int
    sittings: list[Sitting] = field(default_factory=list)
    is_over: bool = True

    @property
    def run_boot_ns(self) -> int:
        return utc_ns(self.starts) - utc_ns(self.boot_at)

    @property
    def node(self) -> str:
        return f"kit-{self.room}"


def utc_ns(at: datetime) -> int:
    return round(at.timestamp()) * SECOND_NS


def school_days(days: int) -> list[datetime]:
    """The last days with lessons, today's the last of them."""
    found = [
        TODAY - timedelta(weeks=week, days=5 * day)
        for week in range(53)
        for day in (0, 1)  # this week's Tuesday, the Thursday before it
        if week not in IDLE_WEEKS
    ]
    return sorted(found)[-days:]


def days_ahead() -> list[datetime]:
    weeks = range(1, DAYS_AHEAD // 2 + 1)
    return [TODAY + timedelta(weeks=week, days=day) for week in weeks for day in (0, 2)]


def lesson_id(room: str, starts: datetime) -> str:
    return f"{room}-{starts:%Y%m%dT%H%M%SZ}"


def runs(room: str, days: list[datetime], *, is_uptime: bool) -> Iterator[Run]:
    """A room's runs in the order of their starts."""
    number, long = 1, None
    for at, day in enumerate(days):
        is_long = is_uptime and len(days) > 1 and TODAY - day <= UPTIME
        for part in range(2):
            if is_long:
                if long is None:
                    long = _run(room, TODAY - UPTIME, 0, number, lasts=NOW - TODAY + UPTIME)
                    long.is_over = False
                run = long
            else:
                lasts = timedelta(hours=4) if day < TODAY or part == 0 else NOW - day - ON[1]
                run = _run(room, day, part, number, lasts=lasts)
                run.is_over = day < TODAY or part == 0
            number += 1
            starts = day + BEGIN[part]
            length_s = LENGTH_S if day < TODAY else LENGTH_TODAY_S
            seq = (utc_ns(starts) - utc_ns(run.starts)) // SECOND_NS
            run.sittings.append(Sitting(lesson_id(room, starts), starts, length_s, seq))
            if not is_long:
                yield run
        if at < RESTARTED_DAYS and day < TODAY and not is_long:
            again = _run(room, day, 1, number, lasts=timedelta(hours=1))
            again.starts = day + RESTART_AT
            number += 1
            yield again
    if long is not None:
        yield long


def _run(room: str, day: datetime, part: int, number: int, *, lasts: timedelta) -> Run:
    boot_at = day + ON[part]
    return Run(
        room=room, boot=f"{room}-{day:%Y%m%d}-{part}", run=number, boot_at=boot_at,
        starts=boot_at + AGENT_AFTER, lasts_s=round(lasts.total_seconds()),
    )  # fmt: skip
