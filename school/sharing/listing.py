"""The statements that find someone's lessons, page by page, without passing over everybody's.

A person with few lessons: theirs are read by their person, and sorted. One with many: the lessons
are walked in order of time, from where the page begins, until it is full.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)

from contract.clock import SECOND_NS
from contract.language import _
from school.lessons.rows import LESSON_COLUMNS
from school.schema import hidden_lessons, lesson_owners, lessons, shares
from school.sharing.policy import Reach

__all__ = ["ALL_ROOMS", "EVERY", "FEW", "OWNED_ROOMS", "Place", "Wanted", "count_up_to", "listing",
           "rooms_among_few", "shared_teachers"]  # fmt: skip

Place = tuple[int, str]
"""Start and id of a lesson: where a list goes on."""

FEW: Final = 1_000
"""So many lessons of a person are quickly read and sorted."""
_FIRST: Final = -(1 << 63)
_SHORT_NS: Final = 40 * 86_400 * SECOND_NS
_IS_OWN: Final = lesson_owners.c.person == bindparam("viewer")
_IS_SHARED: Final = and_(
    shares.c.person == bindparam("viewer"), shares.c.until_utc_ns > bindparam("now")
)
_HIDDEN: Final = select(hidden_lessons.c.lesson)
"""They are in no list, and in none of what can be chosen above one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lessons: those of a room, of a teacher's name, with words in their title, of a span."""

    room: str | None = None
    teacher: str | None = None
    words: str = ""
    from_utc_ns: int | None = None
    to_utc_ns: int | None = None

    @property
    def is_short(self) -> bool:
        """Whether it is of a span that holds few lessons, whosever they are."""
        low, high = self.from_utc_ns, self.to_utc_ns
        return low is not None and high is not None and high - low <= _SHORT_NS


EVERY: Final = Wanted()


def count_up_to(most: int) -> Select[Any]:
    """How many lessons are someone's own, as far as it matters."""
    some = select(literal(1)).select_from(lesson_owners).where(_IS_OWN).limit(most)
    return select(func.count()).select_from(some.subquery())


def listing(
    reached: AbstractSet[Reach],
    wanted: Wanted,
    *,
    is_walked: bool,
    beyond: Place | None = None,
    is_oldest_first: bool = False,
) -> Select[Any]:
    """The lessons that are `reached` to `viewer` at `now`, the latest first, or the oldest.

    With `beyond` those that follow that place in this order.
    """
    starts: ColumnElement[int] = lessons.c.starts_utc_ns
    if not is_walked:
        # Not the column itself: its index would have a database walk all lessons.
        starts = starts + 0
    found = select(*LESSON_COLUMNS).where(_reached(reached, is_walked=is_walked))
    if wanted.room is not None:
        found = found.where(lessons.c.room == wanted.room)
    if wanted.teacher is not None:
        found = found.where(lessons.c.teacher == wanted.teacher)
    if wanted.words:
        found = found.where(_has_words(wanted.words))
    low = wanted.from_utc_ns
    if low is None and is_walked:
        low = _FIRST  # some bound, so that the index of starts is walked also where more is asked
    if low is not None:
        found = found.where(starts >= low)
    if wanted.to_utc_ns is not None:
        found = found.where(starts < wanted.to_utc_ns)
    if beyond is not None:
        at, name = beyond
        if is_oldest_first:
            found = found.where(starts >= at, or_(starts > at, lessons.c.id < name))
        else:
            found = found.where(starts <= at, or_(starts < at, lessons.c.id > name))
    if is_oldest_first:
        return found.order_by(starts, lessons.c.id.desc())
    return found.order_by(starts.desc(), lessons.c.id)


def rooms_among_few(reached: AbstractSet[Reach]) -> Select[Any]:
    """The rooms of someone's lessons, by name."""
    which = _reached(reached, is_walked=False)
    return select(lessons.c.room).where(which).distinct().order_by(lessons.c.room)


def _rooms() -> CTE:
    # One step through the index for each room, not one for each lesson.
    first = select(func.min(lessons.c.room).label("room")).cte("rooms", recursive=True)
    after = select(func.min(lessons.c.room)).where(lessons.c.room > first.c.room)
    return first.union_all(select(after.scalar_subquery()).where(first.c.room.is_not(None)))


_ROOMS: Final = _rooms()
ALL_ROOMS: Final = select(_ROOMS.c.room).where(_ROOMS.c.room.is_not(None)).order_by(_ROOMS.c.room)
"""The rooms of all lessons, by name."""
OWNED_ROOMS: Final = ALL_ROOMS.where(
    exists(
        select(1)
        .select_from(lessons.join(lesson_owners, lesson_owners.c.lesson == lessons.c.id))
        .where(lessons.c.room == _ROOMS.c.room, _IS_OWN, lessons.c.id.not_in(_HIDDEN))
    )
)
"""The rooms of the own lessons of someone who has many."""


def shared_teachers() -> Select[Any]:
    """Whose lessons are shared with someone, as timetables name them."""
    which = lessons.c.id.in_(_ids({"shared"}))
    return select(lessons.c.teacher).where(which).distinct().order_by(lessons.c.teacher)


def _ids(reached: AbstractSet[Reach]) -> Select[Any] | CompoundSelect[Any]:
    queries: list[Select[Any]] = []
    if "own" in reached:
        queries.append(
            select(lesson_owners.c.lesson).where(_IS_OWN, lesson_owners.c.lesson.not_in(_HIDDEN))
        )
    if "shared" in reached:
        queries.append(select(shares.c.lesson).where(_IS_SHARED, shares.c.lesson.not_in(_HIDDEN)))
    return queries[0] if len(queries) == 1 else union_all(*queries)


def _reached(reached: AbstractSet[Reach], *, is_walked: bool) -> ColumnElement[bool]:
    """Of own lessons, of shared ones, or of both; "any" is not for lists of lessons."""
    if not is_walked:
        return lessons.c.id.in_(_ids(reached))
    parts = []
    if "own" in reached:
        parts.append(exists().where(lesson_owners.c.lesson == lessons.c.id, _IS_OWN))
    if "shared" in reached:
        parts.append(exists().where(shares.c.lesson == lessons.c.id, _IS_SHARED))
    is_hidden = exists().where(hidden_lessons.c.lesson == lessons.c.id)
    return and_(or_(*parts), ~is_hidden)


def _has_words(words: str) -> ColumnElement[bool]:
    """Whether the title that people read holds the words.

    Databases know upper and lower case of ASCII alone, so the usual ways to write others are tried.
    """
    before, _room, after = _("Lesson in {room}").partition("{room}")
    title = case(
        (func.trim(lessons.c.title) == "", literal(before) + lessons.c.room + literal(after)),
        else_=lessons.c.title,
    )
    ways = {words}
    if not words.isascii():
        ways |= {words.lower(), words.upper(), words.capitalize(), words.title()}
    return or_(*(title.icontains(way, autoescape=True) for way in sorted(ways)))
