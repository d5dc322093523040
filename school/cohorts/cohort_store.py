"""Cohorts, their tasks and answers in the school's database."""

from __future__ import annotations

import os
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from contract.errors import UsageError
from contract.language import _
from school.audit.actor import Actor
from school.cohorts.checking import checked_text
from school.cohorts.cohort_records import (
    LONGEST_FOCUS,
    LONGEST_TITLE,
    LONGEST_WORDS,
    MAX_MEMBERS,
    MAX_TASKS,
    Cohort,
    CohortAnswer,
    CohortTask,
    Member,
    SpanPlace,
)
from school.cohorts.cohort_tables import (
    cohort_answers,
    cohort_clips,
    cohort_members,
    cohort_offers,
    cohort_replies,
    cohort_tasks,
    cohort_visits,
    cohorts,
)
from school.cohorts.leading_store import LeadingStore
from school.cohorts.pattern_store import PatternStore, form_groups
from school.cohorts.readers import answers_in, is_member, is_readers, is_shown
from school.cohorts.reply_store import ReplyStore
from school.cohorts.visit_store import VisitStore
from school.database import SchoolDatabase
from school.schema import lesson_owners, people
from school.sql_store import put_row

__all__ = ["CohortStore"]

_MEMBERS: Final = (
    select(cohort_members.c.person, people.c.name, cohort_members.c.state)
    .join(people, people.c.id == cohort_members.c.person)
    .order_by(people.c.name, people.c.id)
)


class CohortStore:
    """Any number of programs may use it, each change in a transaction with its record.

    Who may do what is asked before, by `dashboard_api/cohorts`; a member's own answer is asked for
    here by that member's id alone.
    """

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database
        self.leading = LeadingStore(database)
        self.pattern = PatternStore(database)
        self.replies = ReplyStore(database)
        self.visits = VisitStore(database)

    def make(self, title: str, focus: str, by: Actor) -> str:
        """A new cohort that `by` leads; its id. Raises UsageError."""
        cohort = os.urandom(16).hex()
        row = {
            "id": cohort, "coach": by.person, "changed_utc_ns": by.utc_ns,
            "title": checked_text(title, LONGEST_TITLE, _("Write what the cohort is called.")),
            "focus": checked_text(focus, LONGEST_FOCUS, _("Write what it works on.")),
        }  # fmt: skip
        with self._database.writing() as connection:
            connection.execute(insert(cohorts), row)
            by.record(connection, "made_cohort", "cohort", cohort)
        return cohort

    def get(self, cohort: str) -> Cohort | None:
        """A cohort with all who are invited or in it."""
        with self._database.reading() as connection:
            return next(iter(_cohorts(connection, cohorts.c.id == cohort)), None)

    def led_by(self, person: str) -> list[Cohort]:
        """Those that somebody leads, by title."""
        with self._database.reading() as connection:
            return _cohorts(connection, cohorts.c.coach == person)

    def offered_to(self, person: str) -> list[Cohort]:
        """Those that somebody is asked to lead, by title."""
        with self._database.reading() as connection:
            return _cohorts(connection, cohort_offers.c.person == person)

    def of_member(self, person: str) -> list[Cohort]:
        """Those to which somebody is invited, or in which they are, by title."""
        theirs = select(cohort_members.c.cohort).where(cohort_members.c.person == person)
        with self._database.reading() as connection:
            return _cohorts(connection, cohorts.c.id.in_(theirs))

    def invite(self, cohort: str, person: str, by: Actor) -> None:
        """Invite somebody, who is in it once they accept; raises UsageError."""
        with self._database.writing() as connection:
            known = list(
                connection.scalars(
                    select(cohort_members.c.person).where(cohort_members.c.cohort == cohort)
                )
            )
            if person in known:
                return
            if len(known) >= MAX_MEMBERS:
                raise UsageError(
                    _(
                        "A cohort has {n} members at most, with those who are invited.",
                        n=MAX_MEMBERS,
                    )
                )
            row = {
                "cohort": cohort,
                "person": person,
                "state": "invited",
                "since_utc_ns": by.utc_ns,
            }
            connection.execute(insert(cohort_members), row)
            name = connection.scalars(select(people.c.name).where(people.c.id == person)).one()
            by.record_about(connection, "invited_to_cohort", person, name)

    def join(self, cohort: str, by: Actor) -> bool:
        """Accept an invitation; False if there is none any more."""
        which = is_member(cohort, by.person, "invited")
        values = {"state": "member", "since_utc_ns": by.utc_ns}
        with self._database.writing() as connection:
            if not connection.execute(update(cohort_members).where(*which), values).rowcount:
                return False
            by.record(connection, "joined_cohort", "cohort", cohort)
        return True

    def leave(self, cohort: str, person: str, by: Actor) -> None:
        """Somebody is not in it any more, or not invited; all that they said there goes for good."""
        tasks = select(cohort_tasks.c.id).where(cohort_tasks.c.cohort == cohort)
        said = cohort_answers.c.person == person, cohort_answers.c.task.in_(tasks)
        member = cohort_members.c.cohort == cohort, cohort_members.c.person == person
        with self._database.removing() as connection:
            if not connection.execute(delete(cohort_members).where(*member)).rowcount:
                return
            connection.execute(delete(cohort_answers).where(*said))
            for table in (cohort_clips, cohort_replies, cohort_visits):
                theirs = table.c.person == person
                if table is cohort_visits:
                    theirs |= table.c.other == person
                connection.execute(delete(table).where(table.c.cohort == cohort, theirs))
            if person == by.person:
                by.record(connection, "left_cohort", "cohort", cohort)
            else:
                name = connection.scalars(select(people.c.name).where(people.c.id == person)).one()
                by.record_about(connection, "removed_from_cohort", person, name)

    def end(self, cohort: str, by: Actor) -> None:
        """End a cohort for good, with its tasks and all answers."""
        with self._database.removing() as connection:
            if connection.execute(delete(cohorts).where(cohorts.c.id == cohort)).rowcount:
                by.record(connection, "ended_cohort", "cohort", cohort)

    def set_task(self, cohort: str, question: str, due_on: date, by: Actor) -> None:
        """Ask the members something; raises UsageError."""
        row = {
            "id": os.urandom(16).hex(), "cohort": cohort, "due_on": due_on.isoformat(),
            "written_utc_ns": by.utc_ns,
            "question": checked_text(question, LONGEST_FOCUS, _("Write what you ask.")),
        }  # fmt: skip
        count = select(func.count()).where(cohort_tasks.c.cohort == cohort)
        with self._database.writing() as connection:
            if connection.scalars(count).one() >= MAX_TASKS:
                raise UsageError(_("A cohort has {n} tasks at most.", n=MAX_TASKS))
            connection.execute(insert(cohort_tasks), row)
            by.record(connection, "set_task", "cohort", cohort)

    def change_task(self, task: CohortTask, question: str, due_on: date, by: Actor) -> None:
        """Ask something else, or until another day; raises UsageError.

        What is asked stays once an answer was handed in: it would answer something else. What a
        member writes for themselves does not count, or who leads could see that there is some; and
        whoever leads since another set it changes no question, or they could see that somebody
        answered before.
        """
        asked = checked_text(question, LONGEST_FOCUS, _("Write what you ask."))
        handed = select(cohort_answers.c.person).where(
            cohort_answers.c.task == task.id, cohort_answers.c.handed_utc_ns.is_not(None)
        )
        values = {"question": asked, "due_on": due_on.isoformat()}
        with self._database.writing() as connection:
            is_fixed = task.is_of_before or connection.execute(handed).first() is not None
            if asked != task.question and is_fixed:
                raise UsageError(
                    _(
                        "A question stays as it is once it can have been answered to the cohort: you can change its day, or set another."
                    )
                )
            which = cohort_tasks.c.id == task.id
            if connection.execute(update(cohort_tasks).where(which), values).rowcount:
                by.record(connection, "changed_task", "cohort", task.cohort)

    def end_task(self, task: CohortTask, by: Actor) -> None:
        """Delete a task with all answers to it for good."""
        with self._database.removing() as connection:
            gone = delete(cohort_tasks).where(cohort_tasks.c.id == task.id)
            if connection.execute(gone).rowcount:
                by.record(connection, "ended_task", "cohort", task.cohort)

    def tasks(self, cohort: str) -> list[CohortTask]:
        """All of a cohort, the one that is due last first."""
        found = (
            select(cohort_tasks, cohorts.c.changed_utc_ns)
            .join(cohorts, cohorts.c.id == cohort_tasks.c.cohort)
            .where(cohort_tasks.c.cohort == cohort)
            .order_by(cohort_tasks.c.due_on.desc(), cohort_tasks.c.written_utc_ns.desc())
        )
        with self._database.reading() as connection:
            rows = connection.execute(found).all()
        return [
            CohortTask(
                id=row.id, cohort=row.cohort, question=row.question,
                due_on=date.fromisoformat(row.due_on),
                is_of_before=row.written_utc_ns < row.changed_utc_ns,
            )
            for row in rows
        ]  # fmt: skip

    def save(
        self, task: CohortTask, lesson: str, span: tuple[int, int], words: str, by: Actor,
        *, is_handed: bool = False, place: SpanPlace | None = None,
    ) -> None:  # fmt: skip
        """Keep a member's own answer, and hand it to the cohort if they say so; raises UsageError.

        It is about a lesson of theirs, and of a member alone. What was handed stays handed. `place`
        is what is counted of the span; without it the answer is in no count. Once it is counted
        with others, that stays as it is; with another span it is a new one, and those others
        count no more.
        """
        said = checked_text(words, LONGEST_WORDS, _("Write what you saw."))
        own = select(lesson_owners.c.lesson).where(
            lesson_owners.c.lesson == lesson, lesson_owners.c.person == by.person
        )
        member = select(cohort_members.c.person).where(*is_member(task.cohort, by.person, "member"))
        with self._database.writing() as connection:
            if connection.execute(own).first() is None:
                raise UsageError(_("Choose a lesson of yours."))
            if connection.execute(member).first() is None:
                raise UsageError(_("You are not in this cohort any more."))
            before = connection.execute(
                select(cohort_answers).where(*_is_answer(task.id, by.person))
            ).first()
            was_handed = before is not None and before.handed_utc_ns is not None
            row = {
                "task": task.id, "person": by.person, "lesson": lesson, "start_s": span[0],
                "end_s": span[1], "words": said, "changed_utc_ns": by.utc_ns,
            }  # fmt: skip
            is_counted = (
                before is not None
                and before.counted_in is not None
                and (before.lesson, before.start_s, before.end_s) == (lesson, *span)
            )
            if not is_counted:
                row |= {
                    "activity": None if place is None else place.activity,
                    "third": None if place is None else place.third, "counted_in": None,
                }  # fmt: skip
            if not was_handed:
                row["handed_utc_ns"] = by.utc_ns if is_handed else None
            put_row(connection, cohort_answers, row)
            if was_handed or is_handed:
                form_groups(connection, task.cohort)
            if is_handed and not was_handed:
                by.record(connection, "handed_answer", "cohort", task.cohort, lesson=lesson)

    def take_back(self, task: CohortTask, by: Actor) -> None:
        """Delete one's own answer for good, handed or not."""
        with self._database.removing() as connection:
            gone = delete(cohort_answers).where(*_is_answer(task.id, by.person))
            if connection.execute(gone).rowcount:
                by.record(connection, "removed_answer", "cohort", task.cohort)

    def answers(self, cohort: str, reader: str) -> list[CohortAnswer]:
        """What has been handed to a cohort, and the reader's own; by name.

        An answer about a lesson that is not its writer's any more, or that they hide, is the
        writer's alone. Who joined, and a coach who took the cohort over, reads what was handed
        since; who is not in it any more reads nothing, whatever was asked before.
        """
        rows = select(cohort_answers, people.c.name).join(
            people, people.c.id == cohort_answers.c.person
        )
        is_own = cohort_answers.c.person == reader
        found = (
            answers_in(rows, cohort)
            .where(is_own | (is_shown() & is_readers(cohort, reader)))
            .order_by(people.c.name, people.c.id)
        )
        with self._database.reading() as connection:
            return [
                CohortAnswer(
                    task=row.task, person=row.person, name=row.name, lesson=row.lesson,
                    start_s=row.start_s, end_s=row.end_s, words=row.words,
                    handed_utc_ns=row.handed_utc_ns,
                )
                for row in connection.execute(found).all()
            ]  # fmt: skip


def _cohorts(connection: Connection, which: Any) -> list[Cohort]:
    found: Select[Any] = (
        select(cohorts, people.c.name, cohort_offers.c.person.label("offered_to"))
        .outerjoin(people, people.c.id == cohorts.c.coach)
        .outerjoin(cohort_offers, cohort_offers.c.cohort == cohorts.c.id)
        .where(which)
        .order_by(cohorts.c.title, cohorts.c.id)
    )
    return [
        Cohort(
            id=row.id, coach=row.coach, coach_name=row.name or "", title=row.title, focus=row.focus,
            offered_to=row.offered_to, members=tuple(
                Member(**each._asdict())
                for each in connection.execute(_MEMBERS.where(cohort_members.c.cohort == row.id))
            ),
        )
        for row in connection.execute(found).all()
    ]  # fmt: skip


def _is_answer(task: str, person: str | None) -> tuple[Any, ...]:
    return cohort_answers.c.task == task, cohort_answers.c.person == person
