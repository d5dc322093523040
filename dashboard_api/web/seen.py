"""A lesson as one person sees it: every answer about a lesson goes through here.

What is not shared with them, and what its teacher leaves out, is cut away before anything is
computed. So are groups of fewer than five seats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.language import N_, _
from contract.lesson import Activity
from dashboard_api.reading.protocol import sensed_within
from dashboard_api.views.movement import EPOCH_S
from dashboard_api.views.planned import Beside, beside, seen_of
from dashboard_api.views.readings import (
    GapSpan,
    MissingSpan,
    RoomReadings,
)
from dashboard_api.views.seat_readings import SeatReadings
from dashboard_api.views.small_groups import safe_epochs
from dashboard_api.web.store_thread import Stores
from ingest.stores.records import AlertRecord, EpochRecord
from school.lessons.records import Lesson
from school.moments.records import Moment, Reply, Verdict
from school.sharing.cut import Cut
from school.sharing.policy import Reach

__all__ = ["LEFT_OUT", "NOT_SHARED", "SeenLesson"]

LEFT_OUT: Final = "left_out"
NOT_SHARED: Final = "not_shared"
_WORDS: Final = {LEFT_OUT: N_("left out"), NOT_SHARED: N_("not shared with you")}


@dataclass(frozen=True, slots=True)
class SeenLesson:
    """A lesson, what it is to the viewer, and what of it they see."""

    viewer: str
    """The id of the person."""
    lesson: Lesson
    reach: Reach
    cut: Cut
    is_filmed: bool = False
    """Whether the lesson has a video that can be played."""

    @property
    def has_video(self) -> bool:
        """A file can't be cut here, so it is served only to who sees all of the lesson."""
        return self.is_filmed and self.cut.is_complete

    @property
    def is_video_kept(self) -> bool:
        """Whether there is a video that the viewer doesn't get."""
        return self.is_filmed and not self.cut.is_complete

    def epochs(self, stores: Stores) -> list[EpochRecord]:
        """The epochs that lie in what they see, with the groups that may be shown."""
        return stores.of_epochs(
            self.lesson.id,
            ("seen", self.cut, self.lesson.starts_utc_ns),
            lambda found: safe_epochs([each for each in found if self._holds_epoch(each)]),
        )

    def alerts(self, stores: Stores) -> list[AlertRecord]:
        """The alerts that were raised and cleared in what they see."""
        return [
            each
            for each in stores.scores.alerts(self.lesson.id)
            if self._holds(each.raised_utc_ns, each.cleared_utc_ns or each.raised_utc_ns)
        ]

    def moments(self, stores: Stores) -> list[Moment]:
        """What people marked in what they see."""
        found = stores.lessons.moments(self.lesson.id)
        return [each for each in found if self.cut.holds(each.start_s, each.end_s)]

    def replies(self, stores: Stores) -> dict[str, list[Reply]]:
        """What people say below notes in what they see, by note and in order of time."""
        found: dict[str, list[Reply]] = {one.id: [] for one in self.moments(stores)}
        for reply in stores.lessons.replies(self.lesson.id):
            if reply.moment in found:
                found[reply.moment].append(reply)
        return found

    def verdicts(self, stores: Stores) -> list[Verdict]:
        """The answers about moments in what they see."""
        found = stores.lessons.verdicts(self.lesson.id)
        return [each for each in found if self.cut.holds(each.start_s, each.end_s)]

    def models(self, stores: Stores, each: int) -> list[str]:
        """The models that scored what they see, by epoch, or by each so many seconds of all."""
        if self.cut.shared is None:
            return list(stores.scores.room_levels(self.lesson.id, each=each).model)
        return [record.model for record in self.epochs(stores)]

    def scores_sign(self, stores: Stores) -> object:
        """Differs once the scorer has written of what they see: each alert, and a look a minute."""
        alerts = [(one.id, one.cleared_utc_ns) for one in self.alerts(stores)]
        if self.cut.shared is None and not self.cut.excluded:
            levels = stores.scores.room_levels(self.lesson.id, each=60)
            return alerts, levels.model, levels.off_task.tobytes()
        return alerts, [(each.utc_ns, each.model) for each in self.epochs(stores)]

    def is_scored(self, stores: Stores) -> bool:
        """Whether anything of what they see has a score."""
        return bool(self.models(stores, 60))

    def activities(self) -> list[Activity]:
        """What the teacher declared, cut to what is shared."""
        if self.cut.shared is None:
            return list(self.lesson.activities)
        parts = (
            Activity(
                start_s=max(one.start_s, span.start_s), end_s=min(one.end_s, span.end_s),
                name=one.name,
            )
            for one in self.lesson.activities
            for span in self.cut.shared
        )  # fmt: skip
        return [part for part in parts if part.start_s < part.end_s]

    def planned(self, stores: Stores, now_utc_ns: int) -> list[Beside]:
        """What the teacher planned, beside how it came, of what they see; empty without a plan."""
        plan = stores.sharing.plans.of_lesson(self.lesson.id)
        if plan is None:
            return []
        starts, over = self.lesson.starts_utc_ns, self.lesson.over_utc_ns(stores.longest_ns)
        lines = beside(
            plan.phases, (over - starts) // SECOND_NS,
            passed_s=(min(now_utc_ns, over) - starts) // SECOND_NS, is_over=now_utc_ns >= over,
        )  # fmt: skip
        return lines if self.cut.shared is None else seen_of(lines, self.cut.shared)

    def length_s(self, start_utc_ns: int, end_utc_ns: int) -> int:
        """How long the lesson is to them: to the end of the last part that they see."""
        whole = max(0, -((start_utc_ns - end_utc_ns) // SECOND_NS))
        return int(min(whole, self.cut.bounds.end_s))

    def readings(self, stores: Stores, start_utc_ns: int, end_utc_ns: int) -> RoomReadings:
        """What was sensed in what they see, from the lesson's start on."""
        end = self._end(start_utc_ns, end_utc_ns)
        return _cut_readings(stores.sensed.room(self.lesson.room, start_utc_ns, end), self.cut)

    def seat_readings(
        self, stores: Stores, start_utc_ns: int, end_utc_ns: int
    ) -> tuple[RoomReadings, SeatReadings]:
        """The same, and what each seat sensed: for the lesson's own teacher alone."""
        if self.reach != "own" or not self.cut.is_own:
            raise PermissionError("what seats sensed is for the lesson's own teacher alone")
        end = self._end(start_utc_ns, end_utc_ns)
        readings, seats = stores.sensed.seats(self.lesson.room, start_utc_ns, end)
        return _cut_readings(readings, self.cut), _cut_seats(seats, readings.length_s, self.cut)

    def _end(self, start_utc_ns: int, end_utc_ns: int) -> int:
        length = self.length_s(start_utc_ns, end_utc_ns)
        return min(end_utc_ns, start_utc_ns + length * SECOND_NS)

    def sensed(
        self, stores: Stores, start_utc_ns: int, end_utc_ns: int
    ) -> tuple[float, int, float]:
        """Seconds sensed, gaps, and the length of what they see."""
        return sensed_within(
            stores.sensed, self.lesson.room, start_utc_ns, end_utc_ns, self.cut.visible
        )

    def _holds_epoch(self, epoch: EpochRecord) -> bool:
        at = (epoch.utc_ns - self.lesson.starts_utc_ns) / SECOND_NS
        if self.cut.shared is None and not self.cut.excluded:
            return True
        return self.cut.holds(at, at + EPOCH_S)

    def _holds(self, start_utc_ns: int, end_utc_ns: int) -> bool:
        if self.cut.shared is None and not self.cut.excluded:
            return True
        starts = self.lesson.starts_utc_ns
        return self.cut.holds(
            (start_utc_ns - starts) / SECOND_NS, (end_utc_ns - starts) / SECOND_NS
        )


def _cut_readings(readings: RoomReadings, cut: Cut) -> RoomReadings:
    """The same without the seconds that are hidden, which become gaps with their own words."""
    hidden = cut.seconds_hidden(readings.length_s)
    if not hidden:
        return readings
    seen = np.ones(readings.length_s, dtype=np.bool_)
    own: list[GapSpan] = []
    for span, exclusion in hidden:
        start, end = int(span.start_s), int(span.end_s)
        seen[start:end] = False
        reason = NOT_SHARED if exclusion is None else LEFT_OUT
        words = _(_WORDS[reason])
        if exclusion is not None and cut.is_own:
            words = f"{words}: {exclusion.words}"
        own.append(GapSpan(start_s=start, end_s=end, reason=reason, words=words))
    gaps = [
        GapSpan(start_s=start, end_s=end, reason=gap.reason)
        for gap in readings.gaps
        for start, end in _runs(seen, gap.start_s, gap.end_s)
    ]
    missing = tuple(
        MissingSpan(start_s=start, end_s=end, reason=one.reason, seats=one.seats, hub=one.hub)
        for one in readings.missing
        for start, end in _runs(seen, one.start_s, one.end_s)
    )
    return RoomReadings(
        start_utc_ns=readings.start_utc_ns,
        levels={name: np.where(seen, row, np.nan) for name, row in readings.levels.items()},
        seats_sensed=np.where(seen, readings.seats_sensed, 0),
        seats=readings.seats,
        gaps=tuple(sorted([*gaps, *own], key=lambda gap: (gap.start_s, gap.end_s))),
        missing=missing,
    )


def _cut_seats(seats: SeatReadings, length_s: int, cut: Cut) -> SeatReadings:
    seen = np.ones((length_s, 1), dtype=np.bool_)
    for span, _exclusion in cut.seconds_hidden(length_s):
        seen[int(span.start_s) : int(span.end_s)] = False
    nothing = np.float32(np.nan)
    return replace(
        seats,
        motion_db=np.where(seen, seats.motion_db, nothing),
        wiggles=np.where(seen, seats.wiggles, nothing),
    )


def _runs(seen: NDArray[np.bool_], start: int, end: int) -> Sequence[tuple[int, int]]:
    """The stretches of [start, end) that are seen."""
    inside = np.concatenate(([False], seen[start:end], [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(inside))
    return [
        (start + int(low), start + int(high))
        for low, high in zip(edges[::2], edges[1::2], strict=True)
    ]
