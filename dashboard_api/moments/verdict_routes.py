"""People's answers about moments, and the choice to keep them to learn from.

An answer is yes or no, can be changed and removed, and stays with the lesson. What was sensed during
the moment is kept with it only in lessons of a teacher who allows that.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Form, HTTPException, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import RedirectResponse, Response

from contract.language import N_, _
from dashboard_api.moments.judged_moments import (
    JudgedMoment,
    judged_again,
    kind_of,
    moment_list_response,
    moments_of,
)
from dashboard_api.moments.label_rows import label_of
from dashboard_api.moments.verdict_forms import NewVerdict, VerdictForm
from dashboard_api.views.schemas import JsonBase
from dashboard_api.web.access import ChoosesLabels, ReadsLesson, WritesNotes
from dashboard_api.web.lookup import (
    ErrorJson,
    NotFoundError,
    find_lesson,
    get_lesson,
    see_lesson,
    speaker_of,
)
from dashboard_api.web.rendering import page
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from school.lessons.records import Lesson
from school.moments.records import Verdict

__all__ = ["router"]

router = APIRouter()

_SAVED: Final = {
    "confirmed": N_("Saved. You answered: yes."),
    "dismissed": N_("Saved. You answered: not really."),
    "none": N_("Saved. Your answer is removed."),
}


class KeepAnswers(BaseModel):
    """The teacher's choice."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    is_kept: bool
    """false: keep nothing from now on, and delete what was kept."""


class AnswersKept(JsonBase):
    """Whether answers in a teacher's lessons are kept to learn from."""

    teacher: str
    is_kept: bool
    kept: int
    """How many are kept now, in all of the teacher's lessons."""
    days: int
    """How long each one is kept."""


@router.put(
    "/api/lessons/{lesson_id}/moments/{moment_id}/verdict",
    tags=["moments"],
    summary="Confirm or dismiss a moment",
    responses={404: {"model": ErrorJson}},
)
async def answer(
    viewer: WritesNotes, lesson_id: str, moment_id: str, new: NewVerdict, store: StoreDep
) -> JudgedMoment:
    """Replaces your earlier answer; returns the moment."""
    now = store.clock.utc_ns()
    return await store.run(
        lambda stores: _save_answer(stores, viewer, lesson_id, moment_id, new, now)
    )


@router.delete(
    "/api/lessons/{lesson_id}/moments/{moment_id}/verdict",
    tags=["moments"],
    summary="Remove an answer about a moment",
    status_code=204,
    responses={404: {"model": ErrorJson}},
)
async def remove_answer(
    viewer: WritesNotes, lesson_id: str, moment_id: str, store: StoreDep
) -> None:
    now = store.clock.utc_ns()
    await store.run(lambda stores: _save_answer(stores, viewer, lesson_id, moment_id, None, now))


@router.post("/lessons/{lesson_id}/moments/{moment_id}/verdict", include_in_schema=False)
async def answer_on_page(
    request: Request,
    viewer: WritesNotes,
    lesson_id: str,
    moment_id: str,
    store: StoreDep,
    new: Annotated[VerdictForm, Form()],
) -> Response:
    now = store.clock.utc_ns()
    await store.run(
        lambda stores: _save_answer(stores, viewer, lesson_id, moment_id, new.given, now)
    )
    return await moment_list_response(
        request, viewer, lesson_id, store, moment_id,
        notice=_(_SAVED[new.verdict]), anchor=f"moment-{moment_id}",
    )  # fmt: skip


@router.get(
    "/api/lessons/{lesson_id}/answers",
    tags=["moments"],
    summary="Whether answers about moments are kept to learn from",
    responses={404: {"model": ErrorJson}},
)
async def kept(
    request: Request, viewer: ReadsLesson, lesson_id: str, store: StoreDep
) -> AnswersKept:
    """The lesson's teacher chooses this for all of their lessons; it is off at first."""
    days = request.app.state.label_days
    return await store.run(
        lambda stores: _kept(stores, get_lesson(stores, viewer, lesson_id), days)
    )


@router.put(
    "/api/lessons/{lesson_id}/answers",
    tags=["moments"],
    summary="Keep answers about moments to learn from, or withdraw",
    responses={
        404: {"model": ErrorJson},
        409: {"model": ErrorJson, "description": "The lesson has no teacher's name."},
    },
)
async def choose(
    request: Request,
    viewer: ChoosesLabels,
    lesson_id: str,
    choice: KeepAnswers,
    store: StoreDep,
) -> AnswersKept:
    """The choice of the lesson's teacher for all of their lessons. Withdrawing deletes for good.

    Kept with an answer: numbers about the room, or a zone of five seats or more, during the
    moment; no seat and no name.
    """
    days = request.app.state.label_days
    return await store.run(lambda stores: _choose(stores, viewer, lesson_id, choice.is_kept, days))


@router.get("/lessons/{lesson_id}/answers", include_in_schema=False)
async def answers_page(
    request: Request, viewer: ReadsLesson, lesson_id: str, store: StoreDep
) -> Response:
    """The choice: a part of the lesson page for htmx, otherwise a page of its own."""
    days = request.app.state.label_days
    is_part = "hx-request" in request.headers

    def query(stores: Stores) -> Response:
        lesson, reach = find_lesson(stores, viewer, lesson_id)
        return page(
            "moments/_answers_choice.html" if is_part else "moments/answers.html",
            viewer=viewer, lesson=lesson, kept=_kept(stores, lesson, days),
            is_own=reach == "own",
        )  # fmt: skip

    return await store.run(query)


@router.post("/lessons/{lesson_id}/answers", include_in_schema=False)
async def choose_on_page(
    request: Request,
    viewer: ChoosesLabels,
    lesson_id: str,
    store: StoreDep,
    choice: Annotated[KeepAnswers, Form()],
) -> Response:
    days = request.app.state.label_days
    chosen = await store.run(
        lambda stores: _choose(stores, viewer, lesson_id, choice.is_kept, days)
    )
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/lessons/{lesson_id}/answers", status_code=303)
    lesson = await store.run(lambda stores: get_lesson(stores, viewer, lesson_id))
    return page("moments/_answers_choice.html", lesson=lesson, kept=chosen, is_own=True)


def _save_answer(
    stores: Stores,
    viewer: Viewer,
    lesson_id: str,
    moment_id: str,
    new: NewVerdict | None,
    now_utc_ns: int,
) -> JudgedMoment:
    """Keep or remove an answer; returns the moment with its answers."""
    seen = see_lesson(stores, viewer, lesson_id)
    lesson, by = seen.lesson, viewer.person.id
    moment = _found(stores, seen, moment_id)
    if new is None:
        stores.lessons.remove_verdict(lesson.id, moment.id, by)
        return judged_again(stores, seen, moment)
    given = Verdict(
        lesson=lesson.id,
        moment=moment.id,
        by=by,
        role=speaker_of(seen.reach),
        is_confirmed=new.verdict == "confirmed",
        kind=kind_of(moment),
        zone=moment.zone,
        start_s=moment.start_s,
        end_s=moment.end_s,
        # What a person marked themselves needs no reason.
        reason=new.reason if moment.kind == "suggested" else None,
        words=new.words.strip() if moment.kind == "suggested" else "",
    )
    label = None
    if _is_kept(stores, lesson):
        label = label_of(lesson, given, seen.epochs(stores))
    stores.lessons.put_verdict(given, label, written_utc_ns=now_utc_ns)
    return judged_again(stores, seen, moment)


def _found(stores: Stores, seen: SeenLesson, moment_id: str) -> JudgedMoment:
    for moment in moments_of(stores, seen):
        if moment.id == moment_id and moment.kind != "routine":
            return moment
    raise NotFoundError(
        _("There is no such moment. Someone may have deleted it, or the lesson was scored again.")
    )


def _is_kept(stores: Stores, lesson: Lesson) -> bool:
    """The choice is made for a teacher's name, so it is not that of who stands in for them."""
    return stores.sharing.is_under_own_name(lesson.id) and stores.lessons.keeps_labels(
        lesson.teacher
    )


def _kept(stores: Stores, lesson: Lesson, days: int) -> AnswersKept:
    return AnswersKept(
        teacher=lesson.teacher,
        is_kept=_is_kept(stores, lesson),
        kept=stores.lessons.count_labels(lesson.teacher)
        if stores.sharing.is_under_own_name(lesson.id)
        else 0,
        days=days,
    )


def _choose(
    stores: Stores,
    viewer: Viewer,
    lesson_id: str,
    is_kept: bool,  # noqa: FBT001
    days: int,
) -> AnswersKept:
    lesson = get_lesson(stores, viewer, lesson_id)
    if not lesson.teacher.strip():
        raise HTTPException(
            409, _("This lesson has no teacher's name, so nobody can make this choice")
        )
    if not stores.sharing.is_under_own_name(lesson.id):
        raise HTTPException(
            409, _("This lesson is under another teacher's name, whose choice this is")
        )
    if is_kept:
        stores.lessons.keep_labels(lesson.teacher)
    else:
        stores.lessons.drop_labels(lesson.teacher)
    return _kept(stores, lesson, days)
