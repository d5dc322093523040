"""What is left of a lesson that goes: a teacher's own step stays theirs, without the lesson."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from school.debrief.tables import action_steps
from school.matching.tables import passed_steps
from school.schema import hidden_lessons

__all__ = ["part_from_lesson"]


def part_from_lesson(connection: Connection, lesson: str) -> None:
    """What nobody took over goes; a step forgets from which moment it comes.

    Of a hidden lesson no coach reads a step, so nobody gets to read it because the lesson goes.
    The database itself takes the lesson out of the steps.
    """
    of_lesson = action_steps.c.lesson == lesson
    connection.execute(delete(action_steps).where(of_lesson, action_steps.c.state == "proposed"))
    hidden = select(hidden_lessons.c.lesson).where(hidden_lessons.c.lesson == lesson)
    unread = select(action_steps.c.id).where(action_steps.c.lesson.in_(hidden))
    connection.execute(delete(passed_steps).where(passed_steps.c.step.in_(unread)))
    connection.execute(update(action_steps).where(of_lesson).values(moment=""))
