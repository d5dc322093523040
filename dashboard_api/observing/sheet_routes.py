"""An observer codes a lesson: the sheet on a phone, and what the phone sends, also twice or late."""

from __future__ import annotations

import secrets
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from contract.language import N_, _
from dashboard_api.observing.sheet_view import length_s, read_sheet, second_of
from dashboard_api.web.access import CodesLesson
from dashboard_api.web.lookup import NoLessonError, find_asked
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from school.observing.records import Answer, Look
from school.observing.rota import LOOK_S, Turn, is_turn, zone_at

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_LONGEST_S: Final = 86_400
_MAX_AT_ONCE: Final = 100
_NO_PLAN: Final = N_("The zones of this lesson are not known yet.")
_NO_TURN: Final = N_("No look of this lesson begins at that time.")
_NOT_YET: Final = N_("That look has not started yet.")

Start = Annotated[int, Field(ge=0, le=_LONGEST_S, strict=True)]


class _SentLook(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    start_s: Start
    answer: Answer | None
    """None: it is undone."""
    said_ms: Annotated[int, Field(ge=0, le=1 << 40, strict=True)]


class _SentLooks(BaseModel):
    model_config = ConfigDict(extra="forbid")

    looks: Annotated[list[_SentLook], Field(max_length=_MAX_AT_ONCE)]


class _LookForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    start_s: Annotated[int, Field(ge=0, le=_LONGEST_S)]
    answer: Answer | Literal["undone"]


class LessonTime(BaseModel):
    """Where the lesson's clock stands; a phone carries it on by itself."""

    lesson_ms: int
    length_s: int


class _TakenLooks(LessonTime):
    taken: list[str]
    """Ids that need not be sent again, also those that came before."""
    refused: dict[str, str]
    """Ids that are not taken, whenever they are sent, and why."""


@router.get("/lessons/{lesson_id}/coding")
async def sheet(request: Request, viewer: CodesLesson, lesson_id: str, store: StoreDep) -> Response:
    zone = request.app.state.zone

    def query(stores: Stores) -> Response:
        found = read_sheet(stores, viewer, lesson_id, store.clock.utc_ns(), zone)
        stores.audit.record_look(viewer.actor, "coding_sheet", lesson_id, lesson=lesson_id)
        return page("observing/sheet.html", viewer=viewer, sheet=found, trouble="")

    return await store.run(query)


@router.get("/lessons/{lesson_id}/coding/clock")
async def lesson_clock(viewer: CodesLesson, lesson_id: str, store: StoreDep) -> LessonTime:
    def query(stores: Stores) -> LessonTime:
        lesson = find_asked(stores, viewer, lesson_id)
        second = second_of(lesson, store.clock.utc_ns())
        return LessonTime(
            lesson_ms=int(second * 1_000), length_s=length_s(lesson, stores.longest_ns)
        )

    return await store.run(query)


@router.post("/lessons/{lesson_id}/looks")
async def send_looks(
    viewer: CodesLesson, lesson_id: str, store: StoreDep, sent: _SentLooks
) -> _TakenLooks:
    """Keep looks of a phone; each of them counts once, however often it comes.

    What is neither taken nor refused can't be kept yet: the phone sends it again.
    """

    def change(stores: Stores) -> _TakenLooks:
        looks = [
            Look(id=one.id, start_s=one.start_s, answer=one.answer, said_ms=one.said_ms)
            for one in sent.looks
        ]
        now = store.clock.utc_ns()
        refused, later = _keep(stores, viewer, lesson_id, looks, now)
        lesson = find_asked(stores, viewer, lesson_id)
        return _TakenLooks(
            lesson_ms=int(second_of(lesson, now) * 1_000),
            length_s=length_s(lesson, stores.longest_ns),
            taken=[look.id for look in looks if look.id not in refused and look.id not in later],
            refused=refused,
        )

    return await store.run(change)


@router.post("/lessons/{lesson_id}/coding")
async def send_form(
    request: Request,
    viewer: CodesLesson,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[_LookForm, Form()],
) -> Response:
    """One look, from a browser without scripts."""
    zone = request.app.state.zone

    def change(stores: Stores) -> Response:
        now = store.clock.utc_ns()
        lesson = find_asked(stores, viewer, lesson_id)
        look = Look(
            id=secrets.token_hex(16),
            start_s=form.start_s,
            answer=None if form.answer == "undone" else form.answer,
            said_ms=max(0, int(second_of(lesson, now) * 1_000)),
        )
        refused, later = _keep(stores, viewer, lesson_id, [look], now)
        trouble = (refused | later).get(look.id)
        if trouble is not None:
            found = read_sheet(stores, viewer, lesson_id, now, zone)
            return page(
                "observing/sheet.html",
                viewer=viewer, sheet=found, trouble=trouble, status_code=422,
            )  # fmt: skip
        return RedirectResponse(f"/lessons/{lesson_id}/coding", status_code=303)

    return await store.run(change)


def _keep(
    stores: Stores, viewer: CodesLesson, lesson_id: str, looks: list[Look], now_utc_ns: int
) -> tuple[dict[str, str], dict[str, str]]:
    """Keep what lies in the lesson's plan; the others by id, with the reason.

    First those that lie in no plan, then those that may be kept later: a clock was set back, or the
    zones are not known yet.
    """
    lesson = find_asked(stores, viewer, lesson_id)
    zones = stores.sharing.observers.plan(lesson_id)
    if not zones:
        return {}, {look.id: _(_NO_PLAN) for look in looks}
    second, length = second_of(lesson, now_utc_ns), length_s(lesson, stores.longest_ns)
    fitting, refused, later = list[tuple[Turn, Look]](), dict[str, str](), dict[str, str]()
    for look in looks:
        if not is_turn(look.start_s, length):
            refused[look.id] = _(_NO_TURN)
        elif look.start_s > second:
            later[look.id] = _(_NOT_YET)
        else:
            zone = zone_at(zones, look.start_s)
            fitting.append((Turn(zone, look.start_s, look.start_s + LOOK_S), look))
    is_asked = stores.sharing.observers.keep(lesson_id, viewer.person.id, fitting, now_utc_ns)
    if not is_asked:  # taken back in this moment
        raise NoLessonError
    return refused, later
