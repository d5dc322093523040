"""The school's standards in its database: what a plan's tags may name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Final

from sqlalchemy import ColumnElement, delete, func, insert, or_, select

from school.database import SchoolDatabase
from school.plans.records import Standard
from school.plans.tables import standards

__all__ = ["StandardStore"]

MAX_FOUND: Final = 20
_COLUMNS: Final = (standards.c.framework, standards.c.code, standards.c.words)


class StandardStore:
    """Any number of programs may use it, each change in a transaction."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def replace(self, framework: str, found: Sequence[Standard]) -> int:
        """Take these in the place of all that a framework had; how many it had."""
        with self._database.writing() as connection:
            gone = connection.execute(
                delete(standards).where(standards.c.framework == framework)
            ).rowcount
            connection.execute(
                insert(standards),
                [{**asdict(one), "folded": _folded(one.code)} for one in found],
            )
        return gone

    def remove(self, framework: str) -> int:
        """Forget a framework; how many standards it had."""
        with self._database.writing() as connection:
            return connection.execute(
                delete(standards).where(standards.c.framework == framework)
            ).rowcount

    def frameworks(self) -> dict[str, int]:
        """Each framework, with the number of its standards."""
        found = (
            select(standards.c.framework, func.count())
            .group_by(standards.c.framework)
            .order_by(standards.c.framework)
        )
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(found).all()}

    def code_of(self, tag: str) -> str | None:
        """The code that a tag means, as its framework writes it; None if none has it.

        A school without standards has nothing to hold tags against: they stay as they are.
        """
        found = (
            select(standards.c.code)
            .where(standards.c.folded == _folded(tag))
            .order_by(standards.c.framework)
            .limit(1)
        )
        with self._database.reading() as connection:
            code: str | None = connection.scalar(found)
            is_any = connection.execute(select(standards.c.code).limit(1)).first() is not None
        return code if is_any else tag

    def words_of(self, codes: Collection[str]) -> dict[str, str]:
        """What standards say, by code; those that are not there are left out."""
        found = select(*_COLUMNS).where(standards.c.code.in_(codes)).order_by(*_COLUMNS)
        with self._database.reading() as connection:
            rows = connection.execute(found).all() if codes else []
        return {row.code: row.words for row in reversed(rows)}

    def search(self, wanted: str, limit: int = MAX_FOUND) -> list[Standard]:
        """Those that have each of the wanted words in their code or their text, by code."""
        words = [word.lstrip("#") for word in wanted.split()]
        # SQLite knows upper and lower case of ASCII alone, so other words are compared here.
        others = [word.casefold() for word in words if not word.isascii()]
        found = (
            select(*_COLUMNS)
            .where(*(_has(word) for word in words if word and word.isascii()))
            .order_by(standards.c.code, standards.c.framework)
        )
        if not others:
            found = found.limit(limit)
        with self._database.reading() as connection:
            rows = connection.execute(found).all()
        fitting = (row for row in rows if _has_all(f"{row.code}\n{row.words}", others))
        return [Standard(**row._asdict()) for row in islice(fitting, limit)]


def _folded(code: str) -> str:
    """What a code is found by: a full stop after it may end a sentence."""
    return code.casefold().rstrip(".:")


def _has_all(text: str, words: Sequence[str]) -> bool:
    return not words or all(word in text.casefold() for word in words)


def _has(word: str) -> ColumnElement[bool]:
    return or_(
        standards.c.folded.contains(word.casefold(), autoescape=True),
        standards.c.words.icontains(word, autoescape=True),
    )
