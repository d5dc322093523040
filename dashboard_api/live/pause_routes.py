"""Pauses the sensing of the lesson that is on, and ends that: its own teacher, and nobody else."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Path
from pydantic import BaseModel, ConfigDict
from starlette.responses import RedirectResponse, Response

from dashboard_api.live.access import check_room
from dashboard_api.web.access import PausesSensing
from dashboard_api.web.store_thread import StoreDep, Stores

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


class _PauseForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lesson: str
    """The lesson for which the page was made: another one may be on by now."""
    is_on: bool


@router.post("/rooms/{room}/live/pause")
async def pause(
    viewer: PausesSensing,
    room: Annotated[str, Path()],
    store: StoreDep,
    form: Annotated[_PauseForm, Form()],
) -> Response:
    """Pause, or end the pause, and go back to the live page."""

    def change(stores: Stores) -> Response:
        check_room(stores, viewer, room)
        now = viewer.utc_ns
        for lesson in stores.room_lessons(room, now, now + 1):
            if lesson.id == form.lesson and lesson.is_on(now, stores.longest_ns):
                act = stores.control.pause_lesson if form.is_on else stores.control.resume_lesson
                act(lesson.id, viewer.actor)
        return RedirectResponse(f"/rooms/{quote(room, safe='')}/live", status_code=303)

    return await store.run(change)
