"""How long teacher and coach were together on a lesson's page, in the school's database.

It is the least that a record's "talked for" needs: a day and whole minutes, no time of day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select, update

from school.database import SchoolDatabase
from school.debrief.tables import talks
from school.schema import lesson_owners

__all__ = ["Talk", "TalkStore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Of one day."""

    person: str
    """The coach's id."""
    day: date
    minutes: int


class TalkStore:
    """Any number of programs may use it, each change in a transaction of its own."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def add(self, lesson: str, teacher: str, person: str, day: date, minutes: int) -> None:
        """Both were there so many minutes more; not of a lesson that is another teacher's by now."""
        key = {"lesson": lesson, "teacher": teacher, "person": person, "day": day.isoformat()}
        mine = [talks.c[name] == value for name, value in key.items()]
        owner = select(lesson_owners.c.person).where(lesson_owners.c.lesson == lesson)
        with self._database.writing() as connection:
            if connection.scalar(owner) != teacher:
                return
            more = update(talks).where(*mine).values(minutes=talks.c.minutes + minutes)
            if not connection.execute(more).rowcount:
                connection.execute(insert(talks), key | {"minutes": minutes})

    def days_of(self, teacher: str, since: date) -> list[date]:
        """The days from `since` on, on which a teacher talked with somebody about a lesson."""
        found = (
            select(talks.c.day)
            .where(talks.c.teacher == teacher, talks.c.day >= since.isoformat())
            .distinct()
            .order_by(talks.c.day)
        )
        with self._database.reading() as connection:
            return [date.fromisoformat(day) for day in connection.scalars(found).all()]

    def of_lesson(self, lesson: str) -> list[Talk]:
        """With whom its teacher of today talked about it, by day."""
        found = (
            select(talks.c.person, talks.c.day, talks.c.minutes)
            .join(lesson_owners, lesson_owners.c.lesson == talks.c.lesson)
            .where(talks.c.lesson == lesson, lesson_owners.c.person == talks.c.teacher)
            .order_by(talks.c.day, talks.c.person)
        )
        with self._database.reading() as connection:
            rows = connection.execute(found).all()
        return [
            Talk(person=row.person, day=date.fromisoformat(row.day), minutes=row.minutes)
            for row in rows
        ]
