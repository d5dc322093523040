"""Finds a lesson by its id for someone who may see it, or raises an error that the pages show."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from contract.clock import SECOND_NS
from contract.errors import RoomtoneError
from contract.language import N_, _
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.audit.actor import Actor
from school.lessons.records import Lesson
from school.moments.records import Speaker
from school.sharing.policy import Reach, may

__all__ = [
    "CLOSED_HEADER",
    "ErrorJson",
    "NoLessonError",
    "NotFoundError",
    "find_asked",
    "find_lesson",
    "get_lesson",
    "see_lesson",
    "speaker_of",
]

_NO_LESSON: Final = N_(
    "There is no such lesson. It may have been deleted, it may not be shared with you any more, or "
    "the address is incomplete."
)
CLOSED_HEADER: Final = "Roomtone-Closed"
"""By it a script of an open page knows that the lesson is not open any more; sentences are in many languages."""
OPEN_NS: Final = 7 * 86_400 * SECOND_NS
"""How long after a lesson its observers may send what a phone still holds."""


class NotFoundError(RoomtoneError, LookupError):
    """Nothing exists at an address for this person; the pages answer 404 with this sentence."""


class NoLessonError(NotFoundError):
    """There is no such lesson for this person; the answer has `CLOSED_HEADER`."""

    def __init__(self) -> None:
        super().__init__(_(_NO_LESSON))


class ErrorJson(BaseModel):
    """The body of an error response: one sentence in `detail`."""

    detail: str


def find_lesson(stores: Stores, viewer: Viewer, lesson_id: str) -> tuple[Lesson, Reach]:
    """A lesson, always with an end, and what it is to the viewer; raises NoLessonError.

    One that the viewer may not see takes the same path as one that does not exist.
    """
    assert viewer.action is not None
    reach = stores.sharing.reach(lesson_id, viewer.person.id, viewer.utc_ns)
    lesson = stores.lesson(lesson_id)
    if (
        lesson is None
        or reach is None
        or not viewer.may_open(lesson_id)
        or not may(viewer.person.roles, viewer.action, reach)
    ):
        if viewer.token is not None:
            by = Actor(name="the pages", utc_ns=viewer.people_utc_ns)
            stores.people.tokens.record_refusal(viewer.token, by)
        raise NoLessonError
    return lesson, reach


def find_asked(stores: Stores, viewer: Viewer, lesson_id: str) -> Lesson:
    """A lesson that its teacher asks the viewer to observe; raises NoLessonError.

    It opens the sheet alone: nothing that was sensed, and nothing that anybody said.
    """
    assert viewer.action is not None
    is_asked = stores.sharing.observers.is_asked(lesson_id, viewer.person.id)
    lesson = stores.lesson(lesson_id)
    if (
        lesson is None
        or not is_asked
        or viewer.utc_ns >= lesson.over_utc_ns(stores.longest_ns) + OPEN_NS
        or not may(viewer.person.roles, viewer.action, "asked")
    ):
        raise NoLessonError
    return lesson


def get_lesson(stores: Stores, viewer: Viewer, lesson_id: str) -> Lesson:
    """The same without what it is to the viewer."""
    return find_lesson(stores, viewer, lesson_id)[0]


def see_lesson(stores: Stores, viewer: Viewer, lesson_id: str) -> SeenLesson:
    """A lesson with what of it the viewer sees: whatever shows its content starts here."""
    lesson, reach = find_lesson(stores, viewer, lesson_id)
    cut = stores.sharing.teacher.cuts([lesson.id], viewer.person.id).get(lesson.id)
    if cut is None:  # the share has ended since
        raise NoLessonError
    is_filmed = stores.videos.ready(lesson.id) is not None
    return SeenLesson(viewer.person.id, lesson, reach, cut, is_filmed)


def speaker_of(reach: Reach) -> Speaker:
    """As whom someone speaks of a lesson: its teacher, or as a coach with whom it is shared."""
    return "teacher" if reach == "own" else "coach"
