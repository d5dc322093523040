"""What a teacher decides about a lesson of theirs: leaving spans out, hiding it, deleting it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _
from dashboard_api.language.dates import local_time_text
from dashboard_api.sharing.deletion import NO_DELETIONS, Deletions, deletion_plan
from dashboard_api.sharing.page_view import back_to_sharing, sharing_page
from dashboard_api.sharing.spans_form import read_spans
from dashboard_api.video.left_out import end_left_out
from dashboard_api.video.service import VideosDep
from dashboard_api.views.text import title_text
from dashboard_api.web.access import DeletesLesson, ExcludesSpans, HidesLesson, SignedIn
from dashboard_api.web.lookup import get_lesson, see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from school.sharing.cut import LONGEST_NOTE, ExclusionReason, Span
from school.sharing.teacher_store import MAX_EXCLUSIONS

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Time = Annotated[str, Field(max_length=20)]


class _ExclusionForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    start: Time = ""
    end: Time = ""
    reason: ExclusionReason
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""


@router.post("/lessons/{lesson_id}/exclusions")
async def exclude(
    request: Request,
    viewer: ExcludesSpans,
    lesson_id: str,
    store: StoreDep,
    videos: VideosDep,
    form: Annotated[_ExclusionForm, Form()],
) -> Response:
    """What is left out is in no clip either, also in none that was cut before."""
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        seen = see_lesson(stores, viewer, lesson_id)
        try:
            span = _span_in(form, len(seen.cut.excluded))
        except UsageError as error:
            return sharing_page(
                stores, viewer, lesson_id, zone, trouble=str(error), status_code=422
            )
        note = " ".join(form.note.split())
        stores.sharing.teacher.exclude(lesson_id, span, form.reason, note, viewer.actor)
        end_left_out(stores, videos, stores.clips.of_lesson(lesson_id), viewer.actor)
        return back_to_sharing(lesson_id)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/exclusions/{exclusion_id}/end")
async def include(
    viewer: ExcludesSpans, lesson_id: str, exclusion_id: str, store: StoreDep
) -> Response:
    def change(stores: Stores) -> Response:
        get_lesson(stores, viewer, lesson_id)
        stores.sharing.teacher.include(lesson_id, exclusion_id, viewer.actor)
        return back_to_sharing(lesson_id)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/hide")
async def hide(viewer: HidesLesson, lesson_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        get_lesson(stores, viewer, lesson_id)
        stores.sharing.teacher.hide(lesson_id, viewer.actor)
        return back_to_sharing(lesson_id)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/unhide")
async def unhide(viewer: HidesLesson, lesson_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        get_lesson(stores, viewer, lesson_id)
        stores.sharing.teacher.unhide(lesson_id, viewer.actor)
        return back_to_sharing(lesson_id)

    return await store.run(change)


@router.get("/hidden-lessons")
async def hidden_lessons(request: Request, viewer: HidesLesson, store: StoreDep) -> Response:
    zone = request.app.state.zone
    found = await store.run(lambda stores: stores.sharing.hidden(viewer.person.id))
    lessons = [
        (each.id, title_text(each.title, each.room), local_time_text(each.starts_utc_ns, zone))
        for each in found
    ]
    return page("sharing/hidden.html", viewer=viewer, lessons=lessons)


@router.get("/lessons/{lesson_id}/delete")
async def confirm_delete(
    request: Request, viewer: DeletesLesson, lesson_id: str, store: StoreDep
) -> Response:
    zone = request.app.state.zone

    def query(stores: Stores) -> Response:
        lesson = get_lesson(stores, viewer, lesson_id)
        now, trouble = store.clock.utc_ns(), ""
        authors = [one.author for one in stores.lessons.moments(lesson.id)]
        try:
            _deletions(request)
            deletion_plan(stores, lesson, now)
        except UsageError as error:
            trouble = str(error)
        return page(
            "sharing/delete.html",
            viewer=viewer,
            lesson=lesson,
            title=title_text(lesson.title, lesson.room),
            at=local_time_text(lesson.starts_utc_ns, zone),
            minutes=round((lesson.over_utc_ns(stores.longest_ns) - lesson.starts_utc_ns)
                          / (60 * SECOND_NS)),
            moments=len(authors),
            by_others=sum(one != viewer.person.id for one in authors),
            concerned=stores.sharing.teacher.concerned_by_deletion(lesson.id, viewer.person.id),
            has_step=any(
                each.state != "proposed" for each in stores.sharing.steps.of_lesson(lesson.id)
            ),
            trouble=trouble,
        )  # fmt: skip

    return await store.run(query)


@router.post("/lessons/{lesson_id}/delete")
async def delete(
    request: Request, viewer: DeletesLesson, lesson_id: str, store: StoreDep
) -> Response:
    """Goes back to the confirmation, which says why, if the lesson can't be deleted now."""

    def change(stores: Stores) -> Response:
        lesson = get_lesson(stores, viewer, lesson_id)
        try:
            deletions = _deletions(request)
            planned = deletion_plan(stores, lesson, store.clock.utc_ns())
        except UsageError:
            return RedirectResponse(f"/lessons/{lesson_id}/delete", status_code=303)
        deletions.ask(stores, viewer, lesson, planned)
        return RedirectResponse("/", status_code=303)

    return await store.run(change)


@router.post("/notices/{notice_id}/read")
async def read_notice(viewer: SignedIn, notice_id: str, store: StoreDep) -> Response:
    await store.run(lambda stores: stores.sharing.teacher.read_notice(notice_id, viewer.person.id))
    return RedirectResponse("/", status_code=303)


def _span_in(form: _ExclusionForm, known: int) -> Span:
    """The span to leave out; raises UsageError."""
    spans = read_spans([form.start], [form.end])
    if not spans:
        raise UsageError(_("Write from when to when the span goes, such as 12:30 to 14:00."))
    if known >= MAX_EXCLUSIONS:
        raise UsageError(_("At most {n} spans of a lesson can be left out.", n=MAX_EXCLUSIONS))
    return spans[0]


def _deletions(request: Request) -> Deletions:
    deletions = request.app.state.deletions
    if deletions is None:
        raise UsageError(_(NO_DELETIONS))
    assert isinstance(deletions, Deletions)
    return deletions
