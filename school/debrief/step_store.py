"""Teachers' next steps in the school's database.

A change names the revision that it was made of: who has not seen the last one gets it, and nothing
is overwritten.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, get_args

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from contract.errors import UsageError
from contract.language import N_, _
from school.audit.actor import Actor
from school.audit.records import Action
from school.cycle.linking import link_step
from school.database import SchoolDatabase
from school.debrief.records import ActionStep, ChangedMeanwhileError, StepState, StepText, Went
from school.debrief.tables import action_steps as steps
from school.schema import lesson_owners

__all__ = ["ONE_AT_A_TIME", "StepStore"]

ONE_AT_A_TIME: Final = N_(
    "You have an open step already. Say first how it went; then there is room for the next one."
)
_TEXT: Final = tuple(StepText.__dataclass_fields__)
_OPEN: Final[StepState] = "open"
_OWNER: Final = select(lesson_owners.c.person).where(
    lesson_owners.c.lesson == bindparam("of_lesson")
)


class StepStore:
    """Any number of programs may use it, each change in a transaction with its record."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def open_step(self, person: str) -> ActionStep | None:
        """What a teacher tries at present."""
        with self._database.reading() as connection:
            return _open_of(connection, person)

    def of_lesson(self, lesson: str) -> list[ActionStep]:
        """The steps that come from a lesson of its owner, the newest first: proposed ones too."""
        found = (
            select(steps)
            .join(
                lesson_owners,
                (lesson_owners.c.lesson == steps.c.lesson)
                & (lesson_owners.c.person == steps.c.person),
            )
            .where(steps.c.lesson == lesson)
            .order_by(steps.c.written_utc_ns.desc(), steps.c.id)
        )
        with self._database.reading() as connection:
            return [_step(row) for row in connection.execute(found).all()]

    def write(self, lesson: str, text: StepText, by: Actor) -> ActionStep:
        """A new step from a lesson: of its teacher, or else proposed to them.

        Raises UsageError if the teacher has an open one, or nobody has the lesson, and
        ChangedMeanwhileError if something is proposed already.
        """
        assert by.person is not None
        with self._database.writing() as connection:
            person = connection.scalar(_OWNER, {"of_lesson": lesson})
            if person is None:
                raise UsageError(_("This lesson is nobody’s, so it has no next step."))
            is_own = by.person == person
            step = ActionStep(
                id=secrets.token_hex(8), person=person, lesson=lesson,
                state="open" if is_own else "proposed", text=text, author=by.person,
                changed_by=by.person, revision=1, written_utc_ns=by.utc_ns, changed_utc_ns=by.utc_ns,
            )  # fmt: skip
            if is_own and _open_of(connection, person) is not None:
                raise UsageError(_(ONE_AT_A_TIME))
            if not is_own and (earlier := _proposal(connection, person, lesson)) is not None:
                raise ChangedMeanwhileError(earlier)
            connection.execute(insert(steps), _values(step))
            if is_own:
                link_step(connection, person, step.id, lesson, by.utc_ns)
            _record(by, connection, "wrote_step" if is_own else "proposed_step", step)
        return step

    def change(self, step: str, revision: int, text: StepText, by: Actor) -> ActionStep:
        """Change its words. Raises ChangedMeanwhileError, or UsageError where it is gone."""
        with self._database.writing() as connection:
            known = _same(connection, step, revision)
            changed = _put(connection, known, by, **asdict(text))
            _record(by, connection, "wrote_step", changed)
        return changed

    def accept(self, step: str, revision: int, by: Actor) -> ActionStep:
        """A proposal becomes the teacher's step; raises as `change` and `write` do."""
        with self._database.writing() as connection:
            known = _same(connection, step, revision)
            if known.state != "proposed":
                return known
            if _open_of(connection, known.person) is not None:
                raise UsageError(_(ONE_AT_A_TIME))
            accepted = _put(connection, known, by, state=_OPEN)
            link_step(connection, known.person, known.id, known.lesson, by.utc_ns)
            _record(by, connection, "accepted_step", accepted)
        return accepted

    def report(self, step: str, went: Went, words: str, lesson: str | None, by: Actor) -> None:
        """How an open step went, as its teacher says in a later lesson."""
        with self._database.writing() as connection:
            known = _one(connection, step)
            if known is None or known.state != "open":
                raise UsageError(_("This step is not open any more."))
            _put(
                connection, known, by, went=went, went_words=words, went_lesson=lesson,
                state=_OPEN if went == "going_on" else went,
            )  # fmt: skip
            _record(by, connection, "reported_step", known, {"went": went})

    def remove(self, step: str, by: Actor) -> None:
        """It is gone, for its teacher and for everybody."""
        with self._database.writing() as connection:
            known = _one(connection, step)
            if known is not None:
                connection.execute(delete(steps).where(steps.c.id == step))
                _record(by, connection, "removed_step", known)


def _record(
    by: Actor,
    connection: Connection,
    action: Action,
    step: ActionStep,
    detail: Mapping[str, str] | None = None,
) -> None:
    by.record(connection, action, "step", step.id, lesson=step.lesson, detail=detail)


def _one(connection: Connection, step: str) -> ActionStep | None:
    row = connection.execute(select(steps).where(steps.c.id == step)).one_or_none()
    return None if row is None else _step(row)


def _same(connection: Connection, step: str, revision: int) -> ActionStep:
    known = _one(connection, step)
    if known is None:
        raise UsageError(_("This step is gone: somebody removed it."))
    if known.revision != revision:
        raise ChangedMeanwhileError(known)
    return known


def _put(connection: Connection, known: ActionStep, by: Actor, **changed: Any) -> ActionStep:
    values = {
        **changed, "changed_by": by.person, "changed_utc_ns": by.utc_ns,
        "revision": known.revision + 1,
    }  # fmt: skip
    connection.execute(update(steps).where(steps.c.id == known.id), values)
    found = _one(connection, known.id)
    assert found is not None
    return found


def _open_of(connection: Connection, person: str) -> ActionStep | None:
    found = select(steps).where(steps.c.person == person, steps.c.state == _OPEN)
    row = connection.execute(found).one_or_none()
    return None if row is None else _step(row)


def _proposal(connection: Connection, person: str, lesson: str) -> ActionStep | None:
    found = select(steps).where(
        steps.c.person == person, steps.c.lesson == lesson, steps.c.state == "proposed"
    )
    row = connection.execute(found).one_or_none()
    return None if row is None else _step(row)


def _values(step: ActionStep) -> dict[str, Any]:
    values = {**asdict(step), **asdict(step.text), "went": step.went or ""}
    del values["text"]
    return values


def _step(row: Row[Any]) -> ActionStep:
    values = row._asdict()
    text = StepText(**{name: values.pop(name) for name in _TEXT})
    went = values.pop("went")
    return ActionStep(**values, text=text, went=went if went in get_args(Went) else None)
