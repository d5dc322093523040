"""What counts of a school's lessons are made of: no title, no room's name, no teacher's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, select

from school.schema import exclusions, hidden_lessons, lesson_owners, lessons, shares
from school.sharing.cut import Exclusion

__all__ = ["HELD", "LEFT_OUT", "HeldLesson"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLesson:
    """A lesson as far as counts need it."""

    id: str
    room: str
    starts_utc_ns: int
    ends_utc_ns: int | None
    teacher: str
    """The person it belongs to, else the name in the timetable: only to count teachers."""
    is_shared: bool
    left_out: tuple[Exclusion, ...] = ()
    """What its teacher leaves out: it is in no count."""

    def over_utc_ns(self, longest_ns: int) -> int:
        """When it is over, also if nobody ends it: then after `longest_ns`."""
        latest = self.starts_utc_ns + longest_ns
        return latest if self.ends_utc_ns is None else min(self.ends_utc_ns, latest)


_IS_SHARED: Final = (
    select(shares.c.lesson)
    .where(
        shares.c.lesson == lessons.c.id,
        shares.c.until_utc_ns > bindparam("now"),
        shares.c.lesson.not_in(select(hidden_lessons.c.lesson)),
    )
    .exists()
)
HELD: Final = (
    select(
        lessons.c.id, lessons.c.room, lessons.c.starts_utc_ns, lessons.c.ends_utc_ns,
        func.coalesce(lesson_owners.c.person, lessons.c.teacher), _IS_SHARED,
    )
    .select_from(lessons)
    .outerjoin(lesson_owners, lesson_owners.c.lesson == lessons.c.id)
    .where(
        lessons.c.starts_utc_ns >= bindparam("low"), lessons.c.starts_utc_ns < bindparam("high")
    )
    .order_by(lessons.c.starts_utc_ns, lessons.c.id)
)  # fmt: skip
"""The lessons of all teachers that start in [low, high)."""
LEFT_OUT: Final = (
    select(exclusions)
    .where(
        exclusions.c.lesson.in_(
            select(lessons.c.id).where(
                lessons.c.starts_utc_ns >= bindparam("low"),
                lessons.c.starts_utc_ns < bindparam("high"),
            )
        )
    )
    .order_by(exclusions.c.lesson, exclusions.c.start_s, exclusions.c.id)
)
"""What their teachers leave out of these lessons."""
