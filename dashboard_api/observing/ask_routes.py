"""A lesson's teacher asks people to observe it, and takes that back."""

from __future__ import annotations

from datetime import tzinfo
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from contract.language import _
from dashboard_api.language.dates import local_time_text
from dashboard_api.observing.zones import layout_zones
from dashboard_api.views.text import title_text
from dashboard_api.web.access import AsksObservers
from dashboard_api.web.lookup import get_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.lessons.records import Lesson
from school.people.records import Person
from school.sharing.policy import may

__all__ = ["check_asking", "router"]

router = APIRouter(include_in_schema=False)

MAX_OBSERVERS: Final = 6


class _AskForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    person: Annotated[str, Field(max_length=100)] = ""


@router.get("/lessons/{lesson_id}/observers")
async def lesson_observers(
    request: Request, viewer: AsksObservers, lesson_id: str, store: StoreDep
) -> Response:
    zone = request.app.state.zone

    def query(stores: Stores) -> Response:
        return _observers_page(stores, viewer, get_lesson(stores, viewer, lesson_id), zone)

    return await store.run(query)


@router.post("/lessons/{lesson_id}/observers")
async def ask(
    request: Request,
    viewer: AsksObservers,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[_AskForm, Form()],
) -> Response:
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        lesson = get_lesson(stores, viewer, lesson_id)
        try:
            check_asking(stores, viewer, lesson, form.person)
        except UsageError as error:
            return _observers_page(
                stores, viewer, lesson, zone, trouble=str(error), status_code=422
            )
        stores.sharing.observers.ask(lesson_id, form.person, viewer.actor)
        return _back(lesson_id)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/observers/{person_id}/end")
async def take_back(
    viewer: AsksObservers, lesson_id: str, person_id: str, store: StoreDep
) -> Response:
    def change(stores: Stores) -> Response:
        get_lesson(stores, viewer, lesson_id)
        stores.sharing.observers.take_back(lesson_id, person_id, viewer.actor)
        return _back(lesson_id)

    return await store.run(change)


def _observers_page(
    stores: Stores,
    viewer: Viewer,
    lesson: Lesson,
    zone: tzinfo | None,
    *,
    trouble: str = "",
    status_code: int = 200,
) -> Response:
    asked = stores.sharing.observers.asked(lesson.id)
    known = {one.person for one in asked}
    return page(
        "observing/observers.html",
        status_code=status_code,
        viewer=viewer,
        lesson=lesson,
        title=title_text(lesson.title, lesson.room),
        at=local_time_text(lesson.starts_utc_ns, zone),
        asked=asked,
        people=[one for one in _colleagues(stores, viewer) if one.id not in known],
        zones=stores.sharing.observers.plan(lesson.id) or layout_zones(stores, lesson),
        is_over=_is_over(stores, viewer, lesson),
        is_hidden=stores.sharing.teacher.is_hidden(lesson.id),
        trouble=trouble,
    )


def check_asking(stores: Stores, viewer: Viewer, lesson: Lesson, person: str) -> None:
    """Raise UsageError if this person can't be asked to observe this lesson now."""
    if person not in {one.id for one in _colleagues(stores, viewer)}:
        raise UsageError(_("Choose a person to ask."))
    if _is_over(stores, viewer, lesson):
        raise UsageError(_("The lesson is over. People can be asked to observe it until it ends."))
    if len(stores.sharing.observers.asked(lesson.id)) >= MAX_OBSERVERS:
        raise UsageError(_("At most {n} people can be asked to observe a lesson.", n=MAX_OBSERVERS))


def _colleagues(stores: Stores, viewer: Viewer) -> list[Person]:
    """Who may observe a lesson, by name."""
    return [
        person
        for person in stores.people.people()
        if person.id != viewer.person.id and may(person.roles, "code lesson", "asked")
    ]


def _is_over(stores: Stores, viewer: Viewer, lesson: Lesson) -> bool:
    return viewer.utc_ns >= lesson.over_utc_ns(stores.longest_ns)


def _back(lesson_id: str) -> Response:
    return RedirectResponse(f"/lessons/{lesson_id}/observers", status_code=303)
