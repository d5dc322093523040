"""What is left of a lesson that goes: a teacher's own step stays theirs, without the lesson."""

from __future__ import annotations

from sqlalchemy import Connection, delete, update

from school.debrief.tables import action_steps

__all__ = ["part_from_lesson"]


def part_from_lesson(connection: Connection, lesson: str) -> None:
    """What nobody took over goes; a step forgets from which moment it comes.

    The database itself takes the lesson out of the steps.
    """
    of_lesson = action_steps.c.lesson == lesson
    connection.execute(delete(action_steps).where(of_lesson, action_steps.c.state == "proposed"))
    connection.execute(update(action_steps).where(of_lesson).values(moment=""))
