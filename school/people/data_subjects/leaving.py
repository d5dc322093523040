"""A person who leaves: their name goes, and what others keep of them reads "a person who left"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, or_, select, update

from contract.errors import UsageError
from contract.language import _
from school.audit import names
from school.audit.actor import Actor
from school.audit.entries import SOMEONE_GONE
from school.bundle.tables import imported_lessons
from school.clips.tables import clip_viewers, clips
from school.cohorts.cohort_tables import (
    cohort_answers,
    cohort_clips,
    cohort_members,
    cohort_offers,
    cohort_replies,
    cohort_visits,
    cohorts,
)
from school.cycle.linking import forget_coach
from school.cycle.tables import cycles
from school.database import SchoolDatabase
from school.debrief.tables import action_steps, guess_choices, guesses, reflections, talks
from school.forms.tables import form_sheets
from school.inbox.tables import digests, lesson_looks
from school.ledger.tables import ledger_weeks
from school.lti.tables import lti_accounts
from school.matching.tables import colleague_tags, passed_steps
from school.moments.store import remove_unwanted_labels
from school.observing.tables import observers
from school.people.demo_ids import DEMO_IDS
from school.people.languages import chosen_languages
from school.people.program_tokens import end_tokens
from school.people.tokens import new_id
from school.plans.tables import plans
from school.programme.tables import person_sites
from school.pulse.tables import pulse_off, pulse_settled, pulse_words
from school.roster.forgetting import forget_in_roster
from school.schema import (
    audit_events,
    former_people,
    identities,
    invitations,
    label_opt_ins,
    lesson_owners,
    lessons,
    notices,
    offers,
    people,
    program_tokens,
    roles,
    seat_row_choices,
    sessions,
    shares,
    teacher_names,
)

__all__ = ["Departure", "LeavingPlan", "LeavingStore"]

_GOES: Final = (
    sessions, identities, invitations, roles, notices, seat_row_choices, action_steps, guesses,
    guess_choices, reflections, imported_lessons, cycles, form_sheets,
    lesson_looks, digests, chosen_languages, talks, person_sites, lti_accounts,
    ledger_weeks, plans,
    pulse_off, pulse_settled, pulse_words, clip_viewers, colleague_tags, passed_steps,
    cohort_members, cohort_answers, cohort_offers, cohort_clips, cohort_replies, cohort_visits,
)  # fmt: skip
"""What is theirs alone, all of it by the column `person`."""
_OWN: Final = {
    "sessions": sessions,
    "tokens": program_tokens,
    "accounts": identities,
    "accounts of learning platforms": lti_accounts,
    "invitations": invitations,
    "shares to them": shares,
}
"""What a plan counts, all of it by the column `person`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """Someone who left; their id names nobody any more."""

    person: str
    left_utc_ns: int
    deletes_lessons: bool
    """Whether their lessons are deleted, one after the other; otherwise they stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavingPlan:
    """What will happen when someone leaves."""

    person: str
    name: str
    teacher_names: tuple[str, ...]
    """What timetables call them, as far as an administrator has said so."""
    own: dict[str, int]
    """How many there are of what is removed: sessions, tokens and so on."""
    shares_by_them: int
    lessons: int
    """Their own that have begun."""
    coming: int
    """Their own that have not: these become nobody's."""


class LeavingStore:
    """Any number of programs may use it, each change in a transaction with its record."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def plan(self, person: str, utc_ns: int) -> LeavingPlan:
        """What would happen; raises UsageError if they can't leave. `utc_ns` is the lessons' time."""
        with self._database.reading() as connection:
            name = _name_of_leaving(connection, person)
            begun, coming = _lessons_of(person, utc_ns)
            return LeavingPlan(
                person=person,
                name=name,
                teacher_names=tuple(connection.scalars(_names_of(person)).all()),
                own={
                    what: _count(connection, select(table).where(table.c.person == person))
                    for what, table in _OWN.items()
                },
                shares_by_them=_count(connection, _shares_by(person)),
                lessons=_count(connection, begun),
                coming=_count(connection, coming),
            )

    def leave(
        self, person: str, by: Actor, *, utc_ns: int, deletes_lessons: bool = False
    ) -> Departure:
        """Remove someone's name and all that they come in with, for good; raises UsageError.

        Their lessons stay theirs, which means nobody's eyes, unless they are to be deleted.
        `utc_ns` is the lessons' time, which may differ from that of people.
        """
        departure = Departure(person=person, left_utc_ns=by.utc_ns, deletes_lessons=deletes_lessons)
        with self._database.removing() as connection:
            _forget(connection, departure, _name_of_leaving(connection, person), by, utc_ns)
        return departure

    def repeat(self, departure: Departure, by: Actor) -> bool:
        """Remove again whom a restored backup brought back; False if they are not in it."""
        with self._database.removing() as connection:
            name = connection.scalar(select(people.c.name).where(people.c.id == departure.person))
            if name is None or _has_left(connection, departure.person):
                return False
            _forget(connection, departure, name, by, departure.left_utc_ns)
        return True

    def former(self) -> list[Departure]:
        """Everyone who left, in that order."""
        found = select(former_people).order_by(former_people.c.left_utc_ns, former_people.c.person)
        with self._database.reading() as connection:
            rows = connection.execute(found).all()
        return [
            Departure(
                person=row.person, left_utc_ns=row.left_utc_ns,
                deletes_lessons=bool(row.deletes_lessons),
            )
            for row in rows
        ]  # fmt: skip


def _name_of_leaving(connection: Connection, person: str) -> str:
    """Their name; raises UsageError if they can't leave."""
    name: str | None = connection.scalar(select(people.c.name).where(people.c.id == person))
    if name is None or _has_left(connection, person):
        raise UsageError(_("There is no such person, or they have left already."))
    if person in DEMO_IDS:
        raise UsageError(
            _("{name} is made up for the demo, and there is nobody to forget.", name=name)
        )
    administrators = select(roles.c.person).where(roles.c.role == "administrator")
    if person in connection.scalars(administrators).all():
        can_come_in = or_(
            people.c.password.is_not(None), people.c.id.in_(select(identities.c.person))
        )
        others = select(people.c.id).where(
            people.c.id != person, people.c.id.in_(administrators), can_come_in
        )
        if connection.execute(others).first() is None:
            raise UsageError(
                _(
                    "{name} is the last administrator who can sign in. Make somebody else an "
                    "administrator first, and wait until they have signed in.",
                    name=name,
                )
            )
    return name


def _has_left(connection: Connection, person: str) -> bool:
    found = select(former_people.c.person).where(former_people.c.person == person)
    return connection.execute(found).first() is not None


def _forget(
    connection: Connection, departure: Departure, name: str, by: Actor, utc_ns: int
) -> None:
    person = departure.person
    end_tokens(connection, person, (), by)
    _end_shares(connection, person, by, with_notices=departure.deletes_lessons)
    _forget_as_teacher(connection, person, utc_ns)
    _forget_in_rows_of_others(connection, person, name)
    forget_coach(connection, person, name, by)
    forget_in_roster(connection, person)
    connection.execute(delete(talks).where(talks.c.teacher == person))
    connection.execute(delete(pulse_words).where(pulse_words.c.reader == person))
    # Whoever keeps their files and keys removes them next; until then nobody sees them.
    connection.execute(
        update(clips).where(clips.c.person == person), {"title": "", "until_utc_ns": 0}
    )
    connection.execute(delete(cohort_visits).where(cohort_visits.c.other == person))
    connection.execute(update(cohorts).where(cohorts.c.coach == person), {"coach": None})
    for table in _GOES:
        connection.execute(delete(table).where(table.c.person == person))
    by.record_about(connection, "anonymised", person, name)
    names.anonymise(connection, person)
    connection.execute(
        update(people).where(people.c.id == person),
        {
            "name": SOMEONE_GONE, "sign_in_name": f"left-{person}", "password": None,
            "second_factor": None, "second_factor_step": 0,
        },
    )  # fmt: skip
    connection.execute(insert(former_people), asdict(departure))


def _end_shares(connection: Connection, person: str, by: Actor, *, with_notices: bool) -> None:
    """Those to them and those by them, and what is offered; readers of what will go get a notice."""
    ended = (
        select(shares.c.lesson, people.c.id, people.c.name, lessons.c.starts_utc_ns)
        .join(people, people.c.id == shares.c.person)
        .join(lessons, lessons.c.id == shares.c.lesson)
    )
    own = shares.c.lesson.in_(_owned(person))
    for lesson, reader, name, starts_utc_ns in connection.execute(
        ended.where(or_(own, shares.c.person == person))
    ).all():
        by.record_about(connection, "unshared", reader, name, lesson=lesson)
        if with_notices and reader != person:
            notice = {
                "id": new_id(), "person": reader, "by_name": SOMEONE_GONE,
                "lesson_utc_ns": starts_utc_ns, "created_utc_ns": by.utc_ns,
            }  # fmt: skip
            connection.execute(insert(notices), notice)
    connection.execute(delete(shares).where(or_(own, shares.c.person == person)))
    offered = or_(offers.c.lesson.in_(_owned(person)), offers.c.person == person)
    for lesson in connection.scalars(select(offers.c.lesson).where(offered)).all():
        by.record(connection, "ended_offer", "lesson", lesson, lesson=lesson)
    connection.execute(delete(offers).where(offered))
    _end_observing(connection, person, by)


def _end_observing(connection: Connection, person: str, by: Actor) -> None:
    """Requests to them and by them. What was seen stays as words do: of "a person who left"."""
    asked = or_(observers.c.person == person, observers.c.asked_by == person)
    for lesson, observer, name in connection.execute(
        select(observers.c.lesson, people.c.id, people.c.name)
        .join(people, people.c.id == observers.c.person)
        .where(asked)
    ).all():
        by.record_about(connection, "ended_observing", observer, name, lesson=lesson)
    connection.execute(delete(observers).where(asked))


def _forget_as_teacher(connection: Connection, person: str, utc_ns: int) -> None:
    """Lessons that have begun stay theirs, without the name; coming ones become nobody's.

    With the name their agreement goes to keep answers to learn from, and what is kept by it.
    """
    known: Sequence[str] = connection.scalars(_names_of(person)).all()
    connection.execute(
        update(lessons)
        .where(lessons.c.teacher.in_(known), lessons.c.starts_utc_ns <= utc_ns)
        # The revision stays: nothing is to be scored again for this.
        .values(teacher=SOMEONE_GONE, revision=lessons.c.revision)
    )
    connection.execute(delete(label_opt_ins).where(label_opt_ins.c.teacher.in_(known)))
    remove_unwanted_labels(connection)
    _, coming = _lessons_of(person, utc_ns)
    connection.execute(delete(lesson_owners).where(lesson_owners.c.lesson.in_(coming)))
    connection.execute(delete(teacher_names).where(teacher_names.c.person == person))


def _forget_in_rows_of_others(connection: Connection, person: str, name: str) -> None:
    """Their name in links that they made for others, and in notices of what they deleted.

    These rows have the name alone. If someone else has the same name, the audit log says by its time
    whose it is.
    """
    has_namesake = connection.execute(
        select(people.c.id).where(people.c.name == name, people.c.id != person)
    ).first()
    token = names.token_of(connection, person)

    def is_theirs(at_utc_ns: ColumnElement[int]) -> ColumnElement[bool]:
        of_them = select(audit_events.c.at_utc_ns).where(audit_events.c.actor == token)
        return at_utc_ns.in_(of_them)

    for table, column in ((invitations, invitations.c.made_by), (notices, notices.c.by_name)):
        change = update(table).where(column == name).values({column: SOMEONE_GONE})
        if has_namesake is not None:
            change = change.where(is_theirs(table.c.created_utc_ns))
        connection.execute(change)


def _owned(person: str) -> Select[Any]:
    return select(lesson_owners.c.lesson).where(lesson_owners.c.person == person)


def _lessons_of(person: str, utc_ns: int) -> tuple[Select[Any], Select[Any]]:
    """Their own lessons that have begun, and those that have not."""
    own = select(lessons.c.id).where(lessons.c.id.in_(_owned(person)))
    starts = lessons.c.starts_utc_ns
    return own.where(starts <= utc_ns), own.where(starts > utc_ns)


def _names_of(person: str) -> Select[Any]:
    return (
        select(teacher_names.c.name)
        .where(teacher_names.c.person == person)
        .order_by(teacher_names.c.name)
    )


def _shares_by(person: str) -> Select[Any]:
    return select(shares.c.lesson).where(shares.c.lesson.in_(_owned(person)))


def _count(connection: Connection, which: Select[Any]) -> int:
    return int(connection.scalars(select(func.count()).select_from(which.subquery())).one())
