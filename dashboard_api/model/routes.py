"""The model's card and its drift over the weeks, and the note that stands beside each estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from dashboard_api.model.card_view import BLIND_TO, Card, card, scored_words
from dashboard_api.model.drift_view import VERDICT_WORDS, drift_view
from dashboard_api.model.drift_watch import DriftWatch
from dashboard_api.model.trust import trust_words
from dashboard_api.views.schemas import DriftWeekAnswer, ModelAnswer
from dashboard_api.web.lookup import LessonMissing, found_lesson
from dashboard_api.web.model_catalog import ModelShelf
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import AskDesk, Stores
from models.drift import PsiChange, WeekDrift
from models.school_model.labels import base_of
from models.school_model.training import base_mismatch
from models.serving.manifest import ModelManifest

__all__ = ["TrustNote", "router", "trust_note"]

router = APIRouter()

SOME_EPOCHS: Final = 60
"""One epoch in a minute tells which model scored a lesson."""

LessonId = Annotated[str | None, Query(description="The card of the model that scored a lesson.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustNote:
    """What stands beside an estimate: how far to trust it, and which model made it."""

    trust: str
    card: Card | None
    """None where no manifest can be read; `trouble` says why."""
    scored: str
    trouble: str
    address: str
    blind_to: tuple[str, ...] = BLIND_TO


def trust_note(stores: Stores, shelf: ModelShelf, lesson: str | None) -> TrustNote:
    """The note for a lesson's estimates, or for those of the model in use."""
    manifest, scored = _told(stores, shelf, lesson)
    return TrustNote(
        trust=trust_words(stores.count_verdicts()),
        card=None if manifest is None else card(manifest),
        scored=scored,
        trouble=shelf.trouble,
        address="/model" if lesson is None else f"/model?lesson={lesson}",
    )


@router.get("/model", response_class=HTMLResponse, include_in_schema=False)
async def model_page(request: Request, desk: AskDesk, lesson: LessonId = None) -> HTMLResponse:
    shelf, watch = _shelf(request), _watch(request)

    def look(stores: Stores) -> tuple[TrustNote, str]:
        title = "" if lesson is None else found_lesson(stores, lesson).title
        return trust_note(stores, shelf, lesson), title

    note, title = await desk.ask(look)
    so_far = await watch.so_far(desk)
    in_use, shipped = shelf.current(), shelf.shipped()
    return page(
        "model/card.html",
        note=note,
        lesson=lesson,
        lesson_title=title.strip() or "this lesson",
        in_use="" if in_use is None else in_use.version,
        outdated="" if in_use is None or shipped is None else base_mismatch(in_use, shipped),
        drift=drift_view(so_far.drift, "" if in_use is None else base_of(in_use.version)),
        waiting=so_far.waiting,
    )


@router.get(
    "/api/model",
    tags=["model"],
    summary="The model's card, and drift over the weeks",
    responses={404: {"model": LessonMissing}},
)
async def model(request: Request, desk: AskDesk, lesson: LessonId = None) -> ModelAnswer:
    """How well the model does, on whose data, and whether what it sees has changed."""
    shelf, watch = _shelf(request), _watch(request)

    def look(stores: Stores) -> tuple[ModelManifest | None, TrustNote]:
        if lesson is not None:
            found_lesson(stores, lesson)
        return _told(stores, shelf, lesson)[0], trust_note(stores, shelf, lesson)

    manifest, note = await desk.ask(look)
    so_far = await watch.so_far(desk)
    return ModelAnswer(
        version=None if manifest is None else manifest.version,
        trust=note.trust,
        scored=note.scored,
        data={} if manifest is None else manifest.data,
        figures={} if manifest is None else manifest.figures,
        trouble=note.trouble,
        weeks=[_week(week) for week in (*so_far.drift.school, *so_far.drift.rooms)],
        lessons_to_read=so_far.waiting,
    )


def _told(
    stores: Stores, shelf: ModelShelf, lesson: str | None
) -> tuple[ModelManifest | None, str]:
    """The manifest to tell of, and which models scored the lesson."""
    current = shelf.current()
    if lesson is None:
        return current, "" if current is None else f"Model {current.version} is in use."
    models = stores.scores.room_levels(lesson, each=SOME_EPOCHS).model
    versions = list(dict.fromkeys(reversed(models)))  # the one that scored its end first
    at_hand = [version for version in versions if shelf.find(version) is not None]
    told = shelf.find(at_hand[0]) if at_hand else current
    return told, "" if told is None else scored_words(versions, at_hand, told.version)


def _week(week: WeekDrift) -> DriftWeekAnswer:
    def psi(change: PsiChange | None) -> dict[str, float] | None:
        return None if change is None else dict(change.psi)

    def words(change: PsiChange | None) -> str:
        return VERDICT_WORDS["too_few" if change is None else change.verdict]

    return DriftWeekAnswer(
        week=week.week,
        model=week.model,
        room=week.room,
        lessons=week.lessons,
        epochs=week.epochs,
        abstained=week.abstained,
        alerts_per_lesson=week.alerts_per_lesson,
        confirmed=week.confirmed,
        dismissed=week.dismissed,
        is_first=week.is_first,
        psi_trained=psi(week.trained),
        psi_own=psi(week.own),
        words_trained=words(week.trained),
        words_own=words(week.own),
    )


def _shelf(request: Request) -> ModelShelf:
    shelf = request.app.state.shelf
    assert isinstance(shelf, ModelShelf)
    return shelf


def _watch(request: Request) -> DriftWatch:
    watch = request.app.state.drift_watch
    assert isinstance(watch, DriftWatch)
    return watch
