"""Forms about a lesson: each item is saved by itself, and both views stand side by side in the end."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.forms.over_time import over_time
from dashboard_api.forms.video_view import video_view
from dashboard_api.forms.view import Forms, form_lines, own_sheet, sheet_view
from dashboard_api.language.dates import local_time_text
from dashboard_api.language.shipped import shipped_text
from dashboard_api.views.text import title_text
from dashboard_api.web.access import FillsForm
from dashboard_api.web.lookup import NotFoundError, see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.forms.sheets import LONGEST_WORDS, Answer, AnswerChangedError, answer_to

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


class NewAnswer(BaseModel):
    """What somebody says of an item, and of which revision it was made."""

    model_config = ConfigDict(extra="forbid")

    choice: Annotated[str, Field(max_length=60)] = ""
    words: Annotated[str, Field(max_length=LONGEST_WORDS)] = ""
    revision: Annotated[int, Field(ge=0, le=1_000_000_000)]


@router.get("/lessons/{lesson_id}/forms")
async def forms(request: Request, viewer: FillsForm, lesson_id: str, store: StoreDep) -> Response:
    def read(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        return page(
            "forms/list.html", viewer=viewer, lines=form_lines(stores, seen, _forms(request)),
            **_heading(request, stores, viewer, lesson_id),
        )  # fmt: skip

    return await store.run(read)


@router.get("/lessons/{lesson_id}/forms/{form_id}")
async def sheet(
    request: Request, viewer: FillsForm, lesson_id: str, form_id: str, store: StoreDep
) -> Response:
    return await store.run(lambda stores: _shown(request, stores, viewer, lesson_id, form_id))


@router.get("/lessons/{lesson_id}/forms/{form_id}/over-time")
async def lessons(
    request: Request, viewer: FillsForm, lesson_id: str, form_id: str, store: StoreDep
) -> Response:
    """The same form over the lessons of this teacher."""

    def read(stores: Stores) -> Response:
        seen, zone = see_lesson(stores, viewer, lesson_id), request.app.state.zone
        return page(
            "forms/over_time.html", viewer=viewer, lesson=seen.lesson,
            shown=over_time(stores, viewer, seen, _forms(request), form_id, zone),
        )  # fmt: skip

    return await store.run(read)


@router.put("/lessons/{lesson_id}/forms/{form_id}/items/{item_id}")
async def save(
    request: Request,
    viewer: FillsForm,
    lesson_id: str,
    form_id: str,
    item_id: str,
    new: NewAnswer,
    store: StoreDep,
) -> Response:
    """Save what was typed or chosen; 409 has what another window saved meanwhile."""

    def change(stores: Stores) -> Response:
        try:
            saved = _save(request, stores, viewer, lesson_id, form_id, item_id, new)
        except AnswerChangedError as error:
            now = {
                "choice": error.now.choice, "choice_label": shipped_text(error.now.choice_label),
                "words": error.now.words, "revision": error.now.revision,
            }  # fmt: skip
            return JSONResponse({"detail": str(error), "now": now}, 409)
        except UsageError as error:
            return JSONResponse({"detail": str(error)}, 422)
        return JSONResponse({"revision": saved.revision})

    return await store.run(change)


@router.post("/lessons/{lesson_id}/forms/{form_id}/items/{item_id}")
async def save_on_page(
    request: Request,
    viewer: FillsForm,
    lesson_id: str,
    form_id: str,
    item_id: str,
    store: StoreDep,
    new: Annotated[NewAnswer, Form()],
) -> Response:
    """The same without scripts: what another window saved comes back beside what was sent."""

    def change(stores: Stores) -> Response:
        try:
            _save(request, stores, viewer, lesson_id, form_id, item_id, new)
        except AnswerChangedError as error:
            sent = Answer(
                item=item_id, label="", choice=new.choice, words=_words(new),
                revision=error.now.revision,
            )  # fmt: skip
            now = replace(error.now, choice_label=shipped_text(error.now.choice_label))
            return _shown(request, stores, viewer, lesson_id, form_id, sent=sent, now=now)
        except UsageError as error:
            return _shown(request, stores, viewer, lesson_id, form_id, trouble=str(error))
        return _back(lesson_id, form_id, f"#item-{item_id}")

    return await store.run(change)


@router.post("/lessons/{lesson_id}/forms/{form_id}/done")
async def finish(
    request: Request, viewer: FillsForm, lesson_id: str, form_id: str, store: StoreDep
) -> Response:
    """Their view is ready to be compared."""

    def change(stores: Stores) -> Response:
        see_lesson(stores, viewer, lesson_id)
        try:
            stores.sharing.forms.finish(lesson_id, form_id, viewer.actor)
        except UsageError as error:
            return _shown(request, stores, viewer, lesson_id, form_id, trouble=str(error))
        return _back(lesson_id, form_id)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/forms/{form_id}/remove")
async def remove(viewer: FillsForm, lesson_id: str, form_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        see_lesson(stores, viewer, lesson_id)
        stores.sharing.forms.remove(lesson_id, form_id, viewer.actor)
        return RedirectResponse(f"/lessons/{lesson_id}/forms", status_code=303)

    return await store.run(change)


def _forms(request: Request) -> Forms:
    found: Forms = request.app.state.forms
    return found


def _words(new: NewAnswer) -> str:
    """Browsers send line ends as they like."""
    return new.words.replace("\r\n", "\n").strip()


def _save(
    request: Request,
    stores: Stores,
    viewer: Viewer,
    lesson_id: str,
    form_id: str,
    item_id: str,
    new: NewAnswer,
) -> Answer:
    seen = see_lesson(stores, viewer, lesson_id)
    form = _forms(request).get(form_id)
    item = None if form is None else form.items.get(item_id)
    if form is None or item is None:
        raise NotFoundError(_("This form has no such item any more. Reload the page."))
    mine = own_sheet(stores, seen, form)
    answer = answer_to(item, mine.answers.get(item_id), new.choice, _words(new), new.revision)
    return stores.sharing.forms.answer(mine, answer, viewer.people_utc_ns)


def _back(lesson_id: str, form_id: str, place: str = "") -> Response:
    return RedirectResponse(f"/lessons/{lesson_id}/forms/{form_id}{place}", status_code=303)


def _heading(request: Request, stores: Stores, viewer: Viewer, lesson_id: str) -> dict[str, Any]:
    lesson = see_lesson(stores, viewer, lesson_id).lesson
    return {
        "lesson": lesson, "title": title_text(lesson.title, lesson.room),
        "at": local_time_text(lesson.starts_utc_ns, request.app.state.zone),
    }  # fmt: skip


def _shown(
    request: Request,
    stores: Stores,
    viewer: Viewer,
    lesson_id: str,
    form_id: str,
    *,
    sent: Answer | None = None,
    now: Answer | None = None,
    trouble: str = "",
) -> Response:
    """The page; with `sent`, what was sent and not kept stands in the fields again, beside `now`."""
    seen = see_lesson(stores, viewer, lesson_id)
    status = 409 if now is not None else 422 if trouble else 200
    return page(
        "forms/sheet.html", viewer=viewer, status_code=status,
        shown=sheet_view(stores, seen, _forms(request), form_id), sent=sent, now=now,
        trouble=trouble, longest=LONGEST_WORDS, video=video_view(stores, seen, viewer.utc_ns),
        # Names the drafts of this person in a browser that several use.
        draft=hashlib.sha256(f"{viewer.person.id} {lesson_id} {form_id}".encode()).hexdigest()[:16],
        **_heading(request, stores, viewer, lesson_id),
    )  # fmt: skip
