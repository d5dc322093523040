"""Notes on the lesson's page, also for a browser without scripts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.language import _, language
from dashboard_api.moments.judged_moments import is_guessing, moment_list, moment_list_response
from dashboard_api.moments.list_tags import ListTags
from dashboard_api.moments.note_changes import (
    MAX_TAGS,
    ChangedNote,
    GivenTag,
    Length,
    NewNote,
    NoteChangedError,
    Revision,
    Start,
    TagId,
    Words,
    add_note,
    change_note,
    find_note,
    remove_note,
)
from dashboard_api.moments.replies import NewReply, add_reply, remove_reply
from dashboard_api.web.access import ReadsNotes, WritesNotes
from dashboard_api.web.lookup import NotFoundError, see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from school.moments.records import NoteKind

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


class _NoteForm(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    start_s: Start
    length_s: Length = 60.0
    note: Words = ""
    note_kind: NoteKind = "observation"
    tags: Annotated[list[TagId], Field(max_length=MAX_TAGS)] = []


class _EditForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    revision: Revision
    note: Words = ""
    note_kind: NoteKind = "observation"
    tags: Annotated[list[TagId], Field(max_length=MAX_TAGS)] = []


@router.get("/lessons/{lesson_id}/moments")
async def listed(request: Request, viewer: ReadsNotes, lesson_id: str, store: StoreDep) -> Response:
    """The list for a page that is open: asked every few seconds, and mostly as it was."""
    known = request.headers.get("if-none-match", "")
    list_tags: ListTags = request.app.state.list_tags
    guesses = is_guessing(request)

    def query(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        which = f"{lesson_id} before a guess" if guesses else lesson_id
        whose = which, viewer.person.id, language().tag
        version = stores.scores.version(), stores.lessons.version()
        if known and list_tags.is_same(whose, version, known):
            return Response(status_code=304)
        answer = moment_list(stores, seen, None, is_guessing=guesses)
        tag = list_tags.keep(whose, version, bytes(answer.body))
        if tag == known:
            return Response(status_code=304)
        answer.headers["ETag"] = tag
        return answer

    return await store.run(query)


@router.post("/lessons/{lesson_id}/moments")
async def add(
    request: Request,
    viewer: WritesNotes,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[_NoteForm, Form()],
) -> Response:
    framework = request.app.state.framework
    new = NewNote(**form.model_dump(exclude={"tags"}), tags=_given(form.tags))
    added = await store.run(lambda stores: add_note(stores, viewer, lesson_id, new, framework))
    return await moment_list_response(request, viewer, lesson_id, store, added.id)


@router.get("/lessons/{lesson_id}/moments/{moment_id}/edit")
async def edit_page(
    request: Request, viewer: WritesNotes, lesson_id: str, moment_id: str, store: StoreDep
) -> Response:
    """A page of its own, for a browser without scripts."""

    def query(stores: Stores) -> Response:
        note, seen = find_note(stores, viewer, lesson_id, moment_id)
        if note.author != viewer.person.id:
            raise NotFoundError(_("Only who wrote a note can change it."))
        return page(
            "moments/edit.html", viewer=viewer, lesson=seen.lesson, note=note, theirs=None,
            words=note.note, kind=note.kind, chosen={tag.id for tag in note.tags},
            framework=request.app.state.framework,
        )  # fmt: skip

    return await store.run(query)


@router.post("/lessons/{lesson_id}/moments/{moment_id}/edit")
async def edit(
    request: Request,
    viewer: WritesNotes,
    lesson_id: str,
    moment_id: str,
    store: StoreDep,
    form: Annotated[_EditForm, Form()],
) -> Response:
    """Change a note; if somebody else has changed it meanwhile, show both."""
    framework = request.app.state.framework
    new = ChangedNote(
        revision=form.revision, note=form.note, note_kind=form.note_kind, tags=_given(form.tags)
    )

    def change(stores: Stores) -> Response:
        try:
            change_note(stores, viewer, lesson_id, moment_id, new, framework)
        except NoteChangedError as error:
            lesson = see_lesson(stores, viewer, lesson_id).lesson
            return page(
                "moments/edit.html", viewer=viewer, lesson=lesson, note=error.current,
                theirs=error.current, words=form.note, kind=form.note_kind,
                chosen=set(form.tags), framework=framework, status_code=409,
            )  # fmt: skip
        return RedirectResponse(f"/lessons/{lesson_id}#moment-{moment_id}", status_code=303)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/moments/{moment_id}/delete")
async def remove(
    request: Request, viewer: WritesNotes, lesson_id: str, moment_id: str, store: StoreDep
) -> Response:
    await store.run(lambda stores: remove_note(stores, viewer, lesson_id, moment_id))
    return await moment_list_response(request, viewer, lesson_id, store, None)


@router.post("/lessons/{lesson_id}/moments/{moment_id}/replies")
async def reply(
    request: Request,
    viewer: WritesNotes,
    lesson_id: str,
    moment_id: str,
    store: StoreDep,
    form: Annotated[NewReply, Form()],
) -> Response:
    now = store.clock.utc_ns()
    await store.run(lambda stores: add_reply(stores, viewer, lesson_id, moment_id, form, now))
    return await moment_list_response(
        request, viewer, lesson_id, store, moment_id, anchor=f"moment-{moment_id}"
    )


@router.post("/lessons/{lesson_id}/moments/{moment_id}/replies/{reply_id}/delete")
async def take_back(
    request: Request,
    viewer: WritesNotes,
    lesson_id: str,
    moment_id: str,
    reply_id: str,
    store: StoreDep,
) -> Response:
    await store.run(lambda stores: remove_reply(stores, viewer, lesson_id, moment_id, reply_id))
    return await moment_list_response(
        request, viewer, lesson_id, store, moment_id, anchor=f"moment-{moment_id}"
    )


def _given(tags: list[str]) -> list[GivenTag]:
    return [GivenTag(id=name) for name in tags]
