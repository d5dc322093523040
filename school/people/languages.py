"""In which language people chose to read the pages."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Table, delete

from school.column_types import TEXT as _TEXT
from school.database import SchoolDatabase
from school.schema import METADATA
from school.sql_store import put_row

__all__ = ["LanguageStore", "chosen_languages"]

chosen_languages: Final = Table(
    "chosen_languages", METADATA,
    Column(
        "person", _TEXT,
        ForeignKey("people.id", name="chosen_languages_person_fkey", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("language", _TEXT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""A language by its BCP 47 tag; who has no row reads what their browser asks for."""


class LanguageStore:
    """Any number of programs may use it."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def choose(self, person: str, language: str | None) -> None:
        """Keep what someone chose; None leaves it to their browser again."""
        with self._database.recording() as connection:
            if language is None:
                connection.execute(
                    delete(chosen_languages).where(chosen_languages.c.person == person)
                )
            else:
                put_row(connection, chosen_languages, {"person": person, "language": language})
