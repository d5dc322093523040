"""Finds the lesson in its new video, by the room's noise and the loudness of the video's sound.

Where the sound says nothing, the time in the file gives a rough place, for a person to judge.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from contract.clock import SECOND_NS
from contract.errors import VideoRefusedError
from dashboard_api.web.store_thread import Stores
from school.lessons.records import Lesson
from school.video.alignment.file_time import by_file_time
from school.video.alignment.line_up import line_up
from school.video.maps import ClockMap, MappedSegment
from school.video.media import tasks
from school.video.media.records import Probe, Source
from school.video.records import Video

__all__ = ["found_map", "keep_map", "map_by_file_time", "room_trace"]

_LOG = logging.getLogger("video")
_TRACE: Final = "laeq_1s"


def room_trace(stores: Stores, video: Video) -> NDArray[np.float64] | None:
    """The room's LAeq by second of the lesson; None if the video is lined up already."""
    lesson = stores.lesson(video.lesson)
    if lesson is None or stores.clock_maps.of_video(video.lesson, video.id):
        return None
    assert lesson.ends_utc_ns is not None
    readings = stores.sensed.room(lesson.room, lesson.starts_utc_ns, lesson.ends_utc_ns)
    return readings.levels[_TRACE]


def found_map(
    video: Video,
    source: Source,
    trace: NDArray[np.float64],
    utc_ns: int,
    progress: Callable[[float], object] | None = None,
) -> ClockMap | None:
    """What the sound says; None if it says nothing. Its levels are forgotten with this call."""
    try:
        levels = tasks.sound_levels(source, progress)
    except VideoRefusedError as error:
        _LOG.info("The video of lesson %s is not lined up by itself: %s", video.lesson, error)
        return None
    found = line_up(trace, levels.level_db, levels.step_s)
    if found.verdict == "nothing":
        return None
    return ClockMap(
        lesson=video.lesson,
        video=video.id,
        method="levels",
        state=found.verdict,
        segments=tuple(
            MappedSegment(each.segment, each.plus_minus_s, each.correlation, each.peak_ratio)
            for each in found.segments
        ),
        made_utc_ns=utc_ns,
    )


def map_by_file_time(
    lesson: Lesson | None, video: Video, probe: Probe, utc_ns: int
) -> ClockMap | None:
    """What the file itself says, as a proposal; None if it says nothing that helps."""
    if lesson is None or probe.recorded_utc_ns is None or lesson.ends_utc_ns is None:
        return None
    found = by_file_time(
        (probe.recorded_utc_ns - lesson.starts_utc_ns) / SECOND_NS,
        probe.duration_s,
        (lesson.ends_utc_ns - lesson.starts_utc_ns) / SECOND_NS,
        is_start=probe.is_start_recorded,
    )
    if found is None:
        return None
    return ClockMap(
        lesson=video.lesson, video=video.id, method="metadata", state="proposed",
        segments=(MappedSegment(*found),), made_utc_ns=utc_ns,
    )  # fmt: skip


def keep_map(stores: Stores, made: ClockMap) -> None:
    """Keep it, if its video is still there and no person has lined it up meanwhile."""
    is_there = stores.videos.get(made.video) is not None
    if is_there and not stores.clock_maps.of_video(made.lesson, made.video):
        stores.clock_maps.add(made)
