"""Plans in the school's database. A plan is its teacher's; whoever sees the lesson reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, update

from contract.language import _
from school.audit.actor import Actor
from school.database import SchoolDatabase
from school.plans.records import Phase, Plan, PlanChangedError
from school.plans.tables import plans
from school.schema import lesson_owners
from school.sql_store import put_row

__all__ = ["PlanStore", "phases_of"]


class PlanStore:
    """Any number of programs may use it, each change of a plan's text with its record."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def of_lesson(self, lesson: str) -> Plan | None:
        """That of the lesson's teacher of today."""
        found = (
            select(plans)
            .join(
                lesson_owners,
                (lesson_owners.c.lesson == plans.c.lesson)
                & (lesson_owners.c.person == plans.c.person),
            )
            .where(plans.c.lesson == lesson)
        )
        with self._database.reading() as connection:
            row = connection.execute(found).one_or_none()
        return None if row is None else _plan(row)

    def write(self, lesson: str, phases: Sequence[Phase], revision: int, by: Actor) -> Plan:
        """Keep a plan in the place of the one with that revision, 0 for none.

        What was said of a phase stays with it, if the new text has it under the same name and
        number of minutes. Raises PlanChangedError.
        """
        assert by.person is not None
        with self._database.writing() as connection:
            known = _one(connection, lesson, by.person)
            if (known.revision if known else 0) != revision:
                raise PlanChangedError(_changed())
            plan = Plan(
                lesson=lesson, person=by.person, revision=revision + 1, written_utc_ns=by.utc_ns,
                phases=_with_answers(phases, known.phases if known else ()),
            )  # fmt: skip
            put_row(connection, plans, {**asdict(plan), "phases": _text(plan.phases)})
            by.record(connection, "wrote_plan", "plan", lesson, lesson=lesson)
        return plan

    def begin(
        self, lesson: str, place: int, revision: int, person: str, began_s: int | None
    ) -> Plan:
        """When a phase truly began; None if nobody knows. Raises PlanChangedError."""
        return self._answer(
            lesson, place, revision, person,
            lambda phase: replace(phase, began_s=began_s, is_absent=False),
        )  # fmt: skip

    def leave_out(self, lesson: str, place: int, revision: int, person: str) -> Plan:
        """A phase never came. Raises PlanChangedError."""
        return self._answer(
            lesson, place, revision, person,
            lambda phase: replace(phase, began_s=None, is_absent=True),
        )  # fmt: skip

    def remove(self, lesson: str, by: Actor) -> None:
        assert by.person is not None
        with self._database.writing() as connection:
            if connection.execute(delete(plans).where(_is(lesson, by.person))).rowcount:
                by.record(connection, "removed_plan", "plan", lesson, lesson=lesson)

    def _answer(
        self,
        lesson: str,
        place: int,
        revision: int,
        person: str,
        answered: Callable[[Phase], Phase],
    ) -> Plan:
        with self._database.writing() as connection:
            known = _one(connection, lesson, person)
            if known is None or known.revision != revision or place >= len(known.phases):
                raise PlanChangedError(_changed())
            phases = [
                answered(phase) if at == place else phase for at, phase in enumerate(known.phases)
            ]
            connection.execute(update(plans).where(_is(lesson, person)), {"phases": _text(phases)})
        return replace(known, phases=tuple(phases))


def phases_of(text: str) -> tuple[Phase, ...]:
    """The phases in a row."""
    return tuple(
        Phase(**{**fields, "standards": tuple(fields["standards"])}) for fields in json.loads(text)
    )


def _changed() -> str:
    return _("The plan was changed or removed in the meantime. Look at it again.")


def _text(phases: Sequence[Phase]) -> str:
    return json.dumps([asdict(phase) for phase in phases], ensure_ascii=False)


def _with_answers(phases: Sequence[Phase], before: Sequence[Phase]) -> tuple[Phase, ...]:
    rest = list(before)
    found = []
    for phase in phases:
        same = next(
            (one for one in rest if (one.name, one.minutes) == (phase.name, phase.minutes)), None
        )
        if same is not None:
            rest.remove(same)
            phase = replace(phase, began_s=same.began_s, is_absent=same.is_absent)  # noqa: PLW2901
        found.append(phase)
    return tuple(found)


def _is(lesson: str, person: str) -> ColumnElement[bool]:
    return and_(plans.c.lesson == lesson, plans.c.person == person)


def _one(connection: Connection, lesson: str, person: str) -> Plan | None:
    row = connection.execute(select(plans).where(_is(lesson, person))).one_or_none()
    return None if row is None else _plan(row)


def _plan(row: Row[Any]) -> Plan:
    return Plan(**{**row._asdict(), "phases": phases_of(row.phases)})
