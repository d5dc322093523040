"""Who reads what was handed to a cohort, as conditions of a query."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, select

from school.cohorts.cohort_tables import cohort_answers, cohort_members, cohort_tasks, cohorts
from school.schema import hidden_lessons, lesson_owners

__all__ = ["answers_in", "is_member", "is_readers", "is_shown"]


def answers_in(found: Select[Any], cohort: str) -> Select[Any]:
    """A query over answers, of one cohort; `is_readers` and `is_shown` can be asked of its rows."""
    return (
        found.join(cohort_tasks, cohort_tasks.c.id == cohort_answers.c.task)
        .join(cohorts, cohorts.c.id == cohort_tasks.c.cohort)
        .outerjoin(
            lesson_owners,
            (lesson_owners.c.lesson == cohort_answers.c.lesson)
            & (lesson_owners.c.person == cohort_answers.c.person),
        )
        .where(cohort_tasks.c.cohort == cohort)
    )


def is_shown() -> ColumnElement[bool]:
    """Whether an answer was handed, and its lesson is its writer's still and not hidden."""
    return and_(
        cohort_answers.c.handed_utc_ns.is_not(None),
        lesson_owners.c.person.is_not(None),
        cohort_answers.c.lesson.not_in(select(hidden_lessons.c.lesson)),
    )


def is_readers(cohort: str, reader: str) -> ColumnElement[bool]:
    """Whether it was handed since the reader joined the cohort, or leads it."""
    joined = exists(
        select(1)
        .where(*is_member(cohort, reader, "member"))
        .where(cohort_members.c.since_utc_ns <= cohort_answers.c.handed_utc_ns)
        .correlate(cohort_answers)
    )
    leads = and_(
        cohorts.c.coach == reader, cohort_answers.c.handed_utc_ns >= cohorts.c.changed_utc_ns
    )
    return joined | leads


def is_member(cohort: str, person: str | None, state: str) -> tuple[ColumnElement[bool], ...]:
    """That somebody is invited to a cohort, or in it."""
    columns = cohort_members.c
    return columns.cohort == cohort, columns.person == person, columns.state == state
