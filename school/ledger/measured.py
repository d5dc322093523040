"""Minutes that the system saw itself: debriefs that two people were in, and visits with notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Final

from sqlalchemy import Connection, bindparam, or_, select

from contract.clock import SECOND_NS
from school.debrief.tables import talks
from school.ledger.records import monday_of
from school.schema import lessons, moments

__all__ = ["Measured", "measured_of"]

_TALKS: Final = select(talks.c.day, talks.c.minutes).where(
    or_(talks.c.person == bindparam("who"), talks.c.teacher == bindparam("who"))
)
_VISITS: Final = (
    select(lessons.c.starts_utc_ns, lessons.c.ends_utc_ns)
    .where(
        lessons.c.id.in_(
            select(moments.c.lesson).where(
                moments.c.author == bindparam("who"),
                moments.c.role == "coach",
                moments.c.began_utc_ns.is_not(None),
            )
        )
    )
)  # fmt: skip
_MINUTE_NS: Final = 60 * SECOND_NS


@dataclass(slots=True)
class Measured:
    """Minutes of a week; what was not seen is 0, and may have been all the same."""

    debriefing: int = 0
    visiting: int = 0


def measured_of(
    connection: Connection, person: str, zone: tzinfo | None, longest_ns: int
) -> Mapping[date, Measured]:
    """Monday → what was seen of a person in that week.

    A visit is a lesson of somebody else in which they began a note; it counts the lesson's length.
    """
    weeks: dict[date, Measured] = {}
    for row in connection.execute(_TALKS, {"who": person}).all():
        week = weeks.setdefault(monday_of(date.fromisoformat(row.day)), Measured())
        week.debriefing += row.minutes
    for row in connection.execute(_VISITS, {"who": person}).all():
        starts = datetime.fromtimestamp(row.starts_utc_ns // SECOND_NS, tz=UTC).astimezone(zone)
        length = longest_ns if row.ends_utc_ns is None else row.ends_utc_ns - row.starts_utc_ns
        week = weeks.setdefault(monday_of(starts.date()), Measured())
        week.visiting += min(length, longest_ns) // _MINUTE_NS
    return weeks
