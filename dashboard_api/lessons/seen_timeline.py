"""The timeline of what one person sees of a lesson: the page, the interface and an export show it."""

from __future__ import annotations

from datetime import tzinfo

from dashboard_api.lessons.timeline_view import lesson_span, timeline
from dashboard_api.views.schemas import TimelineJson
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores

__all__ = ["seen_timeline"]


def seen_timeline(
    stores: Stores,
    seen: SeenLesson,
    now_utc_ns: int,
    zone: tzinfo | None,
    *,
    level_s: int | None = None,
    from_s: float = 0.0,
    to_s: float | None = None,
) -> TimelineJson:
    """Of [from_s, to_s), at `level_s` or at the finest step that fits a screen."""
    start, end, is_running = lesson_span(seen.lesson, now_utc_ns)
    return timeline(
        seen.lesson,
        seen.readings(stores, start, end),
        seen.epochs(stores),
        is_running=is_running,
        first_s=seen.cut.bounds.start_s,
        activities=seen.activities(),
        planned=seen.planned(stores, now_utc_ns),
        zone=zone,
        level_s=level_s,
        from_s=from_s,
        to_s=to_s,
    )
