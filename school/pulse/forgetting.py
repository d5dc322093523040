"""What retention removes of short questions: who was asked, and weeks with too few answers.

It goes by retention's clock, never by a tap: a server whose clock was ahead for an hour would forget
who has answered in the present week, and ask them twice.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, delete, func, select

from contract.clock import SECOND_NS
from school.programme.small_groups import WITHIN_SCHOOL
from school.pulse.tables import pulse_counts, pulse_settled

__all__ = ["has_old_pulse", "remove_old_pulse"]

_COUNTED: Final = (pulse_counts.c.week, pulse_counts.c.site, pulse_counts.c.question)
_SETTLED: Final = (pulse_settled.c.person, pulse_settled.c.kind, pulse_settled.c.week)
_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
"""So long after its Sunday in UTC, a week is over everywhere."""


def has_old_pulse(connection: Connection, utc_ns: int) -> bool:
    """Whether there is anything to remove; asked each hour, and mostly for nothing."""
    this = _this_week(utc_ns)
    found = (_asked_before(this), _few_answers(this))
    return any(connection.execute(each.limit(1)).first() is not None for each in found)


def remove_old_pulse(connection: Connection, utc_ns: int, most: int) -> int:
    """Remove at most so many: who was asked before the last week, and small counts of past weeks."""
    this = _this_week(utc_ns)
    gone = 0
    for keys, found in ((_SETTLED, _asked_before(this)), (_COUNTED, _few_answers(this))):
        for row in connection.execute(found.limit(most - gone)).all():
            of_key = and_(*(key == value for key, value in zip(keys, row, strict=True)))
            connection.execute(delete(keys[0].table).where(of_key))
            gone += 1
    return gone


def _this_week(utc_ns: int) -> date:
    """The Monday of the latest week that may still be answered somewhere."""
    day = datetime.fromtimestamp(max(utc_ns, 0) // SECOND_NS, tz=UTC).date() - _DAY
    return day - timedelta(days=day.weekday())


def _asked_before(this: date) -> Select[Any]:
    return select(*_SETTLED).where(pulse_settled.c.week < (this - _WEEK).isoformat())


def _few_answers(this: date) -> Select[Any]:
    return (
        select(*_COUNTED)
        .where(pulse_counts.c.week < this.isoformat())
        .group_by(*_COUNTED)
        .having(func.sum(pulse_counts.c.n) < WITHIN_SCHOOL)
    )
