"""What teachers write for themselves about a lesson, in the school's database. Nobody else reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, delete, select

from contract.errors import UsageError
from contract.language import N_, _
from school.database import SchoolDatabase
from school.debrief.tables import reflections
from school.sql_store import put_row

__all__ = ["LONGEST_ANSWER", "QUESTIONS", "Reflection", "ReflectionChangedError", "ReflectionStore"]

LONGEST_ANSWER: Final = 1_500

QUESTIONS: Final[Mapping[str, str]] = MappingProxyType({
    "keep": N_("What do I want to keep from this lesson?"),
    "surprise": N_("What surprised me?"),
    "watch": N_("What will I watch for in the next lesson?"),
})  # fmt: skip
"""Three open ones, by the name of their answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflection:
    """The answers, and how often they were saved: 0 for none yet."""

    keep: str = ""
    surprise: str = ""
    watch: str = ""
    revision: int = 0

    @property
    def answers(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in QUESTIONS}


class ReflectionChangedError(UsageError):
    """It was saved elsewhere meanwhile; `now` is what it is by now."""

    def __init__(self, now: Reflection) -> None:
        super().__init__(_("You saved this page in another window meanwhile."))
        self.now = now


class ReflectionStore:
    """Any number of programs may use it, each change in a transaction of its own."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def of(self, lesson: str, person: str) -> Reflection:
        """Someone's own."""
        with self._database.reading() as connection:
            return _read(connection, lesson, person)

    def save(self, lesson: str, person: str, new: Reflection, utc_ns: int) -> Reflection:
        """Keep it if nobody saved after what it was made of; raises ReflectionChangedError."""
        with self._database.writing() as connection:
            now = _read(connection, lesson, person)
            if now.answers == new.answers:
                return now
            if now.revision != new.revision:
                raise ReflectionChangedError(now)
            saved = Reflection(**new.answers, revision=new.revision + 1)
            values = {"lesson": lesson, "person": person, "written_utc_ns": utc_ns, **asdict(saved)}
            put_row(connection, reflections, values)
        return saved

    def remove(self, lesson: str, person: str) -> None:
        mine = (reflections.c.lesson == lesson) & (reflections.c.person == person)
        with self._database.writing() as connection:
            connection.execute(delete(reflections).where(mine))


def _read(connection: Connection, lesson: str, person: str) -> Reflection:
    found = select(
        reflections.c.keep, reflections.c.surprise, reflections.c.watch, reflections.c.revision
    ).where(reflections.c.lesson == lesson, reflections.c.person == person)
    row = connection.execute(found).one_or_none()
    return Reflection() if row is None else Reflection(**row._asdict())
