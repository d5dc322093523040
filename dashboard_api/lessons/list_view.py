"""The list of lessons: running lessons first, then day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from itertools import groupby

from contract.clock import SECOND_NS
from contract.language import _
from dashboard_api.language.dates import weekday_date_text, weekday_month_text
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.views.schemas import LessonJson
from dashboard_api.views.text import title_text
from school.lessons.records import Lesson

__all__ = ["Day", "by_day", "days_of", "lesson_json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The lessons of a day under its heading."""

    heading: str
    lessons: tuple[LessonJson, ...]


def lesson_json(
    lesson: Lesson,
    *,
    sensed_s: float,
    seen_s: float,
    has_video: bool,
    gaps: int,
    moments: int,
    alerts: int,
    lively: int | None,
    now_utc_ns: int,
    zone: tzinfo | None,
) -> LessonJson:
    start, end, is_running = lesson_span(lesson, now_utc_ns)
    length = (end - start) / SECOND_NS
    return LessonJson(
        id=lesson.id,
        room=lesson.room,
        teacher=lesson.teacher,
        title=title_text(lesson.title, lesson.room),
        starts_at=_local(lesson.starts_utc_ns, zone).isoformat(timespec="seconds"),
        ends_at=None
        if is_running or lesson.ends_utc_ns is None
        else _local(lesson.ends_utc_ns, zone).isoformat(timespec="seconds"),
        is_running=is_running,
        length_s=length,
        sensed_share=min(1.0, sensed_s / seen_s) if seen_s >= 1 else None,
        gaps=gaps,
        moments=moments,
        alerts=alerts,
        lively=lively,
        has_video=has_video,
    )


def by_day(lessons: Sequence[LessonJson], today: date) -> list[Day]:
    """Running lessons first, then the days in the order of the lessons."""
    running = tuple(lesson for lesson in lessons if lesson.is_running)
    rest = [lesson for lesson in lessons if not lesson.is_running]
    now = [Day(heading=_("Now"), lessons=running)] if running else []
    return [*now, *days_of(rest, today)]


def days_of(lessons: Sequence[LessonJson], today: date) -> list[Day]:
    """The days in the order of the lessons, each with its heading."""
    return [
        Day(heading=_heading(date.fromisoformat(day), today), lessons=tuple(group))
        for day, group in groupby(lessons, key=lambda lesson: lesson.starts_at[:10])
    ]


def _heading(day: date, today: date) -> str:
    words = weekday_month_text(day)
    match (today - day).days:
        case 0:
            return _("Today – {day}", day=words)
        case 1:
            return _("Yesterday – {day}", day=words)
        case -1:
            return _("Tomorrow – {day}", day=words)
    return words if day.year == today.year else weekday_date_text(day)


def _local(utc_ns: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).astimezone(zone)
