"""How a table's rows about a person come into the files of an export; `held_tables.py` has the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import BindParameter, Select, Table, bindparam, func, select

from school.schema import lesson_owners, people

__all__ = [
    "LESSON",
    "NOW",
    "OWNED",
    "PERSON",
    "Held",
    "HeldFile",
    "of_lesson",
    "of_person",
    "of_words",
]

HeldFile = Literal[
    "account.json", "sign-in.json", "sharing.json", "lesson.json", "audit-by-you.json",
    "audit-about-you.json", "audit.json",
]  # fmt: skip
"""`lesson.json` and `audit.json` are there once for each own lesson."""

_KEYS: Final = {"said_by": "by"}
_OF_ITS_LESSON: Final = {"lesson": "the file is of that lesson"}
PERSON: Final[BindParameter[str]] = bindparam("person")
LESSON: Final[BindParameter[str]] = bindparam("lesson")
NOW: Final[BindParameter[int]] = bindparam("now")
OWNED: Final = select(lesson_owners.c.lesson).where(lesson_owners.c.person == PERSON)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A table with rows about a person."""

    table: Table
    files: tuple[HeldFile, ...]
    parts: Mapping[str, Select[Any]] = field(default_factory=dict)
    """Name in the file → the rows there, of `person` or of `lesson`. None for the audit log, whose
    entries `held.py` reads in plain words."""
    omitted: Mapping[str, str] = field(default_factory=dict)
    """Column → why it is in no file."""


def of_lesson(table: Table, name: str, omitted: Mapping[str, str] | None = None) -> Held:
    """Rows of each own lesson, in the file of that lesson."""
    left = _OF_ITS_LESSON | dict(omitted or {})
    wanted = [column for column in table.c if column.name not in left]
    rows = select(*wanted).where(table.c.lesson == LESSON).order_by(*table.primary_key)
    return Held(table=table, files=("lesson.json",), parts={name: rows}, omitted=left)


def of_words(table: Table, who: str, name: str, elsewhere: str = "") -> Held:
    """What people said of each own lesson, with their names, and what the person said elsewhere."""
    writer = people.alias()
    others = [column for column in table.c if column.name not in {who, "lesson"}]
    words = (
        select(*others, func.coalesce(writer.c.name, "").label(who))
        .outerjoin(writer, writer.c.id == table.c[_KEYS.get(who, who)])
        .where(table.c.lesson == LESSON)
        .order_by(*table.primary_key)
    )
    own = select(table.c.lesson, *others).where(
        table.c[_KEYS.get(who, who)] == PERSON, table.c.lesson.not_in(OWNED)
    )
    parts = {name: words} | ({elsewhere: own.order_by(*table.primary_key)} if elsewhere else {})
    files: tuple[HeldFile, ...] = ("lesson.json", "sharing.json") if elsewhere else ("lesson.json",)
    return Held(table=table, files=files, parts=parts, omitted=_OF_ITS_LESSON)


def of_person(table: Table, file: HeldFile, name: str, omitted: Mapping[str, str]) -> Held:
    """Rows with the person's id."""
    left = {"person": "the file is of that person"} | dict(omitted)
    wanted = [column for column in table.c if column.name not in left]
    rows = select(*wanted).where(table.c.person == PERSON).order_by(*table.primary_key)
    return Held(table=table, files=(file,), parts={name: rows}, omitted=left)
