"""Whose a lesson is, and with whom its owner shares it, in the school's database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, bindparam, delete, insert, select

from school.audit.actor import Actor
from school.audit.records import Action
from school.bundle.store import ImportedStore
from school.cycle.store import CycleStore
from school.database import SchoolDatabase
from school.debrief.guess_store import GuessStore
from school.debrief.reflection_store import ReflectionStore
from school.debrief.step_store import StepStore
from school.debrief.talk_store import TalkStore
from school.forms.store import FormStore
from school.inbox.store import InboxStore
from school.lessons.owner_rows import give_lessons
from school.lessons.records import Lesson
from school.lessons.rows import LESSON_COLUMNS, lesson_of
from school.plans.standard_store import StandardStore
from school.plans.store import PlanStore
from school.schema import (
    hidden_lessons,
    lesson_owners,
    lessons,
    people,
    share_spans,
    shares,
    teacher_names,
)
from school.sharing import listing
from school.sharing.counts import HELD, LEFT_OUT, HeldLesson
from school.sharing.cut import Span
from school.sharing.giving import end_share, give
from school.sharing.handover_store import HandoverStore
from school.sharing.listing import EVERY, Place, Wanted
from school.sharing.observer_store import ObserverStore
from school.sharing.policy import Reach
from school.sharing.seat_row_store import SeatRowStore
from school.sharing.teacher_store import TeacherStore, exclusions_in

__all__ = ["Share", "SharingStore"]

_LATEST: Final = (1 << 63) - 1

_HIDDEN: Final = select(hidden_lessons.c.lesson)
_REACH: Final = (
    select(lesson_owners.c.person == bindparam("viewer"), shares.c.person)
    .select_from(lessons)
    .outerjoin(lesson_owners, lesson_owners.c.lesson == lessons.c.id)
    .outerjoin(
        shares,
        and_(
            shares.c.lesson == lessons.c.id,
            shares.c.person == bindparam("viewer"),
            shares.c.until_utc_ns > bindparam("now"),
            shares.c.lesson.not_in(_HIDDEN),
        ),
    )
    .where(lessons.c.id == bindparam("viewed"))
)
_OWN: Final = select(lesson_owners.c.lesson).where(lesson_owners.c.person == bindparam("viewer"))
_COUNT_OWN: Final = listing.count_up_to(listing.FEW + 1)
_LISTED: Final = frozenset[Reach]({"own", "shared"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A person with whom a lesson is shared."""

    lesson: str
    person: str
    name: str
    until_utc_ns: int
    spans: tuple[Span, ...] = ()
    """The parts that are shared; none for the whole lesson."""


class SharingStore:
    """Any number of programs may use it, each change in a transaction of its own."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database
        self.teacher = TeacherStore(database)
        """What teachers decide about lessons of theirs."""
        self.handovers = HandoverStore(database)
        """How lessons go from one teacher to another."""
        self.seat_rows = SeatRowStore(database)
        """Who has switched on the pages of seat rows."""
        self.observers = ObserverStore(database)
        """Whom teachers ask to observe a lesson, and what those saw."""
        self.steps = StepStore(database)
        """What teachers try next."""
        self.cycles = CycleStore(database)
        """What teachers work on for some weeks, and with whom."""
        self.guesses = GuessStore(database)
        """What teachers guess of a lesson before they look."""
        self.reflections = ReflectionStore(database)
        """What teachers write for themselves."""
        self.imported = ImportedStore(database)
        """What people read back from files of lessons."""
        self.inbox = InboxStore(database)
        """What is new to whom."""
        self.talks = TalkStore(database)
        """How long two talked about a lesson."""
        self.forms = FormStore(database)
        """What people fill in forms about a lesson."""
        self.plans = PlanStore(database)
        """What teachers plan for a lesson."""
        self.standards = StandardStore(database)
        """What plans may name."""

    def reach(self, lesson: str, person: str, utc_ns: int) -> Reach | None:
        """What a lesson is to a person; None if there is no such lesson."""
        values = {"viewed": lesson, "viewer": person, "now": utc_ns}
        with self._database.reading() as connection:
            row = connection.execute(_REACH, values).one_or_none()
        if row is None:
            return None
        if row[0]:
            return "own"
        return "any" if row[1] is None else "shared"

    def lessons(
        self,
        person: str,
        reached: AbstractSet[Reach],
        utc_ns: int,
        wanted: Wanted = EVERY,
        *,
        limit: int = _LATEST,
        offset: int = 0,
        beyond: Place | None = None,
        is_oldest_first: bool = False,
    ) -> list[Lesson]:
        """The lessons that are `reached` to a person, the latest first, or the oldest.

        With `beyond` those that follow that place in this order: a page's last one, for the next
        page.
        """
        reached = reached & _LISTED
        if not reached:
            return []
        values = {"viewer": person, "now": utc_ns}
        with self._database.reading() as connection:
            found = listing.listing(
                reached, wanted, beyond=beyond, is_oldest_first=is_oldest_first,
                is_walked=wanted.is_short or _owns_many(connection, reached, values),
            )  # fmt: skip
            found = found.limit(limit).offset(min(offset, _LATEST))
            rows = connection.execute(found, values).all()
        return [lesson_of(row) for row in rows]

    def rooms(self, person: str, reached: AbstractSet[Reach], utc_ns: int) -> list[str]:
        """The rooms of the lessons that are `reached` to a person, by name."""
        reached, rooms = reached & _LISTED, set[str]()
        values = {"viewer": person, "now": utc_ns}
        with self._database.reading() as connection:
            if _owns_many(connection, reached, values):
                rooms.update(connection.scalars(listing.OWNED_ROOMS, values).all())
                reached -= {"own"}
            if reached:
                few = listing.rooms_among_few(reached)
                rooms.update(connection.scalars(few, values).all())
        return sorted(rooms)

    def all_rooms(self) -> list[str]:
        """The rooms of all lessons, by name."""
        with self._database.reading() as connection:
            return list(connection.scalars(listing.ALL_ROOMS).all())

    def teachers(self, person: str, utc_ns: int) -> list[str]:
        """Whose lessons are shared with someone, as timetables name them."""
        values = {"viewer": person, "now": utc_ns}
        with self._database.reading() as connection:
            return list(connection.scalars(listing.shared_teachers(), values).all())

    def shared_until(self, person: str, utc_ns: int, lesson_ids: Collection[str]) -> dict[str, int]:
        """Of these lessons those that are shared with someone now, and until when."""
        found = select(shares.c.lesson, shares.c.until_utc_ns).where(
            shares.c.lesson.in_(lesson_ids),
            shares.c.person == person,
            shares.c.until_utc_ns > utc_ns,
            shares.c.lesson.not_in(_HIDDEN),
        )
        with self._database.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(found).all()}

    def held_between(self, from_utc_ns: int, to_utc_ns: int, utc_ns: int) -> list[HeldLesson]:
        """The lessons of all teachers that start in [from, to), for counts alone."""
        values = {"low": from_utc_ns, "high": to_utc_ns, "now": utc_ns}
        with self._database.reading() as connection:
            rows = connection.execute(HELD, values).all()
            left_out = exclusions_in(
                connection.execute(LEFT_OUT, {"low": from_utc_ns, "high": to_utc_ns}).all()
            )
        return [
            HeldLesson(
                id=row[0], room=row[1], starts_utc_ns=row[2], ends_utc_ns=row[3], teacher=row[4],
                is_shared=bool(row[5]), left_out=tuple(left_out.get(row[0], ())),
            )
            for row in rows
        ]  # fmt: skip

    def is_under_own_name(self, lesson: str) -> bool:
        """Whether the teacher whom a lesson names is its owner, and not one they stand in for."""
        found = (
            select(lessons.c.id)
            .join(lesson_owners, lesson_owners.c.lesson == lessons.c.id)
            .join(
                teacher_names,
                and_(
                    teacher_names.c.name == lessons.c.teacher,
                    teacher_names.c.person == lesson_owners.c.person,
                ),
            )
            .where(lessons.c.id == lesson)
        )
        with self._database.reading() as connection:
            return connection.execute(found).first() is not None

    def owned_in(self, person: str, room: str, *, from_utc_ns: int, to_utc_ns: int) -> set[str]:
        """The ids of someone's own lessons in a room that start in [from, to)."""
        found = (
            select(lessons.c.id)
            .join(lesson_owners, lesson_owners.c.lesson == lessons.c.id)
            .where(
                lessons.c.room == room,
                lessons.c.starts_utc_ns >= from_utc_ns,
                lessons.c.starts_utc_ns < to_utc_ns,
                lesson_owners.c.person == person,
            )
        )
        with self._database.reading() as connection:
            return set(connection.scalars(found).all())

    def owners(self, lesson_ids: Collection[str]) -> dict[str, str]:
        """Whose these lessons are: id of the lesson → id of the person."""
        found = select(lesson_owners).where(lesson_owners.c.lesson.in_(lesson_ids))
        with self._database.reading() as connection:
            return {row.lesson: row.person for row in connection.execute(found).all()}

    def shares(self, lesson: str, utc_ns: int) -> list[Share]:
        """With whom a lesson is shared now, by name."""
        parts: dict[str, list[Span]] = {}
        with self._database.reading() as connection:
            rows = connection.execute(_shares_of(lesson, utc_ns)).all()
            for part in connection.execute(_spans_of(lesson)).all():
                parts.setdefault(part.person, []).append(Span(part.start_s, part.end_s))
        return [
            Share(
                lesson=lesson, person=row[0], name=row[1], until_utc_ns=row[2],
                spans=tuple(parts.get(row[0], ())),
            )
            for row in rows
        ]  # fmt: skip

    def hidden(self, person: str) -> list[Lesson]:
        """The lessons that someone has hidden, the latest first."""
        found = (
            select(*LESSON_COLUMNS)
            .where(lessons.c.id.in_(_OWN), lessons.c.id.in_(_HIDDEN))
            .order_by(lessons.c.starts_utc_ns.desc(), lessons.c.id)
        )
        with self._database.reading() as connection:
            return [lesson_of(row) for row in connection.execute(found, {"viewer": person}).all()]

    def share(
        self,
        lesson: str,
        person: str,
        by: Actor,
        *,
        until_utc_ns: int,
        spans: Sequence[Span] = (),
        utc_ns: int | None = None,
    ) -> None:
        """Share a lesson, or spans of it, with someone until a time; replaces an earlier share.

        `until_utc_ns` is by the lessons' clock, and so is the present, `utc_ns`; None means that of
        `by`. Raises UsageError if they are of another school and have as many as they may.
        """
        now = by.utc_ns if utc_ns is None else utc_ns
        with self._database.writing() as connection:
            give(connection, lesson, person, by, until_utc_ns=until_utc_ns, spans=spans, utc_ns=now)

    def unshare(self, lesson: str, person: str, by: Actor) -> None:
        """Stop sharing a lesson with someone."""
        with self._database.writing() as connection:
            if end_share(connection, lesson, person):
                _record(connection, by, "unshared", lesson, person, {})

    def tie_name(self, teacher: str, person: str, by: Actor) -> int:
        """Say whom timetables mean by a teacher's name.

        Their lessons under it, those that are nobody's, become this person's; how many there were.
        Lessons that belong to someone already stay theirs.
        """
        with self._database.writing() as connection:
            connection.execute(delete(teacher_names).where(teacher_names.c.name == teacher))
            connection.execute(insert(teacher_names), {"name": teacher, "person": person})
            given = give_lessons(connection, teacher, person)
            _record(connection, by, "changed_rights", None, person, {"lessons": given})
        return given

    def names_of(self, person: str) -> list[str]:
        """The teacher's names that are tied to someone."""
        with self._database.reading() as connection:
            return list(
                connection.scalars(
                    select(teacher_names.c.name)
                    .where(teacher_names.c.person == person)
                    .order_by(teacher_names.c.name)
                ).all()
            )

    def untied_names(self) -> list[str]:
        """Names of teachers in lessons that are nobody's."""
        with self._database.reading() as connection:
            return list(
                connection.scalars(
                    select(lessons.c.teacher)
                    .where(lessons.c.id.not_in(select(lesson_owners.c.lesson)))
                    .where(lessons.c.teacher != "")
                    .distinct()
                    .order_by(lessons.c.teacher)
                ).all()
            )


def _owns_many(
    connection: Connection, reached: AbstractSet[Reach], values: Mapping[str, object]
) -> bool:
    """Whether someone has so many lessons of their own that they are not to be sorted."""
    return "own" in reached and connection.scalars(_COUNT_OWN, values).one() > listing.FEW


def _record(
    connection: Connection,
    by: Actor,
    action: Action,
    lesson: str | None,
    person: str,
    detail: Mapping[str, int],
) -> None:
    name = connection.scalars(select(people.c.name).where(people.c.id == person)).one()
    by.record_about(connection, action, person, name, lesson=lesson, detail=detail)


def _shares_of(lesson: str, utc_ns: int) -> Select[Any]:
    return (
        select(people.c.id, people.c.name, shares.c.until_utc_ns)
        .join(shares, shares.c.person == people.c.id)
        .where(shares.c.lesson == lesson, shares.c.until_utc_ns > utc_ns)
        .order_by(people.c.name, people.c.id)
    )


def _spans_of(lesson: str) -> Select[Any]:
    return (
        select(share_spans)
        .where(share_spans.c.lesson == lesson)
        .order_by(share_spans.c.person, share_spans.c.start_s)
    )
