"""What a teacher and a coach say of moments, and whether it is kept to learn from.

An answer is one of two, can be changed and taken back, and stays with the lesson's moments. What
was sensed during the moment is kept beside it only in lessons of a teacher who wants that.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import RedirectResponse, Response

from dashboard_api.moments.judged_moments import (
    JudgedMoment,
    Said,
    kind_of,
    moment_list_response,
    moments_of,
)
from dashboard_api.moments.label_rows import label_of
from dashboard_api.views.schemas import JsonBase
from dashboard_api.web.lookup import ErrorJson, NotFoundError, get_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from ingest.stores.records import Lesson, Speaker, Verdict

__all__ = ["router"]

router = APIRouter()

_SPEAKERS: Final[dict[Speaker, str]] = {"teacher": "the teacher", "coach": "the coach"}
_NOTICES: Final = {"confirmed": "says yes", "dismissed": "says no, not really"}


class NewVerdict(BaseModel):
    """Whether a moment was worth talking about; for a person's own one, see its `question`."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    verdict: Said
    by: Speaker = "teacher"


class VerdictForm(BaseModel):
    """The same from the page, where "none" takes it back."""

    model_config = ConfigDict(extra="forbid")

    verdict: Said | Literal["none"]
    by: Speaker = "teacher"


class KeepAnswers(BaseModel):
    """The teacher's choice."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    is_kept: bool
    """false: from now on nothing is kept, and what was kept is deleted."""


class AnswersKept(JsonBase):
    """Whether answers in a teacher's lessons are kept to learn from."""

    teacher: str
    is_kept: bool
    kept: int
    """How many are kept at present, over all her lessons."""
    days: int
    """How long each is kept."""


@router.put(
    "/api/lessons/{lesson_id}/moments/{moment_id}/verdict",
    tags=["moments"],
    summary="Confirm or dismiss a moment",
    responses={404: {"model": ErrorJson}},
)
async def say(lesson_id: str, moment_id: str, new: NewVerdict, store: StoreDep) -> JudgedMoment:
    """Takes the place of what the same person said before; answers with the moment."""
    now = store.clock.utc_ns()
    return await store.run(
        lambda stores: _say(stores, lesson_id, moment_id, new.verdict, new.by, now)
    )


@router.delete(
    "/api/lessons/{lesson_id}/moments/{moment_id}/verdict",
    tags=["moments"],
    summary="Take back what was said of a moment",
    status_code=204,
    responses={404: {"model": ErrorJson}},
)
async def take_back(
    lesson_id: str, moment_id: str, store: StoreDep, by: Annotated[Speaker, Query()] = "teacher"
) -> None:
    now = store.clock.utc_ns()
    await store.run(lambda stores: _say(stores, lesson_id, moment_id, "none", by, now))


@router.post("/lessons/{lesson_id}/moments/{moment_id}/verdict", include_in_schema=False)
async def say_on_page(
    request: Request,
    lesson_id: str,
    moment_id: str,
    store: StoreDep,
    new: Annotated[VerdictForm, Form()],
) -> Response:
    now = store.clock.utc_ns()
    await store.run(lambda stores: _say(stores, lesson_id, moment_id, new.verdict, new.by, now))
    words = _NOTICES.get(new.verdict, "takes the answer back")
    notice = f"Noted: {_SPEAKERS[new.by]} {words}."
    return await moment_list_response(
        request, lesson_id, store, moment_id,
        speaker=new.by, notice=notice, anchor=f"moment-{moment_id}",
    )  # fmt: skip


@router.get(
    "/api/lessons/{lesson_id}/answers",
    tags=["moments"],
    summary="Whether answers about moments are kept to learn from",
    responses={404: {"model": ErrorJson}},
)
async def kept(request: Request, lesson_id: str, store: StoreDep) -> AnswersKept:
    """It is the lesson's teacher's choice, for all her lessons; off until she makes it."""
    days = request.app.state.label_days
    return await store.run(lambda stores: _kept(stores, get_lesson(stores, lesson_id), days))


@router.put(
    "/api/lessons/{lesson_id}/answers",
    tags=["moments"],
    summary="Keep answers about moments to learn from, or withdraw that",
    responses={
        404: {"model": ErrorJson},
        409: {"model": ErrorJson, "description": "The lesson names no teacher."},
    },
)
async def choose(
    request: Request, lesson_id: str, choice: KeepAnswers, store: StoreDep
) -> AnswersKept:
    """For the lesson's teacher, over all her lessons. Withdrawing deletes what was kept, for good.

    What is kept of an answer: numbers about the room, or a zone of five seats or more, during the
    moment; no seat and no name.
    """
    days = request.app.state.label_days
    return await store.run(lambda stores: _choose(stores, lesson_id, choice.is_kept, days))


@router.get("/lessons/{lesson_id}/answers", include_in_schema=False)
async def answers_page(request: Request, lesson_id: str, store: StoreDep) -> Response:
    """The choice: a part of the lesson page for htmx, a page of its own without."""
    days = request.app.state.label_days
    is_part = "hx-request" in request.headers

    def query(stores: Stores) -> Response:
        lesson = get_lesson(stores, lesson_id)
        return page(
            "moments/_answers_choice.html" if is_part else "moments/answers.html",
            lesson=lesson, kept=_kept(stores, lesson, days),
        )  # fmt: skip

    return await store.run(query)


@router.post("/lessons/{lesson_id}/answers", include_in_schema=False)
async def choose_on_page(
    request: Request, lesson_id: str, store: StoreDep, choice: Annotated[KeepAnswers, Form()]
) -> Response:
    days = request.app.state.label_days
    chosen = await store.run(lambda stores: _choose(stores, lesson_id, choice.is_kept, days))
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/lessons/{lesson_id}/answers", status_code=303)
    lesson = await store.run(lambda stores: get_lesson(stores, lesson_id))
    return page("moments/_answers_choice.html", lesson=lesson, kept=chosen)


def _say(
    stores: Stores,
    lesson_id: str,
    moment_id: str,
    verdict: Said | Literal["none"],
    by: Speaker,
    now_utc_ns: int,
) -> JudgedMoment:
    """Keep or take back an answer; the moment with it."""
    lesson = get_lesson(stores, lesson_id)
    moment = _found(stores, lesson, moment_id)
    if verdict == "none":
        stores.lessons.remove_verdict(lesson.id, moment.id, by)
        return moment.model_copy(update={f"{by}_says": None})
    said = Verdict(
        lesson=lesson.id,
        moment=moment.id,
        by=by,
        is_confirmed=verdict == "confirmed",
        kind=kind_of(moment),
        zone=moment.zone,
        start_s=moment.start_s,
        end_s=moment.end_s,
    )
    label = None
    if stores.lessons.keeps_labels(lesson.teacher):
        label = label_of(lesson, said, stores.epochs(lesson.id))
    stores.lessons.put_verdict(said, label, written_utc_ns=now_utc_ns)
    return moment.model_copy(update={f"{by}_says": verdict})


def _found(stores: Stores, lesson: Lesson, moment_id: str) -> JudgedMoment:
    for moment in moments_of(stores, lesson):
        if moment.id == moment_id:
            return moment
    raise NotFoundError("There is no such moment; it may have been deleted or scored anew.")


def _kept(stores: Stores, lesson: Lesson, days: int) -> AnswersKept:
    return AnswersKept(
        teacher=lesson.teacher,
        is_kept=stores.lessons.keeps_labels(lesson.teacher),
        kept=stores.lessons.count_labels(lesson.teacher),
        days=days,
    )


def _choose(stores: Stores, lesson_id: str, is_kept: bool, days: int) -> AnswersKept:  # noqa: FBT001
    lesson = get_lesson(stores, lesson_id)
    if not lesson.teacher.strip():
        raise HTTPException(409, "This lesson names no teacher, so nobody can choose for it")
    if is_kept:
        stores.lessons.keep_labels(lesson.teacher)
    else:
        stores.lessons.drop_labels(lesson.teacher)
    return _kept(stores, lesson, days)
