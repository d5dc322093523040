"""With whom a lesson is shared: its teacher chooses, and nobody else."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.sharing.page_view import back_to_sharing, readers_for, sharing_page
from dashboard_api.sharing.spans_form import read_spans
from dashboard_api.views.dates import end_of_day
from dashboard_api.web.access import SharesLesson
from dashboard_api.web.lookup import get_lesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.sharing.cut import Span

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Time = Annotated[str, Field(max_length=20)]


class _ShareForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person: Annotated[str, Field(max_length=100)] = ""
    until: date
    """The last day."""
    part: Literal["whole", "spans"] = "whole"
    start: Annotated[list[Time], Field(max_length=20)] = []
    end: Annotated[list[Time], Field(max_length=20)] = []


@router.get("/lessons/{lesson_id}/sharing")
async def lesson_sharing(
    request: Request,
    viewer: SharesLesson,
    lesson_id: str,
    store: StoreDep,
    person: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """With `person`, they are chosen already in the form; nothing is shared by that."""
    zone = request.app.state.zone
    return await store.run(
        lambda stores: sharing_page(stores, viewer, lesson_id, zone, chosen=person)
    )


@router.post("/lessons/{lesson_id}/sharing")
async def share(
    request: Request,
    viewer: SharesLesson,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[_ShareForm, Form()],
) -> Response:
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        lesson = get_lesson(stores, viewer, lesson_id)
        try:
            until_ns = end_of_day(form.until, viewer.utc_ns, zone)
            _check_reader(stores, viewer, form.person)
            stores.sharing.share(
                lesson.id, form.person, viewer.actor, until_utc_ns=until_ns,
                spans=_spans_in(form), utc_ns=viewer.utc_ns,
            )  # fmt: skip
        except UsageError as error:
            return sharing_page(
                stores, viewer, lesson_id, zone, trouble=str(error), status_code=422
            )
        return back_to_sharing(lesson_id)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/sharing/{person_id}/end")
async def unshare(
    viewer: SharesLesson, lesson_id: str, person_id: str, store: StoreDep
) -> Response:
    def change(stores: Stores) -> Response:
        lesson = get_lesson(stores, viewer, lesson_id)
        stores.sharing.unshare(lesson.id, person_id, viewer.actor)
        return back_to_sharing(lesson_id)

    return await store.run(change)


def _check_reader(stores: Stores, viewer: Viewer, person_id: str) -> None:
    if person_id not in {person.id for person in readers_for(stores, viewer)}:
        raise UsageError(_("Choose a person to share the lesson with."))


def _spans_in(form: _ShareForm) -> tuple[Span, ...]:
    """The parts to share, none for the whole lesson; raises UsageError."""
    spans = read_spans(form.start, form.end)
    if form.part == "spans" and not spans:
        raise UsageError(_("Write from when to when the parts go, such as 12:30 to 20:00."))
    if form.part == "whole" and spans:
        raise UsageError(_("You wrote parts: choose “Only these parts”, or remove them."))
    return spans
