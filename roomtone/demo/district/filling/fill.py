"""Fills a data directory with the district, by the stores that the programs use, week by week."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from contract.clock import SECOND_NS
from roomtone.demo.district.calendar import calendar_of, utc_ns
from roomtone.demo.district.cast import cast_of
from roomtone.demo.district.filling.coaching import Coaching
from roomtone.demo.district.filling.cohort import DistrictCohort
from roomtone.demo.district.filling.ledger import bring_outcomes, count_sheet, keep_time
from roomtone.demo.district.filling.lessons import Lessons
from roomtone.demo.district.filling.programme import (
    answer_pulse,
    begin_programme,
    count_months,
    end_programme,
    publish_deeds,
)
from roomtone.demo.district.filling.schools import fill_schools
from roomtone.demo.district.filling.sensed import Sensed
from roomtone.demo.district.world import World
from school import open_school
from school.ledger.records import monday_of

__all__ = ["fill"]


def fill(
    folder: Path, data: Path, *, seed: int, now_utc_ns: int, progress: Callable[[int, int], None]
) -> World:
    """Make the district in a new data directory; what was put there is in the answer.

    `progress` gets how many weeks of the programme are kept, of how many. The stores are closed
    when it is over.
    """
    today = datetime.fromtimestamp(now_utc_ns / SECOND_NS, UTC).date()
    data.mkdir(parents=True, exist_ok=True)
    with closing(open_school(data)) as school:
        world = World(
            school=school, folder=folder, data=data, calendar=calendar_of(today),
            cast=cast_of(seed), seed=seed, now_utc_ns=now_utc_ns,
        )  # fmt: skip
        fill_schools(world)
        begin_programme(world)
        coaching, cohort = Coaching(world), DistrictCohort(world)
        with Sensed(world) as sensed, Lessons(world, sensed) as lessons:
            weeks = world.calendar.weeks
            for at, monday in enumerate(weeks):
                talked: set[int] = set()
                cohort.begin_week(monday)
                for held in lessons.keep_week(at, monday):
                    day = coaching.after(held)
                    if day is not None and monday_of(day) == monday:
                        talked.add(held.part.number)
                    cohort.after(held)
                answer_pulse(world, at, monday, talked)
                publish_deeds(world, monday)
                count_months(world, lessons.sensed_lessons(), before=monday + timedelta(days=7))
                if monday == world.calendar.first[-1]:
                    _end_term(world, world.calendar.baseline + world.calendar.first)
                progress(at + 1, len(weeks))
            lessons.plan_coming()
            count_months(world, lessons.sensed_lessons(), before=world.calendar.today)
        bring_outcomes(world)
        _end_term(world, world.calendar.second)
        end_programme(world)
    return world


def _end_term(world: World, mondays: Sequence[date]) -> None:
    keep_time(world, mondays, utc_ns(mondays[-1] + timedelta(days=5)))
    count_sheet(world, mondays[-1])
