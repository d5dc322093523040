"""Sessions of a recording, one sensor each, aligned in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Recording", "Session", "side_by_side"]

_PAUSE: Final = timedelta(hours=12)
"""Sessions that are further apart belong to different occasions."""
_SLACK: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Session:
    """One sensor's recording: acceleration in g, float32 (samples, 3), starting at `starts` (UTC)."""

    name: str
    starts: datetime
    rate_hz: float
    acceleration: NDArray[np.float32]

    @property
    def ends(self) -> datetime:
        return self.starts + timedelta(seconds=len(self.acceleration) / self.rate_hz)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Aligned sessions, the time zone of their wall clock, and notes about corrections."""

    sessions: tuple[Session, ...]
    timezone: tzinfo = UTC
    notes: tuple[str, ...] = ()

    @property
    def starts(self) -> datetime:
        return min(session.starts for session in self.sessions)

    @property
    def ends(self) -> datetime:
        return max(session.ends for session in self.sessions)

    def at(self, clock: time, *, after: datetime | None = None) -> datetime:
        """When the wall clock first showed `clock` in the recording, or after `after`.

        If it never did, the instant on the recording's first day.
        """
        earliest = self.starts - _SLACK if after is None else after + timedelta(microseconds=1)
        first = self.starts.astimezone(self.timezone).date()
        moments = [
            datetime.combine(first + timedelta(days=day), clock, self.timezone).astimezone(UTC)
            for day in range((self.ends - self.starts).days + 2)
        ]
        shown = [moment for moment in moments[1:] if earliest <= moment <= self.ends]
        return moments[0] if moments[0] >= earliest or not shown else shown[0]


def side_by_side(sessions: Sequence[Session], timezone: tzinfo) -> tuple[Session, ...]:
    """Move sessions of other days to the day of the first one, by the wall clock.

    Sessions of one occasion keep their distances, also over midnight and clock changes. Another
    occasion is moved as a whole, to the nearest place.
    """
    moved: dict[int, timedelta] = {}
    for occasion in _occasions(sessions):
        reference = sessions[0].starts
        begins = min(sessions[at].starts for at in occasion)
        by = timedelta() if 0 in occasion else _nearest(begins, reference, timezone) - begins
        moved |= dict.fromkeys(occasion, by)
    return tuple(replace(one, starts=one.starts + moved[at]) for at, one in enumerate(sessions))


def _occasions(sessions: Sequence[Session]) -> Iterator[list[int]]:
    """Groups of sessions (as indexes) that overlap or follow each other within hours."""
    order = sorted(range(len(sessions)), key=lambda at: sessions[at].starts)
    group, ends = [order[0]], sessions[order[0]].ends
    for at in order[1:]:
        if sessions[at].starts - ends > _PAUSE:
            yield group
            group = []
        group.append(at)
        ends = max(ends, sessions[at].ends)
    yield group


def _nearest(moment: datetime, reference: datetime, timezone: tzinfo) -> datetime:
    """The instant with the same time of day as `moment` that is nearest to the reference."""
    clock = moment.astimezone(timezone).time()
    day = reference.astimezone(timezone).date()
    shown = [
        datetime.combine(day + timedelta(days=ahead), clock, timezone).astimezone(UTC)
        for ahead in (0, -1, 1)
    ]
    return min(shown, key=lambda one: abs(one - reference))
