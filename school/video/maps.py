"""Clock maps as the school's database has them: by lesson and version, each for one video."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    Row,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)

from school.column_types import COUNT as _COUNT
from school.column_types import TEXT as _TEXT
from school.database import SchoolDatabase
from school.schema import METADATA
from school.video.alignment.clock_map import Segment

__all__ = [
    "ClockMap",
    "ClockMapStore",
    "MapState",
    "MappedSegment",
    "Method",
    "by_hand",
    "clock_maps",
    "current",
]

Method = Literal["levels", "points", "metadata", "hand"]
"""By the sound; by moments that a person found; by what the file says; by a person's number."""
MapState = Literal["proposed", "accepted", "declined"]

clock_maps: Final = Table(
    "clock_maps", METADATA,
    Column("lesson", _TEXT, ForeignKey("lessons.id", name="clock_maps_lesson_fkey",
                                       ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("video", _TEXT, nullable=False),
    Column("method", _TEXT, nullable=False),
    Column("state", _TEXT, nullable=False),
    Column("segments", _TEXT, nullable=False),
    Column("made_by", _TEXT, nullable=False),
    Column("made_utc_ns", _COUNT, nullable=False),
    sqlite_strict=True, sqlite_with_rowid=False,
)  # fmt: skip
"""Which second of a video is which of its lesson. `segments` is JSON; nothing of the sound."""


@dataclass(frozen=True, slots=True)
class MappedSegment:
    """A segment, ±, and for one that was found by the sound what speaks for it."""

    segment: Segment
    plus_minus_s: float
    correlation: float | None = None
    peak_ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMap:
    """One version. None is ever changed but by a person's word on a proposal."""

    lesson: str
    version: int = 0
    """Counted by the store."""
    video: str = ""
    """The id of the server's video. Empty: for files that stay on a reader's computer; no video that
    comes to the server later is lined up by it."""
    method: Method
    state: MapState
    segments: tuple[MappedSegment, ...]
    made_by: str = ""
    """The id of a person; empty for a program."""
    made_utc_ns: int

    @property
    def plus_minus_s(self) -> float:
        """Of the least sure segment."""
        return max(each.plus_minus_s for each in self.segments)


HAND_S: Final = 0.5
"""How right a moment or a number is that a person set by eye and ear."""


def by_hand(
    lesson: str, offset_s: float, utc_ns: int, *, video: str = "", person: str = ""
) -> ClockMap:
    """A map from one number: the second of the video at which the lesson starts."""
    segment = Segment(-math.inf, math.inf, round(offset_s, 2))
    return ClockMap(
        lesson=lesson, video=video, method="hand", state="accepted",
        segments=(MappedSegment(segment, HAND_S),), made_by=person, made_utc_ns=utc_ns,
    )  # fmt: skip


_OF_VIDEO: Final = (
    select(clock_maps)
    .where(clock_maps.c.lesson == bindparam("lesson"))
    .where(clock_maps.c.video == bindparam("video"))
    .order_by(clock_maps.c.version.desc())
)


class ClockMapStore:
    """The maps of all lessons."""

    def __init__(self, database: SchoolDatabase) -> None:
        self._database = database

    def of_video(self, lesson: str, video: str) -> list[ClockMap]:
        """All versions for a video of a lesson, the latest first; "" as in `ClockMap.video`."""
        with self._database.reading() as connection:
            rows = connection.execute(_OF_VIDEO, {"lesson": lesson, "video": video}).all()
        return [_map(row) for row in rows]

    def add(self, made: ClockMap) -> ClockMap:
        """Keep a new version, and return it with its number."""
        with self._database.writing() as connection:
            last = connection.execute(
                select(func.max(clock_maps.c.version)).where(clock_maps.c.lesson == made.lesson)
            ).scalar()
            version = (last or 0) + 1
            connection.execute(
                insert(clock_maps),
                {
                    "lesson": made.lesson, "version": version, "video": made.video,
                    "method": made.method, "state": made.state,
                    "segments": json.dumps([_values(each) for each in made.segments]),
                    "made_by": made.made_by, "made_utc_ns": made.made_utc_ns,
                },
            )  # fmt: skip
        return ClockMap(
            lesson=made.lesson, version=version, video=made.video, method=made.method,
            state=made.state, segments=made.segments, made_by=made.made_by,
            made_utc_ns=made.made_utc_ns,
        )  # fmt: skip

    def bind(self, lesson: str, video: str) -> None:
        """What was set for a file outside of the server is of this video, which is that file."""
        change = (
            update(clock_maps)
            .where(clock_maps.c.lesson == lesson, clock_maps.c.video == "")
            .values(video=video)
        )
        with self._database.writing() as connection:
            connection.execute(change)

    def decide(self, lesson: str, version: int, *, is_right: bool) -> bool:
        """A person's word on a proposal; False if it is none, or another word was given."""
        state = "accepted" if is_right else "declined"
        change = (
            update(clock_maps)
            .where(
                clock_maps.c.lesson == lesson,
                clock_maps.c.version == version,
                clock_maps.c.state.in_(("proposed", state)),
            )
            .values(state=state)
        )
        with self._database.writing() as connection:
            return connection.execute(change).rowcount == 1


def current(maps: Sequence[ClockMap]) -> tuple[ClockMap | None, ClockMap | None]:
    """The latest map that counts, and a proposal that is newer than it."""
    counts = next((each for each in maps if each.state == "accepted"), None)
    proposal = next((each for each in maps if each.state == "proposed"), None)
    if proposal and counts and proposal.version < counts.version:
        proposal = None
    return counts, proposal


def _values(each: MappedSegment) -> dict[str, float | None]:
    """Ends that nothing sets are null, since JSON has no infinity."""
    start_s, end_s = each.segment.start_s, each.segment.end_s
    return {
        "start_s": start_s if math.isfinite(start_s) else None,
        "end_s": end_s if math.isfinite(end_s) else None,
        "offset_s": each.segment.offset_s,
        "rate": each.segment.rate,
        "plus_minus_s": each.plus_minus_s,
        "correlation": each.correlation,
        "peak_ratio": each.peak_ratio,
    }


def _map(row: Row[*tuple[Any, ...]]) -> ClockMap:
    return ClockMap(
        lesson=row.lesson,
        version=row.version,
        video=row.video,
        method=row.method,
        state=row.state,
        segments=tuple(_segment(values) for values in json.loads(row.segments)),
        made_by=row.made_by,
        made_utc_ns=row.made_utc_ns,
    )


def _segment(values: dict[str, Any]) -> MappedSegment:
    return MappedSegment(
        Segment(
            -math.inf if values["start_s"] is None else values["start_s"],
            math.inf if values["end_s"] is None else values["end_s"],
            values["offset_s"],
            values["rate"],
        ),
        values["plus_minus_s"],
        values["correlation"],
        values["peak_ratio"],
    )
