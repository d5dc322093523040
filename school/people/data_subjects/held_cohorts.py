"""What an export of a person has of cohorts: theirs, and what they said there."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from school.groups.cohort_tables import cohort_answers, cohort_members, cohort_tasks, cohorts
from school.people.data_subjects.held_parts import PERSON, Held

__all__ = ["HELD_COHORTS"]

_THEIRS: Final = {"person": "the file is of that person"}
HELD_COHORTS: Final = (
    Held(
        table=cohorts, files=("account.json",),
        parts={"cohorts_that_you_lead": select(
            cohorts.c.title, cohorts.c.focus, cohorts.c.changed_utc_ns
        ).where(cohorts.c.coach == PERSON).order_by(cohorts.c.changed_utc_ns, cohorts.c.id)},
        omitted={"id": "an address", "coach": "the file is of that person"},
    ),
    Held(
        table=cohort_members, files=("account.json",),
        parts={"cohorts": select(
            cohorts.c.title, cohorts.c.focus, cohort_members.c.state, cohort_members.c.since_utc_ns
        )
        .join(cohorts, cohorts.c.id == cohort_members.c.cohort)
        .where(cohort_members.c.person == PERSON)
        .order_by(cohort_members.c.since_utc_ns, cohorts.c.id)},
        omitted=_THEIRS | {"cohort": "its title stands there"},
    ),
    Held(
        table=cohort_tasks, files=("account.json",),
        parts={"tasks_of_cohorts_that_you_lead": select(
            cohorts.c.title.label("cohort"), cohort_tasks.c.question, cohort_tasks.c.due_on,
            cohort_tasks.c.written_utc_ns,
        )
        .join(cohorts, cohorts.c.id == cohort_tasks.c.cohort)
        .where(cohorts.c.coach == PERSON)
        .order_by(cohort_tasks.c.written_utc_ns, cohort_tasks.c.id)},
        omitted={"id": "an address"},
    ),
    Held(
        table=cohort_answers, files=("account.json",),
        parts={"your_answers_in_cohorts": select(
            cohort_tasks.c.question,
            *(column for column in cohort_answers.c if column.name not in {"task", "person"}),
        )
        .join(cohort_tasks, cohort_tasks.c.id == cohort_answers.c.task)
        .where(cohort_answers.c.person == PERSON)
        .order_by(cohort_answers.c.changed_utc_ns, cohort_tasks.c.id)},
        omitted=_THEIRS | {"task": "its question stands there"},
    ),
)  # fmt: skip
"""What others handed to a cohort is theirs, and in their own files."""
