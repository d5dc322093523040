"""A coach's caseload, and what they propose to a teacher who shares a lesson with them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from contract.errors import UsageError
from dashboard_api.cycle.caseload_view import caseload
from dashboard_api.cycle.forms import ProposalForm
from dashboard_api.language.dates import local_time_text
from dashboard_api.views.text import title_text
from dashboard_api.web.access import ProposesCycle, ReadsCaseload
from dashboard_api.web.lookup import get_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.lessons.records import Lesson

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/caseload")
async def own_caseload(request: Request, viewer: ReadsCaseload, store: StoreDep) -> Response:
    zone = request.app.state.zone
    cases = await store.run(lambda stores: caseload(stores, viewer, zone))
    return page("cycle/caseload.html", viewer=viewer, cases=cases)


@router.get("/lessons/{lesson_id}/cycle")
async def proposal(
    request: Request, viewer: ProposesCycle, lesson_id: str, store: StoreDep
) -> Response:
    return await store.run(
        lambda stores: _form(request, stores, viewer, get_lesson(stores, viewer, lesson_id))
    )


@router.post("/lessons/{lesson_id}/cycle")
async def propose(
    request: Request,
    viewer: ProposesCycle,
    lesson_id: str,
    store: StoreDep,
    form: Annotated[ProposalForm, Form()],
) -> Response:
    """Propose a focus to the lesson's teacher, in the place of an earlier proposal."""

    def change(stores: Stores) -> Response:
        lesson = get_lesson(stores, viewer, lesson_id)
        try:
            stores.sharing.cycles.propose(lesson.id, form.text(), viewer.actor)
        except UsageError as error:
            return _form(request, stores, viewer, lesson, form, str(error))
        return RedirectResponse(f"/lessons/{lesson.id}/cycle", status_code=303)

    return await store.run(change)


@router.post("/lessons/{lesson_id}/cycle/withdraw")
async def withdraw(viewer: ProposesCycle, lesson_id: str, store: StoreDep) -> Response:
    def change(stores: Stores) -> Response:
        lesson = get_lesson(stores, viewer, lesson_id)
        for one in stores.sharing.cycles.of_coach(viewer.person.id):
            if one.state == "proposed" and one.lesson == lesson.id:
                stores.sharing.cycles.remove(one.id, viewer.actor)
        return RedirectResponse(f"/lessons/{lesson.id}/cycle", status_code=303)

    return await store.run(change)


def _form(
    request: Request,
    stores: Stores,
    viewer: Viewer,
    lesson: Lesson,
    form: ProposalForm | None = None,
    trouble: str = "",
) -> Response:
    mine = [
        one
        for one in stores.sharing.cycles.of_coach(viewer.person.id)
        if one.state == "proposed" and one.lesson == lesson.id
    ]
    if form is None and mine:
        text = mine[0].text
        form = ProposalForm(focus=text.focus, debrief_on=text.debrief_on, again_on=text.again_on)
    return page(
        "cycle/propose.html", viewer=viewer, status_code=422 if trouble else 200, lesson=lesson,
        form=form, is_waiting=bool(mine), trouble=trouble, title=title_text(lesson.title, lesson.room),
        at=local_time_text(lesson.starts_utc_ns, request.app.state.zone),
    )  # fmt: skip
