"""A cohort of the second term: members of all schools, tasks, and answers about their own lessons."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from contract.clock import SECOND_NS
from dashboard_api.cohorts.pattern_view import place_of
from roomtone.demo.district import words
from roomtone.demo.district.calendar import LESSON_S, utc_ns
from roomtone.demo.district.filling.lessons import HeldLesson
from roomtone.demo.district.world import World
from school.cohorts.cohort_records import CohortTask

__all__ = ["DistrictCohort"]

_MEMBERS: Final = 12
_INVITED: Final = 13
"""One of whom has not answered yet."""
_EACH_WEEKS: Final = 5
_REPLY: Final = 0.5
_DUE: Final = timedelta(days=25)
_HOUR_NS: Final = 3_600 * SECOND_NS


@dataclass(slots=True)
class DistrictCohort:
    """`begin_week` before the lessons of a week, `after` each lesson."""

    world: World
    draw: random.Random = field(init=False)
    _members: frozenset[int] = frozenset()
    _answered: set[int] = field(default_factory=set)
    """Those who have answered the newest task."""
    _task: CohortTask | None = None

    def __post_init__(self) -> None:
        self.draw = self.world.draw("cohort")

    def begin_week(self, monday: date) -> None:
        """Make it with the second term; every five weeks there is a task."""
        second = self.world.calendar.second
        if monday not in second:
            return
        if monday == second[0]:
            self._make(monday)
        if second.index(monday) % _EACH_WEEKS == 0:
            self._ask(monday, second.index(monday) // _EACH_WEEKS)

    def after(self, held: HeldLesson) -> None:
        """A member answers the newest task with a span of this lesson, and most hand that over."""
        number, task = held.part.number, self._task
        if task is None or number not in self._members or number in self._answered:
            return
        self._answered.add(number)
        is_handed = not number or self.draw.random() < 0.75
        by = self.world.teacher(number, held.lesson.starts_utc_ns + 8 * _HOUR_NS)
        span = held.shape.lively_s, held.shape.lively_s + 90
        said = self.draw.choice(words.ANSWERS[words.TASKS.index(task.question)])
        self.world.school.cohorts.save(
            task, held.lesson.id, span, said, by, is_handed=is_handed,
            place=place_of(held.lesson, span, LESSON_S * SECOND_NS),
        )  # fmt: skip
        self.world.put.handed[task.question] += is_handed
        if is_handed and self.draw.random() < _REPLY:
            self._reply(task, number, by.utc_ns + 30 * _HOUR_NS)

    def _reply(self, task: CohortTask, writer: int, at_utc_ns: int) -> None:
        """Another member says something to it."""
        other = self.draw.choice(sorted(self._members - {writer}))
        kind, said = self.draw.choice(words.REMARKS)
        self.world.school.cohorts.replies.to_answer(
            task.cohort, task.id, self.world.teachers[writer].id, kind, said,
            self.world.teacher(other, at_utc_ns),
        )  # fmt: skip
        self.world.put.replies[task.question] += 1

    def _agree_on_visits(self, monday: date, first: int, second: int) -> None:
        """The demo's teacher and another see a lesson of each other's; somebody else has asked too."""
        cohort, visits = self.world.put.cohort, self.world.school.cohorts.visits
        at = utc_ns(monday, 16)
        own = self.world.cast.teachers[0].number
        mine, theirs = self.world.teacher(own, at), self.world.teacher(first, at + _HOUR_NS)
        assert theirs.person is not None
        assert mine.person is not None
        visits.propose(cohort, theirs.person, mine)
        (made,) = visits.of(cohort, mine.person)
        visits.agree(cohort, made.id, theirs)
        visits.host(cohort, made.id, self.world.calendar.coming, None, mine)
        later = self.world.calendar.coming + timedelta(days=2)
        visits.host(cohort, made.id, later, None, theirs)
        visits.propose(cohort, mine.person, self.world.teacher(second, at + 2 * _HOUR_NS))

    def _make(self, monday: date) -> None:
        at = utc_ns(monday, 7)
        lead = self.world.coach(0, at)
        cohorts = self.world.school.cohorts
        self.world.put.cohort = cohorts.make("Beginnings", words.FOCUSES[0], lead)
        coached = [part.number for part in self.world.cast.teachers if part.coach is not None]
        # The demo's own teacher, and some of each school.
        wanted = [coached[0], *self.draw.sample(coached[1:], _INVITED - 1)]
        for number in wanted:
            cohorts.invite(self.world.put.cohort, self.world.teachers[number].id, lead)
        for number in wanted[:_MEMBERS]:
            assert cohorts.join(self.world.put.cohort, self.world.teacher(number, at))
        self._members = frozenset(wanted[:_MEMBERS])
        self.world.put.members = {*self._members}
        self._agree_on_visits(monday, *wanted[1:3])

    def _ask(self, monday: date, number: int) -> None:
        cohort, cohorts = self.world.put.cohort, self.world.school.cohorts
        question, due = words.TASKS[number], monday + _DUE
        cohorts.set_task(cohort, question, due, self.world.coach(0, utc_ns(monday, 7, 30)))
        self._task = next(each for each in cohorts.tasks(cohort) if each.question == question)
        self._answered = set()
        self.world.put.handed[question] = 0
