"""What teachers guess of their lessons before they look, in the school's database.

A guess is its teacher's own. Those with whom the lesson is shared see it once the teacher shows it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from school.audit.actor import Actor
from school.database import SchoolDatabase
from school.debrief.tables import guess_choices, guesses
from school.schema import lesson_owners
from school.sql_store import put_row

__all__ = ["MAX_GUESSED", "Guess", "GuessStore", "merged"]

MAX_GUESSED: Final = 20
"""So many stretches may be in a guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Where the room drifted, as its teacher remembers it, and how long settling in took."""

    lesson: str
    person: str
    spans: tuple[tuple[int, int], ...]
    """In seconds since the lesson's start, in order and apart."""
    settling_s: int | None
    """None if they did not say."""
    is_shown: bool = False


class GuessStore:
    """Any number of programs may use it, each change of who sees one with its record."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def of_lesson(self, lesson: str) -> Guess | None:
        """That of the lesson's teacher of today."""
        found = (
            select(guesses)
            .join(
                lesson_owners,
                (lesson_owners.c.lesson == guesses.c.lesson)
                & (lesson_owners.c.person == guesses.c.person),
            )
            .where(guesses.c.lesson == lesson)
        )
        with self._database.reading() as connection:
            row = connection.execute(found).one_or_none()
        if row is None:
            return None
        return Guess(
            lesson=row.lesson, person=row.person, settling_s=row.settling_s,
            spans=tuple((start, end) for start, end in json.loads(row.spans)),
            is_shown=bool(row.is_shown),
        )  # fmt: skip

    def put(
        self,
        lesson: str,
        person: str,
        spans: Sequence[tuple[int, int]],
        settling_s: int | None,
        utc_ns: int,
    ) -> None:
        """Keep a guess in the place of an earlier one; whether it is shown stays as it was."""
        values = {
            "lesson": lesson, "person": person, "spans": json.dumps(merged(spans)),
            "settling_s": settling_s, "is_shown": False, "written_utc_ns": utc_ns,
        }  # fmt: skip
        with self._database.writing() as connection:
            put_row(connection, guesses, values, keep=("is_shown",))

    def remove(self, lesson: str, person: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(guesses).where(_is(lesson, person)))

    def show(self, lesson: str, by: Actor, *, is_shown: bool) -> None:
        """Show it to those who see the lesson, or to nobody else."""
        assert by.person is not None
        mine = _is(lesson, by.person)
        with self._database.writing() as connection:
            known = connection.scalar(select(guesses.c.is_shown).where(mine))
            if known is None or bool(known) == is_shown:
                return
            connection.execute(update(guesses).where(mine), {"is_shown": is_shown})
            by.record(
                connection, "showed_guess", "lesson", lesson, lesson=lesson,
                detail={"on" if is_shown else "off": "yes"},
            )  # fmt: skip

    def begins(self, person: str) -> bool:
        """Whether someone begins each lesson with a guess."""
        with self._database.reading() as connection:
            return _begins(connection, person)

    def awaited(self, person: str, lessons: Collection[str]) -> frozenset[str]:
        """Those of someone's lessons that they begin with a guess, and have not guessed yet."""
        guessed = select(guesses.c.lesson).where(
            guesses.c.person == person, guesses.c.lesson.in_(lessons)
        )
        with self._database.reading() as connection:
            if not lessons or not _begins(connection, person):
                return frozenset()
            return frozenset(lessons) - set(connection.scalars(guessed))

    def begin(self, person: str, *, is_on: bool) -> None:
        """From now on they do, or do not."""
        with self._database.writing() as connection:
            if _begins(connection, person) == is_on:
                return
            if is_on:
                connection.execute(insert(guess_choices), {"person": person})
            else:
                connection.execute(delete(guess_choices).where(guess_choices.c.person == person))


def merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """In order, those that touch as one, empty ones left out."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _is(lesson: str, person: str) -> ColumnElement[bool]:
    return and_(guesses.c.lesson == lesson, guesses.c.person == person)


def _begins(connection: Connection, person: str) -> bool:
    found = select(guess_choices).where(guess_choices.c.person == person)
    return connection.execute(found).first() is not None
