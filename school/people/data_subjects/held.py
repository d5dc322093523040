"""All that is held about a person, as rows in plain words: see `held_tables.py` for the list."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, Literal

import numpy as np
from sqlalchemy import Connection, select

from contract.clock import SECOND_NS
from school.audit.actor import Actor
from school.audit.entries import Entry
from school.audit.reading import about, events_of_lesson, own
from school.database import SchoolDatabase
from school.people.data_subjects.held_tables import HELD, HeldFile
from school.schema import lesson_owners, lessons, people

__all__ = ["HeldStore", "Rows", "plain_row"]

Rows = list[dict[str, Any]]
_PAGE: Final = 500
_OF: Final = {"person", "lesson"}
_JSON: Final = frozenset({"activities", "content", "orgs", "phases", "spans", "zones"})
_FACTS: Final = ("is_", "has_", "used_two", "deletes_")


class HeldStore:
    """Reads it, a part at a time: a year of lessons must not be in memory at once."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def record_export(self, person: str, by: Actor) -> None:
        """Record that someone exports it all."""
        with self._database.recording() as connection:
            name = connection.scalars(select(people.c.name).where(people.c.id == person)).one()
            by.record_about(connection, "exported_held", person, name)

    def record_lesson(self, lesson: str, by: Actor) -> None:
        """Record that a lesson is in an export."""
        with self._database.recording() as connection:
            by.record(connection, "exported", "lesson", lesson, lesson=lesson)

    def of_person(
        self, file: HeldFile, person: str, zone: tzinfo | None, utc_ns: int
    ) -> dict[str, Rows]:
        """The parts of a file about a person, at a time: what ended before is shown to nobody."""
        return self._parts(file, {"person": person, "now": utc_ns}, zone)

    def of_lesson(self, lesson: str, zone: tzinfo | None) -> dict[str, Rows]:
        """What people entered about a lesson, and said of it."""
        return self._parts("lesson.json", {"lesson": lesson}, zone)

    def lessons_of(self, person: str) -> list[str]:
        """The ids of someone's own lessons, the oldest first."""
        found = (
            select(lessons.c.id)
            .join(lesson_owners, lesson_owners.c.lesson == lessons.c.id)
            .where(lesson_owners.c.person == person)
            .order_by(lessons.c.starts_utc_ns, lessons.c.id)
        )
        with self._database.reading() as connection:
            return list(connection.scalars(found).all())

    def audit(
        self, what: Literal["by", "about", "lesson"], of: str, zone: tzinfo | None
    ) -> Iterator[Rows]:
        """Entries of the audit log, the newest first: by a person, about one, or of a lesson."""
        before: int | None = None
        while True:
            with self._database.reading() as connection:
                entries = _page(connection, what, of, before)
            yield [_entry(each, zone) for each in entries]
            if len(entries) < _PAGE:
                return
            before = entries[-1].number

    def _parts(
        self, file: HeldFile, of: Mapping[str, object], zone: tzinfo | None
    ) -> dict[str, Rows]:
        found: dict[str, Rows] = {}
        with self._database.reading() as connection:
            for held in HELD:
                if file not in held.files:
                    continue
                for name, rows in held.parts.items():
                    if not rows.compile().params.keys() & _OF <= of.keys():
                        continue  # a part of another file
                    found[name] = [
                        plain_row(row, zone) for row in connection.execute(rows, of).mappings()
                    ]
        return found


def plain_row(row: Mapping[Any, Any], zone: tzinfo | None) -> dict[str, Any]:
    """A row with times, facts and lists as people and programs read them."""
    plain: dict[str, Any] = {}
    features = row.get("features")
    for name, value in row.items():
        if name.endswith("utc_ns"):
            plain[name.removesuffix("_utc_ns").removesuffix("utc_ns") or "at"] = _iso(value, zone)
        elif name in _JSON and value is not None:
            plain[name] = json.loads(value)
        elif name.startswith(_FACTS):
            plain[name] = bool(value)
        elif isinstance(value, bytes):
            plain[name] = np.frombuffer(value, "<f8").reshape(-1, features or 1).tolist()
        else:
            plain[name] = value
    return plain


def _page(
    connection: Connection, what: Literal["by", "about", "lesson"], of: str, before: int | None
) -> list[Entry]:
    if what == "by":
        return own(connection, of, limit=_PAGE, before=before)
    if what == "about":
        return about(connection, of, limit=_PAGE, before=before)
    return events_of_lesson(connection, of, limit=_PAGE, before=before)


def _entry(entry: Entry, zone: tzinfo | None) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": _iso(entry.at_utc_ns, zone),
        "sentence": entry.sentence,
        "who": entry.who,
        "action": entry.action,
        "thing": entry.thing,
        "thing_name": entry.thing_name,
        "lesson": entry.lesson,
        "detail": dict(entry.detail),
    }


def _iso(utc_ns: int | None, zone: tzinfo | None) -> str | None:
    if utc_ns is None:
        return None
    moment = datetime.fromtimestamp(utc_ns // SECOND_NS, UTC)
    return moment.astimezone(zone).isoformat()
