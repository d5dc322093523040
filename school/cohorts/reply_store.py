"""What those in a cohort say to a clip or an answer there."""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy import Select, delete, func, insert, select

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.cohorts.checking import checked_text
from school.cohorts.cohort_records import (
    LONGEST_WORDS,
    MAX_REPLIES,
    CohortReply,
    LeftReply,
    ReplyKind,
)
from school.cohorts.cohort_tables import (
    cohort_answers,
    cohort_clips,
    cohort_members,
    cohort_replies,
    cohort_tasks,
    cohorts,
)
from school.database import SchoolDatabase
from school.schema import people

__all__ = ["ReplyStore"]


class ReplyStore:
    """A reply goes with what it is about, and with its writer; who sees that is asked before."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def to_clip(self, cohort: str, clip: str, kind: ReplyKind, words: str, by: Actor) -> None:
        """Say something to a clip that is shown in a cohort; raises UsageError."""
        there = select(cohort_clips.c.clip).where(
            cohort_clips.c.cohort == cohort, cohort_clips.c.clip == clip
        )
        self._add({"cohort": cohort, "clip": clip, "kind": kind}, there, words, by)

    def to_answer(
        self, cohort: str, task: str, writer: str, kind: ReplyKind, words: str, by: Actor
    ) -> None:
        """Say something to what a member handed to a cohort; raises UsageError."""
        there = (
            select(cohort_answers.c.task)
            .join(cohort_tasks, cohort_tasks.c.id == cohort_answers.c.task)
            .where(
                cohort_tasks.c.cohort == cohort,
                cohort_answers.c.task == task,
                cohort_answers.c.person == writer,
                cohort_answers.c.handed_utc_ns.is_not(None),
            )
        )
        row = {"cohort": cohort, "task": task, "writer": writer, "kind": kind}
        self._add(row, there, words, by)

    def remove(self, cohort: str, reply: str, by: Actor) -> None:
        """Delete a reply of one's own for good."""
        which = (
            cohort_replies.c.cohort == cohort,
            cohort_replies.c.id == reply,
            cohort_replies.c.person == by.person,
        )
        with self._database.removing() as connection:
            if connection.execute(delete(cohort_replies).where(*which)).rowcount:
                by.record(connection, "removed_cohort_reply", "cohort", cohort)

    def left_by(self, person: str) -> list[LeftReply]:
        """What somebody said as a coach who led, in cohorts that they are not in; by title."""
        is_in = select(cohort_members.c.cohort).where(
            cohort_members.c.person == person, cohort_members.c.state == "member"
        )
        found = (
            select(cohort_replies, cohorts.c.title)
            .join(cohorts, cohorts.c.id == cohort_replies.c.cohort)
            .where(
                cohort_replies.c.person == person,
                cohorts.c.coach.is_distinct_from(person),
                cohorts.c.id.not_in(is_in),
            )
            .order_by(cohorts.c.title, cohort_replies.c.written_utc_ns, cohort_replies.c.id)
        )
        with self._database.reading() as connection:
            return [
                LeftReply(
                    id=row.id, cohort=row.cohort, title=row.title, kind=row.kind, words=row.words
                )
                for row in connection.execute(found).all()
            ]  # fmt: skip

    def of_cohort(self, cohort: str) -> list[CohortReply]:
        """All of a cohort, the earliest first; to what the reader can't see, too."""
        found = (
            select(cohort_replies, people.c.name)
            .join(people, people.c.id == cohort_replies.c.person)
            .where(cohort_replies.c.cohort == cohort)
            .order_by(cohort_replies.c.written_utc_ns, cohort_replies.c.id)
        )
        with self._database.reading() as connection:
            return [
                CohortReply(
                    id=row.id, person=row.person, name=row.name, clip=row.clip, task=row.task,
                    writer=row.writer, kind=row.kind, words=row.words,
                )
                for row in connection.execute(found).all()
            ]  # fmt: skip

    def _add(self, row: dict[str, Any], there: Select[Any], words: str, by: Actor) -> None:
        said = checked_text(
            words, LONGEST_WORDS, _("Write what you saw, or what you ask yourself.")
        )
        about = {name: row[name] for name in ("clip", "task", "writer") if name in row}
        count = select(func.count()).where(
            *(cohort_replies.c[name] == value for name, value in about.items()),
            cohort_replies.c.cohort == row["cohort"],
        )
        with self._database.writing() as connection:
            if connection.execute(_is_in(row["cohort"], by.person)).first() is None:
                raise UsageError(_("You are not in this cohort any more."))
            if connection.execute(there).first() is None:
                raise UsageError(_("What you answer is not there any more."))
            if connection.scalars(count).one() >= MAX_REPLIES:
                raise UsageError(_("To one thing there are {n} answers at most.", n=MAX_REPLIES))
            kept = {
                "id": os.urandom(16).hex(), "person": by.person, "words": said,
                "written_utc_ns": by.utc_ns,
            }  # fmt: skip
            connection.execute(insert(cohort_replies), {**row, **kept})
            by.record(connection, "replied_in_cohort", "cohort", row["cohort"])


def _is_in(cohort: str, person: str | None) -> Select[Any]:
    """A row if somebody leads a cohort or has joined it."""
    is_member = cohort_members.c.person.is_not(None)
    return (
        select(cohorts.c.id)
        .outerjoin(
            cohort_members,
            (cohort_members.c.cohort == cohorts.c.id)
            & (cohort_members.c.person == person)
            & (cohort_members.c.state == "member"),
        )
        .where(cohorts.c.id == cohort, (cohorts.c.coach == person) | is_member)
    )
