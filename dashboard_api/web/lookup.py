"""Finds a lesson by its id, or raises an error that the pages show."""

from __future__ import annotations

from pydantic import BaseModel

from contract.errors import RoomtoneError
from dashboard_api.web.store_thread import Stores
from school.lessons.records import Lesson

__all__ = ["ErrorJson", "NotFoundError", "get_lesson"]


class NotFoundError(RoomtoneError, LookupError):
    """Nothing exists at an address; the pages answer 404 with this sentence."""


class ErrorJson(BaseModel):
    """The body of an error response: one sentence in `detail`."""

    detail: str


def get_lesson(stores: Stores, lesson_id: str) -> Lesson:
    """A lesson, always with an end; raises NotFoundError."""
    lesson = stores.lesson(lesson_id)
    if lesson is None:
        raise NotFoundError(
            "There is no such lesson. It may have been deleted, or the address is incomplete."
        )
    return lesson
