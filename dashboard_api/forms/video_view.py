"""The video that plays beside a form: which one, and how it is lined up."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard_api.clock_maps.routes import line_up_of
from dashboard_api.clock_maps.view import LineUpJson
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores

__all__ = ["VideoView", "video_view"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoView:
    """What the player beside a form starts with."""

    is_there: bool
    """Whether the server shows one to the reader."""
    is_kept: bool
    """Whether the server has one that the reader does not get."""
    line_up: LineUpJson
    length_s: int
    """Of the lesson."""


def video_view(stores: Stores, seen: SeenLesson, now_utc_ns: int) -> VideoView:
    start, end, _ = lesson_span(seen.lesson, now_utc_ns)
    return VideoView(
        is_there=seen.has_video, is_kept=seen.is_video_kept, line_up=line_up_of(stores, seen),
        length_s=seen.length_s(start, end),
    )  # fmt: skip
