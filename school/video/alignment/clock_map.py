"""A clock map: which second of a video is which of the lesson. Raw times are never rewritten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contract.errors import UsageError
from contract.language import _

__all__ = ["MAX_RATE_OFF", "Point", "Segment", "by_points", "to_lesson", "to_video"]

MAX_RATE_OFF: Final = 0.001
"""A clock that runs more wrongly than this is no clock: two points were not the same moment."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch between two stops of the camera: `video_t = offset_s + rate * lesson_t`."""

    start_s: float
    """The lesson's second from which it holds …"""
    end_s: float
    """… and to which; infinite where nothing ends it."""
    offset_s: float
    rate: float = 1.0


@dataclass(frozen=True, slots=True)
class Point:
    """A moment that a person found in both."""

    video_s: float
    lesson_s: float


def to_video(segments: Sequence[Segment], lesson_s: float) -> float | None:
    """The video's second; None while the camera was off."""
    for segment in segments:
        if segment.start_s <= lesson_s < segment.end_s:
            return segment.offset_s + segment.rate * lesson_s
    return None


def to_lesson(segments: Sequence[Segment], video_s: float) -> float | None:
    """The lesson's second; None outside of all segments."""
    for segment in segments:
        lesson_s = (video_s - segment.offset_s) / segment.rate
        if segment.start_s <= lesson_s < segment.end_s:
            return lesson_s
    return None


def by_points(points: Sequence[Point], each_s: float) -> tuple[Segment, float]:
    """One segment through one or two points, and ± for it if each point is right to `each_s`.

    Two points far apart give the clock's rate, too, when it is clearly another than 1.
    Raises UsageError if they contradict each other.
    """
    if not points:
        raise UsageError(
            _("Give one or two points: a moment in the video, and the same in the lesson.")
        )
    if not all(math.isfinite(p.video_s) and math.isfinite(p.lesson_s) for p in points):
        raise UsageError(_("A point's times must be numbers of seconds."))
    offset_s = sum(p.video_s - p.lesson_s for p in points) / len(points)
    plus_minus_s = each_s / math.sqrt(len(points))
    if len(points) == 2:
        first, second = sorted(points, key=lambda point: point.lesson_s)
        off_s = (second.video_s - first.video_s) - (second.lesson_s - first.lesson_s)
        apart_s = second.lesson_s - first.lesson_s
        if abs(off_s) > max(3.0 * each_s, MAX_RATE_OFF * apart_s):
            raise UsageError(
                _(
                    "The two points differ by {s} s: one of them is not the same moment, or the camera "
                    "stopped in between.",
                    s=f"{abs(off_s):.1f}",
                )
            )
        plus_minus_s = max(plus_minus_s, abs(off_s) / 2.0)
    return Segment(-math.inf, math.inf, offset_s), plus_minus_s
