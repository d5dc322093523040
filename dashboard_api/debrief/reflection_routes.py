"""A teacher's reflection: a page of their own lesson that nobody else can open, saved as it is typed."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from contract.language import _
from dashboard_api.debrief.reflection_view import reflection_page
from dashboard_api.language.dates import local_time_text
from dashboard_api.views.text import title_text
from dashboard_api.web.access import Reflects
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.debrief.reflection_store import (
    LONGEST_ANSWER,
    QUESTIONS,
    Reflection,
    ReflectionChangedError,
)

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Answer = Annotated[str, Field(max_length=LONGEST_ANSWER)]


class NewReflection(BaseModel):
    """The answers, and of which revision they were made."""

    model_config = ConfigDict(extra="forbid")

    keep: Answer = ""
    surprise: Answer = ""
    watch: Answer = ""
    revision: Annotated[int, Field(ge=0, le=1_000_000_000)]

    def given(self) -> Reflection:
        """Browsers send line ends as they like."""
        answers = {name: getattr(self, name).replace("\r\n", "\n") for name in QUESTIONS}
        return Reflection(**answers, revision=self.revision)


@router.get("/lessons/{lesson_id}/reflection")
async def reflection(
    request: Request, viewer: Reflects, lesson_id: str, store: StoreDep
) -> Response:
    now = store.clock.utc_ns()
    return await store.run(lambda stores: _shown(request, stores, viewer, lesson_id, now))


@router.put("/lessons/{lesson_id}/reflection")
async def save(viewer: Reflects, lesson_id: str, new: NewReflection, store: StoreDep) -> Response:
    """Save what was typed; 409 has what another window saved meanwhile."""

    def change(stores: Stores) -> Response:
        see_lesson(stores, viewer, lesson_id)
        try:
            saved = _save(stores, viewer, lesson_id, new)
        except ReflectionChangedError as error:
            now = {**error.now.answers, "revision": error.now.revision}
            return JSONResponse({"detail": str(error), "now": now}, 409)
        return JSONResponse({"revision": saved.revision})

    return await store.run(change)


@router.post("/lessons/{lesson_id}/reflection")
async def save_on_page(
    request: Request,
    viewer: Reflects,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[NewReflection, Form()],
) -> Response:
    """The same without scripts: what another window saved comes back beside what was sent."""
    utc_ns = store.clock.utc_ns()

    def change(stores: Stores) -> Response:
        see_lesson(stores, viewer, lesson_id)
        try:
            _save(stores, viewer, lesson_id, form)
        except ReflectionChangedError as error:
            return _shown(request, stores, viewer, lesson_id, utc_ns, form.given(), error.now)
        return RedirectResponse(f"/lessons/{lesson_id}/reflection", status_code=303)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/reflection/remove")
async def remove(viewer: Reflects, lesson_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        see_lesson(stores, viewer, lesson_id)
        stores.sharing.reflections.remove(lesson_id, viewer.person.id)
        return RedirectResponse(f"/lessons/{lesson_id}/reflection", status_code=303)

    return await store.run(change)


def _save(stores: Stores, viewer: Viewer, lesson_id: str, new: NewReflection) -> Reflection:
    reflections = stores.sharing.reflections
    return reflections.save(lesson_id, viewer.person.id, new.given(), viewer.utc_ns)


def _shown(
    request: Request,
    stores: Stores,
    viewer: Viewer,
    lesson_id: str,
    now_utc_ns: int,
    sent: Reflection | None = None,
    now: Reflection | None = None,
) -> Response:
    zone = request.app.state.zone
    seen = see_lesson(stores, viewer, lesson_id)
    kept = stores.sharing.reflections.of(lesson_id, viewer.person.id)
    return page(
        "debrief/reflection.html",
        viewer=viewer,
        status_code=200 if now is None else 409,
        lesson=seen.lesson,
        shown=reflection_page(stores, seen, now_utc_ns, zone),
        questions={name: _(each) for name, each in QUESTIONS.items()},
        answers=(kept if sent is None else sent).answers,
        theirs=None if now is None else now.answers,
        revision=kept.revision,
        longest=LONGEST_ANSWER,
        # Names the drafts of this person in a browser that several use.
        draft=hashlib.sha256(f"{viewer.person.id} {lesson_id}".encode()).hexdigest()[:16],
        title=title_text(seen.lesson.title, seen.lesson.room),
        at=local_time_text(seen.lesson.starts_utc_ns, zone),
    )
