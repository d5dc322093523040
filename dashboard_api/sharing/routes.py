"""With whom a lesson is shared: its teacher chooses, and nobody else."""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.clock import SECOND_NS
from contract.errors import UsageError
from dashboard_api.views.dates import MAX_DAYS, day_of, end_of_day
from dashboard_api.views.text import local_time_text
from dashboard_api.web.access import SharesLesson
from dashboard_api.web.lookup import get_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.people.records import Person
from school.sharing.policy import may

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_USUAL_DAYS: Final = 14
_MAX_ENTRIES: Final = 50


class _ShareForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person: Annotated[str, Field(max_length=100)] = ""
    until: date
    """The last day."""


@router.get("/lessons/{lesson_id}/sharing")
async def sharing_page(
    request: Request, viewer: SharesLesson, lesson_id: str, store: StoreDep
) -> Response:
    zone = request.app.state.zone
    return await store.run(lambda stores: _page(stores, viewer, lesson_id, zone))


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
        except UsageError as error:
            return _page(stores, viewer, lesson_id, zone, trouble=str(error), status_code=422)
        stores.sharing.share(lesson.id, form.person, viewer.actor, until_utc_ns=until_ns)
        return RedirectResponse(f"/lessons/{lesson_id}/sharing", status_code=303)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/sharing/{person_id}/end")
async def unshare(
    viewer: SharesLesson, lesson_id: str, person_id: str, store: StoreDep
) -> Response:
    def change(stores: Stores) -> Response:
        lesson = get_lesson(stores, viewer, lesson_id)
        stores.sharing.unshare(lesson.id, person_id, viewer.actor)
        return RedirectResponse(f"/lessons/{lesson_id}/sharing", status_code=303)

    return await store.run(change)


def _page(
    stores: Stores,
    viewer: Viewer,
    lesson_id: str,
    zone: tzinfo | None,
    *,
    trouble: str = "",
    status_code: int = 200,
) -> Response:
    lesson = get_lesson(stores, viewer, lesson_id)
    today = day_of(viewer.utc_ns, zone)
    return page(
        "sharing/lesson.html",
        status_code=status_code,
        viewer=viewer,
        lesson=lesson,
        shares=[
            (share, _day(share.until_utc_ns - SECOND_NS, zone))
            for share in stores.sharing.shares(lesson.id, viewer.utc_ns)
        ],
        readers=_readers(stores, viewer),
        entries=[
            (local_time_text(entry.at_utc_ns, zone), entry)
            for entry in stores.audit.of_lesson(lesson.id, _MAX_ENTRIES)
        ],
        usual=(today + timedelta(days=_USUAL_DAYS)).isoformat(),
        earliest=today.isoformat(),
        latest=(today + timedelta(days=MAX_DAYS)).isoformat(),
        trouble=trouble,
    )


def _readers(stores: Stores, viewer: Viewer) -> list[Person]:
    """With whom a lesson can be shared, by name."""
    return [
        person
        for person in stores.people.people()
        if person.id != viewer.person.id and may(person.roles, "read lesson", "shared")
    ]


def _check_reader(stores: Stores, viewer: Viewer, person_id: str) -> None:
    if person_id not in {person.id for person in _readers(stores, viewer)}:
        raise UsageError("Choose a person to share the lesson with.")


def _day(utc_ns: int, zone: tzinfo | None) -> str:
    at = day_of(utc_ns, zone)
    return f"{at.day} {at:%B %Y}"
