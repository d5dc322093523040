"""Teaching a lesson for somebody else, and handing one over so that both agree."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.language import N_, _
from dashboard_api.language.dates import local_time_text
from dashboard_api.sharing.page_view import back_to_sharing, colleagues_of, sharing_page
from dashboard_api.views.text import title_text
from dashboard_api.web.access import HandsOver, SignedIn, TakesOver
from dashboard_api.web.lookup import NoLessonError, NotFoundError, get_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_NO_OFFER: Final = N_("This lesson is not offered to you, or not any more.")


class _OfferForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person: Annotated[str, Field(max_length=100)] = ""


@router.get("/cover")
async def cover(request: Request, viewer: TakesOver, store: StoreDep) -> Response:
    """The lessons of others that are on or begin soon; nothing that was sensed in them."""
    zone = request.app.state.zone

    def query(stores: Stores) -> Response:
        found = stores.sharing.handovers.open_to(viewer.person.id, viewer.utc_ns, stores.longest_ns)
        lessons = [
            (
                each.id, title_text(each.title, each.room), each.room, each.teacher,
                local_time_text(each.starts_utc_ns, zone),
            )
            for each in found
        ]  # fmt: skip
        return page("sharing/cover.html", viewer=viewer, lessons=lessons)

    return await store.run(query)


@router.post("/lessons/{lesson_id}/take-over")
async def take_over(viewer: TakesOver, lesson_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        get_lesson(stores, viewer, lesson_id)
        if not stores.sharing.handovers.take_over(
            lesson_id, viewer.actor, viewer.utc_ns, stores.longest_ns
        ):
            raise NoLessonError
        return RedirectResponse(f"/lessons/{lesson_id}", status_code=303)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/offer")
async def offer(
    request: Request,
    viewer: HandsOver,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[_OfferForm, Form()],
) -> Response:
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        get_lesson(stores, viewer, lesson_id)
        if form.person not in {person.id for person in colleagues_of(stores, viewer)}:
            trouble = _("Choose a teacher to hand the lesson over to.")
            return sharing_page(stores, viewer, lesson_id, zone, trouble=trouble, status_code=422)
        stores.sharing.handovers.offer(lesson_id, form.person, viewer.actor)
        return back_to_sharing(lesson_id)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/offer/end")
async def end_offer(viewer: HandsOver, lesson_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        get_lesson(stores, viewer, lesson_id)
        stores.sharing.handovers.end_offer(lesson_id, viewer.actor)
        return back_to_sharing(lesson_id)

    return await store.run(change)


@router.post("/offers/{lesson_id}/accept")
async def accept(viewer: SignedIn, lesson_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        if not stores.sharing.handovers.accept(lesson_id, viewer.actor):
            raise NotFoundError(_(_NO_OFFER))
        return RedirectResponse(f"/lessons/{lesson_id}", status_code=303)

    return await store.run(change)


@router.post("/offers/{lesson_id}/decline")
async def decline(viewer: SignedIn, lesson_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        if not stores.sharing.handovers.is_offered(lesson_id, viewer.person.id):
            raise NotFoundError(_(_NO_OFFER))
        stores.sharing.handovers.end_offer(lesson_id, viewer.actor)
        return RedirectResponse("/", status_code=303)

    return await store.run(change)
