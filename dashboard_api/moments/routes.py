"""Moments that people mark: adding, editing and deleting them on the page or by a program."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from dashboard_api.moments.judged_moments import (
    JudgedMoment,
    moment_list_response,
    moments_of,
)
from dashboard_api.web.access import ReadsNotes, WritesNotes
from dashboard_api.web.lookup import ErrorJson, NotFoundError, see_lesson, speaker_of
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.moments.records import Moment

__all__ = ["moments_of", "router"]

router = APIRouter()

MAX_START_S: Final = 14_400
NOT_FOUND: Final[dict[int | str, dict[str, Any]]] = {404: {"model": ErrorJson}}


class NewMoment(BaseModel):
    """A part of a lesson that someone wants to talk about."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    start_s: Annotated[float, Field(ge=0, le=MAX_START_S)]
    """Seconds since the lesson's start."""
    length_s: Annotated[float, Field(ge=1, le=1_800)] = 60.0
    note: Annotated[str, Field(max_length=2_000)] = ""


class NewNote(BaseModel):
    """A new note for a moment."""

    model_config = ConfigDict(extra="forbid")

    note: Annotated[str, Field(max_length=2_000)]


@router.get(
    "/api/lessons/{lesson_id}/moments",
    tags=["moments"],
    summary="A lesson's moments",
    responses=NOT_FOUND,
)
async def listed(viewer: ReadsNotes, lesson_id: str, store: StoreDep) -> list[JudgedMoment]:
    """Suggested moments and people's own, in order of time."""
    return await store.run(lambda stores: moments_of(stores, see_lesson(stores, viewer, lesson_id)))


@router.post(
    "/api/lessons/{lesson_id}/moments",
    tags=["moments"],
    summary="Mark a moment",
    status_code=201,
    responses=NOT_FOUND,
)
async def add(viewer: WritesNotes, lesson_id: str, new: NewMoment, store: StoreDep) -> JudgedMoment:
    added = await store.run(lambda stores: _add(stores, viewer, lesson_id, new))
    return next(moment for moment in await listed(viewer, lesson_id, store) if moment.id == added)


@router.put(
    "/api/lessons/{lesson_id}/moments/{moment_id}",
    tags=["moments"],
    summary="Change a moment's note",
    status_code=204,
    responses=NOT_FOUND,
)
async def edit_note(
    viewer: WritesNotes, lesson_id: str, moment_id: str, new: NewNote, store: StoreDep
) -> None:
    await store.run(lambda stores: _edit_note(stores, viewer, lesson_id, moment_id, new.note))


@router.delete(
    "/api/lessons/{lesson_id}/moments/{moment_id}",
    tags=["moments"],
    summary="Delete a moment that someone marked",
    status_code=204,
    responses=NOT_FOUND,
)
async def remove(viewer: WritesNotes, lesson_id: str, moment_id: str, store: StoreDep) -> None:
    await store.run(lambda stores: _remove(stores, viewer, lesson_id, moment_id))


@router.post("/lessons/{lesson_id}/moments", include_in_schema=False)
async def add_on_page(
    request: Request,
    viewer: WritesNotes,
    lesson_id: str,
    store: StoreDep,
    new: Annotated[NewMoment, Form()],
) -> Response:
    added = await store.run(lambda stores: _add(stores, viewer, lesson_id, new))
    return await moment_list_response(request, viewer, lesson_id, store, added)


@router.post("/lessons/{lesson_id}/moments/{moment_id}/note", include_in_schema=False)
async def edit_note_on_page(
    request: Request,
    viewer: WritesNotes,
    lesson_id: str,
    moment_id: str,
    store: StoreDep,
    new: Annotated[NewNote, Form()],
) -> Response:
    await store.run(lambda stores: _edit_note(stores, viewer, lesson_id, moment_id, new.note))
    return await moment_list_response(request, viewer, lesson_id, store, moment_id)


@router.post("/lessons/{lesson_id}/moments/{moment_id}/delete", include_in_schema=False)
async def remove_on_page(
    request: Request, viewer: WritesNotes, lesson_id: str, moment_id: str, store: StoreDep
) -> Response:
    await store.run(lambda stores: _remove(stores, viewer, lesson_id, moment_id))
    return await moment_list_response(request, viewer, lesson_id, store, None)


def _add(stores: Stores, viewer: Viewer, lesson_id: str, new: NewMoment) -> str:
    seen = see_lesson(stores, viewer, lesson_id)
    if not seen.cut.holds(round(new.start_s, 1), round(new.start_s + new.length_s, 1)):
        raise HTTPException(
            422,
            "The moment reaches into a part that is left out or not shared with you. Choose "
            "another time or a shorter length",
        )
    moment = Moment(
        id=secrets.token_hex(8),
        lesson=seen.lesson.id,
        start_s=round(new.start_s, 1),
        end_s=round(new.start_s + new.length_s, 1),
        note=new.note.strip(),
        author=viewer.person.id,
        role=speaker_of(seen.reach),
    )
    stores.lessons.put_moment(moment)
    return moment.id


def _edit_note(stores: Stores, viewer: Viewer, lesson_id: str, moment_id: str, note: str) -> None:
    moment, _ = _found(stores, viewer, lesson_id, moment_id)
    if moment.author != viewer.person.id:
        raise HTTPException(403, "Only who marked a moment can change its note")
    stores.lessons.put_moment(replace(moment, note=note.strip()))


def _remove(stores: Stores, viewer: Viewer, lesson_id: str, moment_id: str) -> None:
    """The lesson is its teacher's, so they may also delete what others marked."""
    moment, seen = _found(stores, viewer, lesson_id, moment_id)
    if seen.reach != "own" and moment.author != viewer.person.id:
        raise HTTPException(403, "Only who marked a moment, or the teacher, can delete it")
    stores.lessons.remove_moment(moment.id)


def _found(
    stores: Stores, viewer: Viewer, lesson_id: str, moment_id: str
) -> tuple[Moment, SeenLesson]:
    seen = see_lesson(stores, viewer, lesson_id)
    for moment in seen.moments(stores):
        if moment.id == moment_id:
            return moment, seen
    raise NotFoundError("There is no such moment; someone may have deleted it.")
