"""Time that people keep, and outcomes of classes, with the sheets that are counted of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, timedelta
from typing import Final

from roomtone.demo.district.calendar import utc_ns
from roomtone.demo.district.world import World
from school.ledger.records import Outcome, Week

__all__ = ["bring_outcomes", "count_sheet", "keep_time"]

_CLASSES: Final = 2
"""Of each teacher, with an outcome."""
_KEPT: Final = 0.85
"""So many of their weeks people keep."""


def keep_time(world: World, mondays: Sequence[date], at_utc_ns: int) -> None:
    """What people keep of these weeks of a term; everybody forgets some of the programme's."""
    draw, starts_on = world.draw(f"time {mondays[0]}"), world.calendar.starts_on
    people = [(world.coaches[coach.number].id, True) for coach in world.cast.coaches]
    people += [
        (world.teachers[part.number].id, False) for part in world.cast.teachers if part.keeps_time
    ]
    for person, is_coach in people:
        weeks = [
            _week(draw, monday, is_coach=is_coach, is_since=monday >= starts_on)
            for monday in mondays
            if monday < starts_on or draw.random() < _KEPT
        ]
        world.school.ledger.put_weeks(person, weeks, at_utc_ns)
        if person == world.teachers[0].id:
            world.put.own_weeks += len(weeks)
    coaches = sum(is_coach for _person, is_coach in people)
    world.put.keepers = {"coach": coaches, "teacher": len(people) - coaches}


def count_sheet(world: World, last_week: date) -> None:
    """What a term was worth, counted by an administrator on the Monday after it."""
    day = last_week + timedelta(days=7)
    by = world.office(min(utc_ns(day, 7), world.now_utc_ns))
    world.school.worth_sheets.count(last_week, by, zone=UTC, today=day)


def _week(draw: random.Random, monday: date, *, is_coach: bool, is_since: bool) -> Week:
    def about(minutes: int) -> int:
        return max(0, round(draw.gauss(minutes, minutes / 5) / 5) * 5)

    if is_coach:
        return Week(
            monday=monday, preparing=about(110 if is_since else 180),
            visiting=about(200 if is_since else 260), travelling=about(60 if is_since else 170),
            debriefing=about(150), travel_saved=about(110) if is_since else 0,
        )  # fmt: skip
    return Week(
        monday=monday, preparing=about(20 if is_since else 45),
        visiting=about(15 if is_since else 30), travelling=about(5 if is_since else 15),
        debriefing=about(25 if is_since else 30), travel_saved=about(10) if is_since else 0,
    )  # fmt: skip


def bring_outcomes(world: World) -> None:
    """Two classes of each teacher; those of coached teachers gain a little more."""
    draw = world.draw("outcomes")
    found = []
    for part in world.cast.teachers:
        for _ in range(_CLASSES):
            before = draw.gauss(52, 8)
            gain = draw.gauss(6.5 if part.coach is not None else 4.5, 3)
            found.append(
                Outcome(
                    site=part.school.site, teacher=part.number, is_coached=part.coach is not None,
                    pupils=draw.randrange(16, 25), before=round(before, 1),
                    after=round(before + gain, 1),
                )
            )  # fmt: skip
    draw.shuffle(found)
    day = world.calendar.second[-1] + timedelta(days=4)
    world.school.ledger.put_outcomes(found, world.office(utc_ns(day, 16)))
