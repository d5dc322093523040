"""The statements for the timetables that lessons were imported from, and for a whole import."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from school.lessons.origins import Origin, Reschedule
from school.lessons.rows import reschedule_lesson
from school.schema import imported, lessons

__all__ = ["all_origins", "apply", "remove_lesson"]

_ALL: Final = select(imported.c.lesson, imported.c.source, imported.c.event, imported.c.occurrence)
_INSERT: Final = insert(imported)
_UPDATE: Final = update(imported).where(imported.c.lesson == bindparam("of_lesson"))
_DELETE_LESSON: Final = delete(lessons).where(lessons.c.id == bindparam("lesson"))


def all_origins(connection: Connection) -> dict[str, Origin]:
    return {
        lesson: Origin(source=source, event=event, occurrence=occurrence)
        for lesson, source, event, occurrence in connection.execute(_ALL).all()
    }


def apply(connection: Connection, change: Reschedule) -> None:
    """Remove what goes, with all that hangs on it, and add or change the rest."""
    for removed in change.removed:
        remove_lesson(connection, removed)
    for lesson, origin in change.put:
        reschedule_lesson(connection, lesson)
        values = {
            "source": origin.source,
            "event": origin.event,
            "occurrence": origin.occurrence,
        }
        if not connection.execute(_UPDATE.values(values), {"of_lesson": lesson.id}).rowcount:
            connection.execute(_INSERT, {"lesson": lesson.id, **values})


def remove_lesson(connection: Connection, lesson: str) -> int:
    """Remove a lesson; moments, answers, labels and its origin refer to it and go along.

    How many there were: one or none.
    """
    return connection.execute(_DELETE_LESSON, {"lesson": lesson}).rowcount
