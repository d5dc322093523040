"""The model page with its drift over the weeks, and the note next to each estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from contract.language import _
from dashboard_api.model.card_view import BLIND_TO, Card, card, scored_text
from dashboard_api.model.drift_view import drift_view, verdict_text
from dashboard_api.model.drift_watch import DriftWatch
from dashboard_api.model.trust import is_checked, trust_text
from dashboard_api.observing.check_view import CheckView, check_view
from dashboard_api.observing.check_watch import ObservedWatch
from dashboard_api.views.schemas import DriftWeekJson, ModelJson
from dashboard_api.web.access import ReadsModel
from dashboard_api.web.lookup import ErrorJson, see_lesson
from dashboard_api.web.model_catalog import ModelCatalog
from dashboard_api.web.rendering import page
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores, StoreThread
from models.drift import PsiChange, WeekDrift
from models.school_model.labels import base_of
from models.school_model.training import base_mismatch
from models.serving.manifest import ModelManifest

__all__ = ["TrustNote", "router", "trust_note"]

router = APIRouter()

EPOCH_STRIDE: Final = 60
"""One epoch in so many is enough to find the models that scored a lesson."""

LessonId = Annotated[str | None, Query(description="A lesson: show the model that scored it.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustNote:
    """The note next to an estimate: how far to trust it, and which model made it."""

    trust: str
    card: Card | None
    """None if no manifest can be read; `trouble` says why."""
    scored: str
    trouble: str
    address: str
    is_checked: bool
    """Whether the school has answered enough suggestions for a figure of its own."""
    blind_to: tuple[str, ...]


def trust_note(stores: Stores, catalog: ModelCatalog, seen: SeenLesson | None) -> TrustNote:
    """The note for a lesson's estimates, or for the model in use."""
    manifest, scored = _manifest_for(stores, catalog, seen)
    verdicts = stores.count_verdicts()
    return TrustNote(
        trust=trust_text(verdicts),
        is_checked=is_checked(verdicts),
        blind_to=tuple(_(one) for one in BLIND_TO),
        card=None if manifest is None else card(manifest),
        scored=scored,
        trouble=catalog.trouble,
        address="/model" if seen is None else f"/model?lesson={seen.lesson.id}",
    )


@router.get("/model", response_class=HTMLResponse, include_in_schema=False)
async def model_page(
    request: Request, viewer: ReadsModel, store: StoreDep, lesson: LessonId = None
) -> HTMLResponse:
    catalog, watch = _catalog(request), _watch(request)
    reader = viewer.acting("read lesson")

    def query(stores: Stores) -> tuple[TrustNote, str]:
        seen = None if lesson is None else see_lesson(stores, reader, lesson)
        title = "" if seen is None else seen.lesson.title
        return trust_note(stores, catalog, seen), title

    note, title = await store.run(query)
    so_far = await watch.so_far(store)
    in_use, shipped = catalog.current(), catalog.shipped()
    shown = in_use if note.card is None else catalog.find(note.card.version) or in_use
    observed = None if shown is None else await _observed(request, store, shown)
    return page(
        "model/card.html",
        viewer=viewer,
        note=note,
        observed=observed,
        lesson=lesson,
        lesson_title=title.strip() or _("this lesson"),
        in_use="" if in_use is None else in_use.version,
        outdated="" if in_use is None or shipped is None else base_mismatch(in_use, shipped),
        drift=drift_view(so_far.drift, "" if in_use is None else base_of(in_use.version)),
        waiting=so_far.waiting,
    )


@router.get(
    "/api/model",
    tags=["model"],
    summary="The model's figures, and drift over the weeks",
    responses={404: {"model": ErrorJson}},
)
async def model(
    request: Request, viewer: ReadsModel, store: StoreDep, lesson: LessonId = None
) -> ModelJson:
    """The model's figures, the data that it learned from, and whether what it sees has changed."""
    catalog, watch = _catalog(request), _watch(request)
    reader = viewer.acting("read lesson")

    def query(stores: Stores) -> tuple[ModelManifest | None, TrustNote]:
        seen = None if lesson is None else see_lesson(stores, reader, lesson)
        return _manifest_for(stores, catalog, seen)[0], trust_note(stores, catalog, seen)

    manifest, note = await store.run(query)
    so_far = await watch.so_far(store)
    return ModelJson(
        version=None if manifest is None else manifest.version,
        trust=note.trust,
        scored=note.scored,
        data={} if manifest is None else manifest.data,
        figures={} if manifest is None else manifest.figures,
        trouble=note.trouble,
        weeks=[_week(week) for week in (*so_far.drift.school, *so_far.drift.rooms)],
        lessons_to_read=so_far.waiting,
    )


def _manifest_for(
    stores: Stores, catalog: ModelCatalog, seen: SeenLesson | None
) -> tuple[ModelManifest | None, str]:
    """The manifest to show, and a text about the models that scored the lesson."""
    current = catalog.current()
    if seen is None:
        return current, "" if current is None else _(
            "Model {version} is in use.", version=current.version
        )
    models = seen.models(stores, EPOCH_STRIDE)
    versions = list(dict.fromkeys(reversed(models)))  # the model that scored the end comes first
    available = [version for version in versions if catalog.find(version) is not None]
    shown = catalog.find(available[0]) if available else current
    return shown, "" if shown is None else scored_text(versions, available, shown.version)


def _week(week: WeekDrift) -> DriftWeekJson:
    def psi(change: PsiChange | None) -> dict[str, float] | None:
        return None if change is None else dict(change.psi)

    return DriftWeekJson(
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
        words_trained=verdict_text(week.trained),
        words_own=verdict_text(week.own),
    )


async def _observed(request: Request, store: StoreThread, model: ModelManifest) -> CheckView:
    watch = request.app.state.observed_watch
    assert isinstance(watch, ObservedWatch)
    return check_view(await watch.of(store, base_of(model.version)))


def _catalog(request: Request) -> ModelCatalog:
    catalog = request.app.state.catalog
    assert isinstance(catalog, ModelCatalog)
    return catalog


def _watch(request: Request) -> DriftWatch:
    watch = request.app.state.drift_watch
    assert isinstance(watch, DriftWatch)
    return watch
