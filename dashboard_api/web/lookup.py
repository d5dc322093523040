"""Finding a lesson by its id, and saying so when there is none."""

from __future__ import annotations

from pydantic import BaseModel

from contract.errors import RoomtoneError
from dashboard_api.web.store_thread import Stores
from ingest.stores.records import Lesson

__all__ = ["ErrorJson", "NotFoundError", "get_lesson"]


class NotFoundError(RoomtoneError, LookupError):
    """What an address names does not exist; the pages answer 404 with this sentence."""


class ErrorJson(BaseModel):
    """The answer's body when a lesson, a moment or a video does not exist."""

    detail: str


def get_lesson(stores: Stores, lesson_id: str) -> Lesson:
    """A lesson to look at, with its end; raises NotFoundError."""
    lesson = stores.lesson(lesson_id)
    if lesson is None:
        raise NotFoundError(
            "There is no such lesson. It may have been deleted, or the address is incomplete."
        )
    return lesson
