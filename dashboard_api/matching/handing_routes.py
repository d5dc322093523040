"""A teacher gets another coach, and hands over what they agree to, item by item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.clock import SECOND_NS
from contract.errors import UsageError
from contract.language import _
from dashboard_api.cycle.view import coaches_for
from dashboard_api.language.dates import date_text, local_time_text
from dashboard_api.views.dates import MAX_DAYS, day_of, end_of_day
from dashboard_api.views.text import title_text
from dashboard_api.web.access import KeepsCycle
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.sharing.handing_over import Pack
from school.sharing.listing import Wanted

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Field(max_length=200)]
_USUAL_DAYS: Final = 14
_BACK: Final = timedelta(days=56)
_MAX_LESSONS: Final = 60


class _PackForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    coach: Id = ""
    former: Id = ""
    until: date
    """The last day."""
    has_cycle: bool = False
    step: Annotated[list[Id], Field(max_length=20)] = []
    lesson: Annotated[list[Id], Field(max_length=_MAX_LESSONS)] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Passed:
    """A step that a coach reads by a pack."""

    step: str
    coach: str
    words: str


@router.get("/cycle/hand-over")
async def form(viewer: KeepsCycle, store: StoreDep) -> Response:
    """Nothing is chosen before the teacher chooses it."""
    return await store.run(lambda stores: _shown(stores, viewer, None))


@router.post("/cycle/hand-over")
async def hand_over(
    viewer: KeepsCycle, store: StoreDep, given: Annotated[_PackForm, Form()]
) -> Response:
    """All that was chosen, or nothing of it."""

    def change(stores: Stores) -> Response:
        try:
            pack = Pack(
                coach=given.coach, former=given.former or None, has_cycle=given.has_cycle,
                steps=tuple(given.step), lessons=tuple(given.lesson),
                until_utc_ns=end_of_day(given.until, viewer.utc_ns, stores.zone),
            )  # fmt: skip
            stores.hand_overs.hand_over(pack, viewer.actor, viewer.utc_ns)
        except UsageError as error:
            return _shown(stores, viewer, given, trouble=str(error))
        return RedirectResponse("/cycle/hand-over#handed", status_code=303)

    return await store.run(change)


@router.post("/cycle/hand-over/take-back")
async def take_back(
    viewer: KeepsCycle,
    store: StoreDep,
    step: Annotated[str, Form(max_length=200)],
    coach: Annotated[str, Form(max_length=200)],
) -> Response:
    await store.run(lambda stores: stores.hand_overs.take_back(step, coach, viewer.actor))
    return RedirectResponse("/cycle/hand-over#handed", status_code=303)


def _shown(
    stores: Stores, viewer: Viewer, given: _PackForm | None, *, trouble: str = ""
) -> Response:
    me, zone = viewer.person.id, stores.zone
    today = day_of(viewer.utc_ns, zone)
    cycle = stores.sharing.cycles.open_cycle(me)
    coaches = coaches_for(stores, viewer)
    return page(
        "matching/hand_over.html", viewer=viewer, status_code=422 if trouble else 200,
        trouble=trouble, given=given, coaches=coaches, cycle=cycle,
        steps=stores.hand_overs.choices(me), lessons=_lessons(stores, viewer),
        passed=_passed(stores, viewer),
        usual=(today + timedelta(days=_USUAL_DAYS)).isoformat(), earliest=today.isoformat(),
        latest=(today + timedelta(days=MAX_DAYS)).isoformat(),
    )  # fmt: skip


def _lessons(stores: Stores, viewer: Viewer) -> Sequence[tuple[str, str]]:
    back_ns = round(_BACK.total_seconds()) * SECOND_NS
    span = Wanted(from_utc_ns=viewer.utc_ns - back_ns, to_utc_ns=viewer.utc_ns)
    hidden = {each.id for each in stores.sharing.hidden(viewer.person.id)}
    return [
        (each.id, ", ".join((title_text(each.title, each.room),
                             local_time_text(each.starts_utc_ns, stores.zone))))
        for each in stores.lessons_of(viewer, {"own"}, span, limit=_MAX_LESSONS)
        if each.id not in hidden
    ]  # fmt: skip


def _passed(stores: Stores, viewer: Viewer) -> list[_Passed]:
    found = stores.hand_overs.steps_by(viewer.person.id, viewer.utc_ns)
    names = stores.people.names({each.coach for each in found})
    return [
        _Passed(
            step=each.id, coach=each.coach,
            words=_("{what}: {name} reads it until {day}", what=each.what,
                    name=names.get(each.coach, ""),
                    day=date_text(day_of(each.until_utc_ns - SECOND_NS, stores.zone))),
        )
        for each in found
    ]  # fmt: skip
