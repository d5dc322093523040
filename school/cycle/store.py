"""Cycles in the school's database: the teacher owns theirs, the coach whom they name reads it.

A change names the revision that it was made of: who has not seen the last one gets it.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from contract.errors import UsageError
from contract.language import N_, _
from school.audit.actor import Actor
from school.cycle.records import Cycle, CycleChangedError, CycleGoneError, CycleText
from school.cycle.tables import cycles
from school.database import SchoolDatabase
from school.schema import lesson_owners, people

__all__ = ["CycleStore"]

ONE_AT_A_TIME: Final = N_(
    "You have an open cycle already. Close it first; then there is room for the next one."
)
_DAYS: Final = ("debrief_on", "again_on")


class CycleStore:
    """Any number of programs may use it, each change in a transaction with its record."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def of_teacher(self, person: str) -> list[Cycle]:
        """All of theirs and what is proposed to them, the latest first."""
        return self._read(cycles.c.person == person)

    def open_cycle(self, person: str) -> Cycle | None:
        with self._database.reading() as connection:
            return _open_of(connection, person)

    def of_coach(self, person: str) -> list[Cycle]:
        """Open ones that their teachers share with a coach, and what the coach proposes."""
        return self._read(cycles.c.coach == person, cycles.c.state != "closed")

    def write(self, text: CycleText, coach: str | None, by: Actor) -> Cycle:
        """A teacher begins one. Raises UsageError if they have an open one."""
        assert by.person is not None
        with self._database.writing() as connection:
            if _open_of(connection, by.person) is not None:
                raise UsageError(_(ONE_AT_A_TIME))
            made = _new(connection, by.person, coach, text, by, state="open", lesson=None)
            by.record(connection, "wrote_cycle", "cycle", made.id)
            _record_sharing(connection, None, coach, by)
        return made

    def change(
        self, cycle: str, revision: int, text: CycleText, coach: str | None, by: Actor
    ) -> Cycle:
        """Change the words, the days and with whom. Raises CycleChangedError, or UsageError."""
        with self._database.writing() as connection:
            known = _own(connection, cycle, by)
            if known.revision != revision:
                raise CycleChangedError(known)
            changed = _put(connection, known, by, coach=coach, **_text_values(text))
            by.record(connection, "wrote_cycle", "cycle", cycle)
            _record_sharing(connection, known.coach, coach, by)
        return changed

    def propose(self, lesson: str, text: CycleText, by: Actor) -> Cycle:
        """A coach proposes one to a lesson's teacher, in the place of what they proposed before."""
        assert by.person is not None
        with self._database.writing() as connection:
            found = select(lesson_owners.c.person).where(lesson_owners.c.lesson == lesson)
            person = connection.scalar(found)
            if person is None or person == by.person:
                raise UsageError(
                    _("This lesson is nobody else’s, so there is nobody to propose it to.")
                )
            earlier = (
                cycles.c.person == person,
                cycles.c.coach == by.person,
                cycles.c.state == "proposed",
            )
            connection.execute(delete(cycles).where(*earlier))
            made = _new(connection, person, by.person, text, by, state="proposed", lesson=lesson)
            by.record(connection, "proposed_cycle", "cycle", made.id, lesson=lesson)
        return made

    def accept(self, cycle: str, by: Actor) -> Cycle:
        """A proposal becomes the teacher's open cycle, shared with who proposed it.

        The focus and the days of the open one become the proposal's, if that is with the same
        coach. Raises UsageError.
        """
        assert by.person is not None
        with self._database.writing() as connection:
            known = _own(connection, cycle, by)
            if known.state != "proposed":
                return known
            now = _open_of(connection, by.person)
            if now is not None and now.coach != known.coach:
                raise UsageError(_(ONE_AT_A_TIME))
            by.record(connection, "accepted_cycle", "cycle", known.id)
            if now is None:
                _record_sharing(connection, None, known.coach, by)
                return _put(connection, known, by, state="open")
            connection.execute(delete(cycles).where(cycles.c.id == known.id))
            return _put(connection, now, by, **_text_values(known.text))

    def look_at(self, cycle: str, lesson: str, by: Actor) -> None:
        """Which lesson of theirs it is about; raises UsageError. Another one has not been talked of."""
        with self._database.writing() as connection:
            known = _own(connection, cycle, by)
            if known.lesson != lesson:
                _put(connection, known, by, lesson=lesson, talked_utc_ns=None)

    def talk(self, cycle: str, by: Actor) -> None:
        """They have talked about the lesson, now."""
        with self._database.writing() as connection:
            known = _own(connection, cycle, by)
            if known.talked_utc_ns is None:
                _put(connection, known, by, talked_utc_ns=by.utc_ns)

    def close(self, cycle: str, by: Actor) -> None:
        """It is over: its coach does not see it any more."""
        with self._database.writing() as connection:
            known = _own(connection, cycle, by)
            if known.state == "open":
                _put(connection, known, by, state="closed")
                by.record(connection, "closed_cycle", "cycle", cycle)
                _record_sharing(connection, known.coach, None, by)

    def remove(self, cycle: str, by: Actor) -> None:
        """It is gone, for everybody: the teacher's own, or what a coach proposed and withdraws."""
        with self._database.writing() as connection:
            known = _one(connection, cycle)
            is_theirs = known is not None and by.person == known.person
            is_withdrawn = (
                known is not None and known.state == "proposed" and by.person == known.author
            )
            if is_theirs or is_withdrawn:
                connection.execute(delete(cycles).where(cycles.c.id == cycle))
                by.record(connection, "removed_cycle", "cycle", cycle)

    def _read(self, *conditions: Any) -> list[Cycle]:
        found = (
            select(cycles).where(*conditions).order_by(cycles.c.written_utc_ns.desc(), cycles.c.id)
        )
        with self._database.reading() as connection:
            return [_cycle(row) for row in connection.execute(found).all()]


def _new(
    connection: Connection, person: str, coach: str | None, text: CycleText, by: Actor, **given: Any
) -> Cycle:
    values = {
        "id": secrets.token_hex(8), "person": person, "coach": coach, "step": None,
        "talked_utc_ns": None, "author": by.person, "revision": 1, "written_utc_ns": by.utc_ns,
        "changed_utc_ns": by.utc_ns, **_text_values(text), **given,
    }  # fmt: skip
    connection.execute(insert(cycles), values)
    made = _one(connection, values["id"])
    assert made is not None
    return made


def _one(connection: Connection, cycle: str) -> Cycle | None:
    row = connection.execute(select(cycles).where(cycles.c.id == cycle)).one_or_none()
    return None if row is None else _cycle(row)


def _own(connection: Connection, cycle: str, by: Actor) -> Cycle:
    known = _one(connection, cycle)
    if known is None or known.person != by.person:
        raise CycleGoneError
    return known


def _open_of(connection: Connection, person: str) -> Cycle | None:
    found = select(cycles).where(cycles.c.person == person, cycles.c.state == "open")
    row = connection.execute(found).one_or_none()
    return None if row is None else _cycle(row)


def _put(connection: Connection, known: Cycle, by: Actor, **changed: Any) -> Cycle:
    values = {**changed, "changed_utc_ns": by.utc_ns, "revision": known.revision + 1}
    connection.execute(update(cycles).where(cycles.c.id == known.id), values)
    found = _one(connection, known.id)
    assert found is not None
    return found


def _record_sharing(
    connection: Connection, before: str | None, after: str | None, by: Actor
) -> None:
    """Who gets to see it, and who does not any more."""
    if before == after:
        return
    if before is not None:
        by.record_about(connection, "unshared_cycle", before, _name_of(connection, before))
    if after is not None:
        by.record_about(connection, "shared_cycle", after, _name_of(connection, after))


def _name_of(connection: Connection, person: str) -> str:
    return str(connection.scalar(select(people.c.name).where(people.c.id == person)))


def _text_values(text: CycleText) -> dict[str, Any]:
    values = asdict(text)
    return values | {name: "" if values[name] is None else f"{values[name]}" for name in _DAYS}


def _cycle(row: Row[Any]) -> Cycle:
    values = row._asdict()
    days = {name: date.fromisoformat(day) if (day := values.pop(name)) else None for name in _DAYS}
    text = CycleText(focus=values.pop("focus"), **days)
    return Cycle(**values, text=text)
