"""Filled forms in the school's database.

A change of an answer names the revision that it was made of: who has not seen the last one gets it,
and nothing is overwritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.database import SchoolDatabase
from school.forms.sheets import Answer, AnswerChangedError, FilledForm, Sheet
from school.forms.tables import form_answers as answers
from school.forms.tables import form_sheets as sheets
from school.schema import lesson_owners, lessons
from school.sql_store import put_row

__all__ = ["FormStore"]

_ANSWER: Final = tuple(Answer.__dataclass_fields__)


class FormStore:
    """Any number of programs may use it, each change in a transaction of its own."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def of_lesson(self, lesson: str) -> list[Sheet]:
        """What everybody filled, in order of form and person."""
        with self._database.reading() as connection:
            return _read(connection, sheets.c.lesson == lesson)

    def teacher_of(self, lesson: str) -> str | None:
        """Whose lesson it is today."""
        found = select(lesson_owners.c.person).where(lesson_owners.c.lesson == lesson)
        with self._database.reading() as connection:
            return connection.scalar(found)

    def of_teacher(self, teacher: str, form: str) -> list[Sheet]:
        """What was filled of a form about the lessons of a teacher."""
        with self._database.reading() as connection:
            return _read(connection, (sheets.c.teacher == teacher) & (sheets.c.form == form))

    def filled(self, teacher: str, person: str) -> list[FilledForm]:
        """The forms that someone filled about the lessons of a teacher, the latest lesson first."""
        found = (
            select(sheets.c.lesson, sheets.c.form, sheets.c.name, lessons.c.starts_utc_ns)
            .join(lessons, lessons.c.id == sheets.c.lesson)
            .where(sheets.c.teacher == teacher, sheets.c.person == person)
            .order_by(lessons.c.starts_utc_ns.desc(), sheets.c.lesson, sheets.c.form)
        )
        with self._database.reading() as connection:
            return [FilledForm(**row._asdict()) for row in connection.execute(found).all()]

    def answer(self, sheet: Sheet, new: Answer, utc_ns: int) -> Answer:
        """Keep what someone says of an item; `sheet` says of which form, as it is now.

        Raises AnswerChangedError.
        """
        with self._database.writing() as connection:
            now = _answer(connection, sheet, new.item) or Answer(item=new.item, label=new.label)
            if (now.choice, now.words) == (new.choice, new.words):
                return now
            if now.revision != new.revision:
                raise AnswerChangedError(now)
            saved = replace(new, revision=new.revision + 1)
            _keep(connection, sheet, utc_ns)
            values = {name: getattr(saved, name) for name in _ANSWER}
            put_row(connection, answers, {**_key(sheet), **values, "written_utc_ns": utc_ns})
        return saved

    def finish(self, lesson: str, form: str, by: Actor) -> None:
        """Its writer is done: whoever else of the two is done too sees it from now on."""
        assert by.person is not None
        mine = _is(lesson, by.person, form)
        with self._database.writing() as connection:
            found = connection.execute(
                select(sheets.c.done_utc_ns, sheets.c.teacher, lesson_owners.c.person)
                .join(lesson_owners, lesson_owners.c.lesson == sheets.c.lesson)
                .where(mine)
            ).one_or_none()
            if found is None:
                raise UsageError(_("Say something of an item first."))
            if found.done_utc_ns is None or found.teacher != found.person:
                done = {"done_utc_ns": by.utc_ns, "teacher": found.person}
                connection.execute(update(sheets).where(mine), done)
                by.record(connection, "finished_form", "form", lesson, lesson=lesson)

    def remove(self, lesson: str, form: str, by: Actor) -> None:
        """All that someone filled of it is gone, for everybody."""
        assert by.person is not None
        with self._database.writing() as connection:
            gone = connection.execute(delete(sheets).where(_is(lesson, by.person, form)))
            if gone.rowcount:
                by.record(connection, "removed_form", "form", lesson, lesson=lesson)


def _is(lesson: str, person: str, form: str) -> ColumnElement[bool]:
    return and_(sheets.c.lesson == lesson, sheets.c.person == person, sheets.c.form == form)


def _key(sheet: Sheet) -> dict[str, Any]:
    return {"lesson": sheet.lesson, "person": sheet.person, "form": sheet.form}


def _keep(connection: Connection, sheet: Sheet, utc_ns: int) -> None:
    """The sheet is there, under the form's name and version of today."""
    words = {"name": sheet.name, "version": sheet.version, "written_utc_ns": utc_ns}
    mine = _is(sheet.lesson, sheet.person, sheet.form)
    teacher = connection.scalar(select(sheets.c.teacher).where(mine))
    # What someone was done with for one teacher is not for another one.
    start = {} if teacher == sheet.teacher else {"teacher": sheet.teacher, "done_utc_ns": None}
    if teacher is None:
        connection.execute(insert(sheets), {**_key(sheet), **words, **start})
    else:
        connection.execute(update(sheets).where(mine), {**words, **start})


def _answer(connection: Connection, sheet: Sheet, item: str) -> Answer | None:
    found = select(*(answers.c[name] for name in _ANSWER)).where(
        answers.c.lesson == sheet.lesson,
        answers.c.person == sheet.person,
        answers.c.form == sheet.form,
        answers.c.item == item,
    )
    row = connection.execute(found).one_or_none()
    return None if row is None else Answer(**row._asdict())


def _read(connection: Connection, where: ColumnElement[bool]) -> list[Sheet]:
    found: dict[tuple[str, str, str], dict[str, Answer]] = {}
    joined = and_(*(answers.c[name] == sheets.c[name] for name in ("lesson", "person", "form")))
    said = select(sheets.c.lesson, sheets.c.person, sheets.c.form).add_columns(
        *(answers.c[name].label(f"answer_{name}") for name in _ANSWER)
    )
    rows: Sequence[Any] = connection.execute(said.join(answers, joined).where(where)).all()
    for row in rows:
        answer = Answer(**{name: getattr(row, f"answer_{name}") for name in _ANSWER})
        found.setdefault((row.lesson, row.person, row.form), {})[answer.item] = answer
    ordered = select(sheets).where(where).order_by(sheets.c.lesson, sheets.c.form, sheets.c.person)
    return [
        Sheet(**row._asdict(), answers=found.get((row.lesson, row.person, row.form), {}))
        for row in connection.execute(ordered).all()
    ]
