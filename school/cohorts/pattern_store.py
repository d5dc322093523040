"""The groups in which spans of a cohort are counted, so that none is ever seen alone.

A group is six answers of six members about six lessons: whoever of them reads it knows one, and
reads the counts of five others. It is formed once, when the sixth of them is handed, and kept. Each
answer is in one group at most, with what is counted of it as it was then. A group counts while all
six are there and the reader reads each of them; so any two looks, by anybody and at any time, differ
by whole groups.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, exists, func, select, update

from school.cohorts.cohort_records import GROUP_OF, SpanPlace
from school.cohorts.cohort_tables import cohort_answers, cohort_tasks
from school.cohorts.readers import answers_in, is_readers, is_shown
from school.database import SchoolDatabase
from school.schema import exclusions

__all__ = ["PatternStore", "form_groups"]

_ANSWERS: Final = select(
    cohort_answers.c.task, cohort_answers.c.person, cohort_answers.c.lesson,
    cohort_answers.c.activity, cohort_answers.c.third, cohort_answers.c.counted_in,
)  # fmt: skip


class PatternStore:
    """Reads them; `CohortStore.save` forms them."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def counted(self, cohort: str, reader: str) -> list[SpanPlace]:
        """What counts for who is in a cohort, or leads it: of whole groups alone."""
        found = answers_in(_ANSWERS, cohort).where(
            cohort_answers.c.counted_in > 0, is_shown(), _is_whole(), is_readers(cohort, reader)
        )
        groups: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        with self._database.reading() as connection:
            for row in connection.execute(found).all():
                groups[row.counted_in].append(row)
        return [
            SpanPlace(activity=row.activity, third=row.third)
            for _, rows in sorted(groups.items())
            if len(rows) == GROUP_OF
            for row in rows
        ]


def form_groups(connection: Connection, cohort: str) -> None:
    """Put answers that wait into groups, in the order in which they were handed; most often none."""
    waiting = (
        answers_in(_ANSWERS, cohort)
        .where(
            is_shown(), _is_whole(), cohort_answers.c.counted_in.is_(None), cohort_answers.c.third.is_not(None)
        )
        .order_by(
            cohort_answers.c.handed_utc_ns, cohort_answers.c.task, cohort_answers.c.person
        )
    )  # fmt: skip
    rows = list(connection.execute(waiting).all())
    while group := _first_group(rows):
        number = 1 + (connection.scalar(_last_number(cohort)) or 0)
        for row in group:
            which = cohort_answers.c.task == row.task, cohort_answers.c.person == row.person
            connection.execute(update(cohort_answers).where(*which), {"counted_in": number})
        rows = [row for row in rows if row not in group]


def _first_group(rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """The first answer of each of the first six members; empty if there are not so many."""
    group: list[Row[Any]] = []
    for row in rows:
        if all(row.person != one.person and row.lesson != one.lesson for one in group):
            group.append(row)
        if len(group) == GROUP_OF:
            return group
    return []


def _last_number(cohort: str) -> Any:
    return (
        select(func.max(cohort_answers.c.counted_in))
        .join(cohort_tasks, cohort_tasks.c.id == cohort_answers.c.task)
        .where(cohort_tasks.c.cohort == cohort)
    )


def _is_whole() -> ColumnElement[bool]:
    """Whether its teacher left out nothing of its span."""
    return ~exists(
        select(1)
        .where(
            exclusions.c.lesson == cohort_answers.c.lesson,
            exclusions.c.start_s < cohort_answers.c.end_s,
            cohort_answers.c.start_s < exclusions.c.end_s,
        )
        .correlate(cohort_answers)
    )
