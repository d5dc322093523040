"""What people wrote around lessons, once it is as old as the school keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    select,
)

from contract.clock import SECOND_NS
from school.cohorts.cohort_tables import (
    cohort_answers,
    cohort_clips,
    cohort_members,
    cohort_replies,
    cohort_tasks,
    cohort_visits,
    cohorts,
)
from school.cycle.tables import cycles
from school.debrief.tables import action_steps, guesses, reflections, talks
from school.forms.tables import form_sheets
from school.ledger.tables import class_outcomes, ledger_weeks
from school.matching.tables import passed_steps
from school.moments.store import remove_moment_rows
from school.plans.tables import plans
from school.pulse.tables import pulse_counts, pulse_deeds, pulse_settled, pulse_words
from school.schema import lessons, moments

__all__ = ["has_old_words", "remove_old_words"]

_BEFORE: Final[BindParameter[int]] = bindparam("before")
_BEFORE_DAY: Final[BindParameter[str]] = bindparam("before_day")
_OLD: Final[Sequence[tuple[Table, ColumnElement[bool]]]] = (
    (cycles, cycles.c.changed_utc_ns < _BEFORE),
    # An open step is what its teacher tries, however long.
    (action_steps, and_(action_steps.c.state != "open", action_steps.c.changed_utc_ns < _BEFORE)),
    (guesses, guesses.c.written_utc_ns < _BEFORE),
    (reflections, reflections.c.written_utc_ns < _BEFORE),
    # Its answers go with it.
    (form_sheets, form_sheets.c.written_utc_ns < _BEFORE),
    (ledger_weeks, ledger_weeks.c.written_utc_ns < _BEFORE),
    (class_outcomes, class_outcomes.c.imported_utc_ns < _BEFORE),
    # As the notes of the same lesson, so that one is never gone before its lesson is held.
    (plans, plans.c.lesson.in_(select(lessons.c.id).where(lessons.c.starts_utc_ns < _BEFORE))),
    (cohort_answers, cohort_answers.c.changed_utc_ns < _BEFORE),
    (cohort_replies, cohort_replies.c.written_utc_ns < _BEFORE),
    (cohort_visits, cohort_visits.c.changed_utc_ns < _BEFORE),
    (cohort_tasks, cohort_tasks.c.due_on < _BEFORE_DAY),
    # One in which nothing was done for so long: nobody joined, and nothing of it is kept.
    (
        cohorts,
        and_(
            cohorts.c.changed_utc_ns < _BEFORE,
            *(
                cohorts.c.id.not_in(select(table.c.cohort))
                for table in (cohort_tasks, cohort_clips, cohort_replies, cohort_visits)
            ),
            cohorts.c.id.not_in(
                select(cohort_members.c.cohort).where(cohort_members.c.since_utc_ns >= _BEFORE)
            ),
        ),
    ),
    # Nobody reads one by this since its day.
    (passed_steps, passed_steps.c.until_utc_ns < _BEFORE),
    (pulse_words, pulse_words.c.written_utc_ns < _BEFORE),
    (pulse_settled, pulse_settled.c.week < _BEFORE_DAY),
    (pulse_counts, pulse_counts.c.week < _BEFORE_DAY),
    (pulse_deeds, pulse_deeds.c.day < _BEFORE_DAY),
    (talks, talks.c.lesson.in_(select(lessons.c.id).where(lessons.c.starts_utc_ns < _BEFORE))),
)
_OLD_NOTES: Final = (
    select(moments.c.id)
    .join(lessons, lessons.c.id == moments.c.lesson)
    .where(lessons.c.starts_utc_ns < _BEFORE)
    .order_by(lessons.c.starts_utc_ns, moments.c.id)
)


def has_old_words(connection: Connection, before_utc_ns: int) -> bool:
    """Whether there is anything to remove; asked each hour, and mostly for nothing."""
    return any(
        connection.execute(found.limit(1), _values(before_utc_ns)).first() is not None
        for found in (
            _OLD_NOTES,
            *(select(*table.primary_key).where(is_old) for table, is_old in _OLD),
        )
    )


def remove_old_words(connection: Connection, before_utc_ns: int, most: int) -> int:
    """Remove at most so many: notes of old lessons with their replies, and the rest by its last change."""
    gone = 0
    for table, is_old in _OLD:
        keys = select(*table.primary_key).where(is_old).limit(most - gone)
        for row in connection.execute(keys, _values(before_utc_ns)).all():
            connection.execute(delete(table).where(_is(table, tuple(row))))
            gone += 1
    notes = _OLD_NOTES.limit(most - gone)
    for note in connection.scalars(notes, _values(before_utc_ns)).all():
        remove_moment_rows(connection, note)
        gone += 1
    return gone


def _values(before_utc_ns: int) -> dict[str, object]:
    """The time, and its day in UTC."""
    day = datetime.fromtimestamp(max(before_utc_ns, 0) // SECOND_NS, tz=UTC).date().isoformat()
    return {"before": before_utc_ns, "before_day": day}


def _is(table: Table, row: Sequence[Any]) -> ColumnElement[bool]:
    return and_(*(key == row[at] for at, key in enumerate(table.primary_key)))
