"""What people read back from bundles, in the school's database. Each is its importer's alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, delete, func, insert, select

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.bundle.nameless import nameless
from school.bundle.records import Content
from school.bundle.tables import imported_lessons
from school.database import SchoolDatabase

__all__ = ["MAX_IMPORTED", "ImportedLesson", "ImportedStore"]

MAX_IMPORTED: Final = 50
"""So many may one person have: each is as large as a bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLesson:
    """A line of the list."""

    id: str
    imported_utc_ns: int
    title: str
    room: str
    starts_utc_ns: int


class ImportedStore:
    """Any number of programs may use it, each change with its record in the audit log."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def add(self, person: str, content: Content, by: Actor) -> str:
        """Keep it for a person, without names, and return an id of its own; raises UsageError."""
        made = uuid4().hex
        theirs = imported_lessons.c.person == person
        with self._database.writing() as connection:
            count = connection.scalar(
                select(func.count()).select_from(imported_lessons).where(theirs)
            )
            if count is not None and count >= MAX_IMPORTED:
                raise UsageError(
                    _(
                        "There are {n} imported lessons already, which is the most that one person "
                        "may have. Delete one first.",
                        n=MAX_IMPORTED,
                    )
                )
            connection.execute(
                insert(imported_lessons),
                {
                    "id": made, "person": person, "imported_utc_ns": by.utc_ns,
                    "title": content.lesson.title, "room": content.lesson.room,
                    "starts_utc_ns": round(content.lesson.starts_at.timestamp()) * SECOND_NS,
                    "content": nameless(content).model_dump_json(),
                },
            )  # fmt: skip
            by.record(connection, "imported", "imported_lesson", made)
        return made

    def of_person(self, person: str) -> list[ImportedLesson]:
        """All of theirs, the latest import first."""
        table = imported_lessons.c
        found = (
            select(table.id, table.imported_utc_ns, table.title, table.room, table.starts_utc_ns)
            .where(table.person == person)
            .order_by(table.imported_utc_ns.desc(), table.id)
        )
        with self._database.reading() as connection:
            return [ImportedLesson(**row._asdict()) for row in connection.execute(found).all()]

    def get(self, imported: str, person: str) -> Content | None:
        """One of theirs; None for what is somebody else's too."""
        with self._database.reading() as connection:
            text = connection.scalar(
                select(imported_lessons.c.content).where(_is(imported, person))
            )
        return None if text is None else Content.model_validate_json(text)

    def remove(self, imported: str, person: str, by: Actor) -> bool:
        """Delete one of theirs for good; whether it was there."""
        with self._database.writing() as connection:
            gone = connection.execute(delete(imported_lessons).where(_is(imported, person)))
            if gone.rowcount:
                by.record(connection, "removed_imported", "imported_lesson", imported)
        return gone.rowcount > 0


def _is(imported: str, person: str) -> ColumnElement[bool]:
    return and_(imported_lessons.c.id == imported, imported_lessons.c.person == person)
