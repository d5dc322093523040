"""Notes over HTTP for programs and for the page's scripts."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from dashboard_api.moments.judged_moments import JudgedMoment, moments_of
from dashboard_api.moments.note_changes import (
    GONE,
    ChangedNote,
    NewNote,
    NoteChangedError,
    add_note,
    change_note,
    remove_note,
)
from dashboard_api.moments.replies import NewReply, add_reply, remove_reply
from dashboard_api.views.schemas import ReplyJson
from dashboard_api.web.access import ReadsNotes, WritesNotes
from dashboard_api.web.lookup import ErrorJson, NotFoundError, see_lesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer

__all__ = ["moments_of", "router"]

router = APIRouter()

NOT_FOUND: Final[dict[int | str, dict[str, Any]]] = {404: {"model": ErrorJson}}
_TAKEN: Final[dict[int | str, dict[str, Any]]] = {
    409: {"model": ErrorJson, "description": "Something else has this id."},
    410: {"model": ErrorJson, "description": "It had been kept, and was deleted since."},
}


class NoteChangedJson(ErrorJson):
    """Somebody has changed the note since it was read."""

    current: JudgedMoment
    """What it is now."""


@router.get(
    "/api/lessons/{lesson_id}/moments",
    tags=["moments"],
    summary="A lesson's moments",
    responses=NOT_FOUND,
)
async def listed(viewer: ReadsNotes, lesson_id: str, store: StoreDep) -> list[JudgedMoment]:
    """Suggested moments and people's notes, in order of time."""
    return await store.run(lambda stores: moments_of(stores, see_lesson(stores, viewer, lesson_id)))


@router.post(
    "/api/lessons/{lesson_id}/moments",
    tags=["moments"],
    summary="Write a note",
    status_code=201,
    responses=NOT_FOUND | _TAKEN,
)
async def add(
    request: Request, viewer: WritesNotes, lesson_id: str, new: NewNote, store: StoreDep
) -> JudgedMoment:
    """A note is a moment that a person marks, with their words."""
    framework = request.app.state.framework

    def change(stores: Stores) -> JudgedMoment:
        added = add_note(stores, viewer, lesson_id, new, framework)
        return _one(stores, viewer, lesson_id, added.id)

    return await store.run(change)


@router.put(
    "/api/lessons/{lesson_id}/moments/{moment_id}",
    tags=["moments"],
    summary="Change a note",
    response_model=JudgedMoment,
    responses=NOT_FOUND
    | {409: {"model": NoteChangedJson, "description": "It has been changed since it was read."}},
)
async def change(
    request: Request,
    viewer: WritesNotes,
    lesson_id: str,
    moment_id: str,
    new: ChangedNote,
    store: StoreDep,
) -> JudgedMoment | Response:
    """What is missing stays as it is. Only who wrote a note may change it."""
    framework = request.app.state.framework

    def change(stores: Stores) -> JudgedMoment | Response:
        try:
            change_note(stores, viewer, lesson_id, moment_id, new, framework)
        except NoteChangedError as error:
            current = _one(stores, viewer, lesson_id, moment_id)
            said = NoteChangedJson(detail=str(error), current=current)
            return JSONResponse(said.model_dump(mode="json"), status_code=409)
        return _one(stores, viewer, lesson_id, moment_id)

    return await store.run(change)


@router.delete(
    "/api/lessons/{lesson_id}/moments/{moment_id}",
    tags=["moments"],
    summary="Delete a note",
    status_code=204,
    responses=NOT_FOUND,
)
async def remove(viewer: WritesNotes, lesson_id: str, moment_id: str, store: StoreDep) -> None:
    await store.run(lambda stores: remove_note(stores, viewer, lesson_id, moment_id))


@router.post(
    "/api/lessons/{lesson_id}/moments/{moment_id}/replies",
    tags=["moments"],
    summary="Reply to a note",
    status_code=201,
    responses=NOT_FOUND | _TAKEN,
)
async def reply(
    viewer: WritesNotes, lesson_id: str, moment_id: str, new: NewReply, store: StoreDep
) -> ReplyJson:
    now = store.clock.utc_ns()
    return await store.run(lambda stores: add_reply(stores, viewer, lesson_id, moment_id, new, now))


@router.delete(
    "/api/lessons/{lesson_id}/moments/{moment_id}/replies/{reply_id}",
    tags=["moments"],
    summary="Delete a reply",
    status_code=204,
    responses=NOT_FOUND,
)
async def take_back(
    viewer: WritesNotes, lesson_id: str, moment_id: str, reply_id: str, store: StoreDep
) -> None:
    """One's own; the lesson's teacher may delete any."""
    await store.run(lambda stores: remove_reply(stores, viewer, lesson_id, moment_id, reply_id))


def _one(stores: Stores, viewer: Viewer, lesson_id: str, moment_id: str) -> JudgedMoment:
    for moment in moments_of(stores, see_lesson(stores, viewer, lesson_id)):
        if moment.id == moment_id:
            return moment
    raise NotFoundError(GONE)
