"""Keeps whose each lesson is in step with the names in timetables."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Text, bindparam, delete, func, insert, literal, select

from school.schema import lesson_owners, lessons, teacher_names

__all__ = ["give_lessons", "give_to_named"]

_LESSON: Final = bindparam("owned", type_=Text)
_GIVE: Final = insert(lesson_owners).from_select(
    ["lesson", "person"],
    select(_LESSON, teacher_names.c.person).where(teacher_names.c.name == bindparam("named")),
)
_TAKE: Final = delete(lesson_owners).where(lesson_owners.c.lesson == _LESSON)


def give_to_named(connection: Connection, lesson: str, teacher: str) -> None:
    """Give a new lesson, or one with another teacher's name, to whom the name is tied to."""
    connection.execute(_TAKE, {"owned": lesson})
    connection.execute(_GIVE, {"owned": lesson, "named": teacher})


def give_lessons(connection: Connection, teacher: str, person: str) -> int:
    """Give a person the lessons under a name that are nobody's; how many there were."""
    unowned = lessons.c.teacher == teacher, lessons.c.id.not_in(select(lesson_owners.c.lesson))
    count = int(connection.scalars(select(func.count()).where(*unowned)).one())
    connection.execute(
        insert(lesson_owners).from_select(
            ["lesson", "person"], select(lessons.c.id, literal(person)).where(*unowned)
        )
    )
    return count
