"""Changes a lesson in its store without undoing what someone else changes at the same moment."""

from __future__ import annotations

from collections.abc import Callable

from school.lessons.protocol import LessonChanges
from school.lessons.records import Lesson

__all__ = ["change_lesson"]


def change_lesson(
    store: LessonChanges, lesson_id: str, change: Callable[[Lesson], Lesson]
) -> Lesson | None:
    """Replace a lesson by what `change` makes of it; None if there is no such lesson.

    `change` is called again, with the lesson as it is by then, when another program was quicker.
    So it must touch only what it is about, and may raise what does not fit any more.
    """
    while (lesson := store.get(lesson_id)) is not None:
        changed = change(lesson)
        if changed == lesson or store.swap(lesson, changed):
            return changed
    return None
