"""Describes one lesson's alerts, each with its reasons, as the score process finds them."""

from __future__ import annotations

from contract.lesson import LabelledLesson
from models.learning.rows import lesson_rows, true_episodes
from models.serving.alerts import AlertTracker
from models.serving.off_task import OffTaskModel
from models.serving.scorer import LessonScorer

__all__ = ["describe_lesson"]


def describe_lesson(model: OffTaskModel, lesson: LabelledLesson, source: str) -> list[str]:
    """Lines with the alerts of room and zones, and the true episodes."""
    manifest = model.manifest
    scorer = LessonScorer(model=model, seats=lesson.seats, zones=lesson.zones)
    tracker = AlertTracker(room=manifest.room_alerts, zone=manifest.zone_alerts)
    changes = [
        change
        for epoch in scorer.update(0, lesson.seat, lesson.room)
        for change in tracker.update(epoch)
    ]
    lines = [f"One {source} lesson, {len(lesson.seat) / 60:.0f} minutes"]
    for change in changes:
        because = " ".join(change.because)
        lines.append(f"  {_clock(change.first_seq)} {change.zone}: {change.change}. {because}")
    if not changes:
        lines.append("  no alerts")
    episodes = true_episodes(lesson_rows(lesson))
    spans = ", ".join(f"{_clock(start)} to {_clock(end)}" for start, end in episodes)
    lines.append(f"  Truly off task more than usual: {spans or 'never'} ({source})")
    return lines


def _clock(second: int) -> str:
    return f"{second // 60:02}:{second % 60:02}"
