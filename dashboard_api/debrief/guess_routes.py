"""Guess before reveal: the teacher marks where the room drifted before they see what was measured.

Each answer is the guess beside what was measured: a part of the lesson page for htmx, otherwise a
page of its own, which works without scripts.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.language import _
from dashboard_api.debrief.guess_view import guess_result
from dashboard_api.language.dates import local_time_text
from dashboard_api.views.dates import typed_seconds
from dashboard_api.views.text import title_text
from dashboard_api.web.access import Guesses, ReadsNotes
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.debrief.guess_store import MAX_GUESSED, merged

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Time = Annotated[str, Field(max_length=8, pattern=r"^\s*(\d{1,3}(:[0-5]?\d){0,2})?\s*$")]
"""`m:ss`, `h:mm:ss` or whole minutes; empty for none."""
_DAY_S = 86_400


class GuessForm(BaseModel):
    """The stretches as pairs of times, and how long settling in took."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[list[Time], Field(max_length=MAX_GUESSED)] = []
    end: Annotated[list[Time], Field(max_length=MAX_GUESSED)] = []
    settling: Time = ""


class SwitchForm(BaseModel):
    """A choice."""

    model_config = ConfigDict(extra="forbid")

    is_on: bool


@router.get("/lessons/{lesson_id}/guess")
async def guess(request: Request, viewer: ReadsNotes, lesson_id: str, store: StoreDep) -> Response:
    return await store.run(
        lambda stores: _shown(request, stores, viewer, see_lesson(stores, viewer, lesson_id))
    )


@router.post("/lessons/{lesson_id}/guess")
async def keep(
    request: Request,
    viewer: Guesses,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[GuessForm, Form()],
) -> Response:
    spans, settling = _spans(form), typed_seconds(form.settling)

    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        over = seen.lesson.over_utc_ns(stores.longest_ns)
        length = seen.length_s(seen.lesson.starts_utc_ns, over)
        if any(end > length for _start, end in spans) or (settling or 0) > length:
            raise HTTPException(422, _("A stretch must lie within the lesson"))
        stores.sharing.guesses.put(lesson_id, viewer.person.id, spans, settling, viewer.utc_ns)
        return _after(request, stores, viewer, seen)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/guess/remove")
async def remove(request: Request, viewer: Guesses, lesson_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        stores.sharing.guesses.remove(lesson_id, viewer.person.id)
        return _after(request, stores, viewer, seen)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/guess/shown")
async def show(
    request: Request,
    viewer: Guesses,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[SwitchForm, Form()],
) -> Response:
    """Show it to those who see the lesson, or to nobody else."""

    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        stores.sharing.guesses.show(lesson_id, viewer.actor, is_shown=form.is_on)
        return _after(request, stores, viewer, seen)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/guess/begin")
async def begin(
    request: Request,
    viewer: Guesses,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[SwitchForm, Form()],
) -> Response:
    """Begin each lesson of one's own with a guess, or no more."""

    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        stores.sharing.guesses.begin(viewer.person.id, is_on=form.is_on)
        return _after(request, stores, viewer, seen)

    return await store.run(change)


def _spans(form: GuessForm) -> list[tuple[int, int]]:
    """Empty rows are left out; raises HTTPException for one that can't be meant."""
    if len(form.start) != len(form.end):
        raise HTTPException(422, _("Each stretch has a beginning and an end"))
    spans: list[tuple[int, int]] = []
    for start, end in zip(
        map(typed_seconds, form.start), map(typed_seconds, form.end), strict=True
    ):
        if start is None and end is None:
            continue
        if start is None or end is None or not start < end <= _DAY_S:
            raise HTTPException(
                422, _("A stretch must end after it begins, such as 12:10 to 14:00")
            )
        spans.append((start, end))
    return merged(spans)


def _after(request: Request, stores: Stores, viewer: Viewer, seen: SeenLesson) -> Response:
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/lessons/{seen.lesson.id}/guess", status_code=303)
    return _shown(request, stores, viewer, seen)


def _shown(request: Request, stores: Stores, viewer: Viewer, seen: SeenLesson) -> Response:
    zone, lesson = request.app.state.zone, seen.lesson
    is_own = seen.reach == "own"
    return page(
        "debrief/_guess_result.html" if "hx-request" in request.headers else "debrief/guess.html",
        viewer=viewer, lesson=lesson, result=guess_result(stores, seen), is_own=is_own,
        begins=is_own and stores.sharing.guesses.begins(viewer.person.id),
        title=title_text(lesson.title, lesson.room), at=local_time_text(lesson.starts_utc_ns, zone),
    )  # fmt: skip
