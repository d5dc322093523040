"""A teacher gets another coach, and hands over what they agree to, item by item."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Form
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from dashboard_api.cycle.view import coaches_for
from dashboard_api.matching.handing_view import (
    MAX_LESSONS,
    given_lines,
    handed_lessons,
    handed_steps,
    losers,
    shows_topics,
)
from dashboard_api.views.dates import MAX_DAYS, day_of, end_of_day
from dashboard_api.web.access import KeepsCycle
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.sharing.handing_over import Pack

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Field(max_length=200)]
_USUAL_DAYS: Final = 14


class _PackForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    coach: Id = ""
    former: Id = ""
    until: date
    """The last day."""
    has_cycle: bool = False
    step: Annotated[list[Id], Field(max_length=20)] = []
    lesson: Annotated[list[Id], Field(max_length=MAX_LESSONS)] = []


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
    today = day_of(viewer.utc_ns, stores.zone)
    coaches, has = coaches_for(stores, viewer), given_lines(stores, viewer)
    return page(
        "matching/hand_over.html", viewer=viewer, status_code=422 if trouble else 200,
        trouble=trouble, given=given, coaches=coaches, losers=losers(coaches, has), has=has,
        cycle=stores.sharing.cycles.open_cycle(viewer.person.id),
        has_topics=shows_topics(stores, viewer),
        steps=handed_steps(stores, viewer), lessons=handed_lessons(stores, viewer),
        usual=(today + timedelta(days=_USUAL_DAYS)).isoformat(), earliest=today.isoformat(),
        latest=(today + timedelta(days=MAX_DAYS)).isoformat(),
    )  # fmt: skip
