"""A lesson's moments with what the teacher and the coach said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboard_api.model.trust import trust_text
from dashboard_api.moments import view as moment_view
from dashboard_api.views.movement import shown_zones
from dashboard_api.views.schemas import MomentJson
from dashboard_api.views.text import zone_text
from dashboard_api.web.lookup import get_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from ingest.stores.records import AlertRecord, Lesson, MomentKind, Speaker, Verdict
from models.serving.scores import ROOM

__all__ = ["JudgedMoment", "Said", "kind_of", "moment_list_response", "moments_of"]

Said = Literal["confirmed", "dismissed"]

QUESTIONS: Final[Mapping[MomentKind, str]] = MappingProxyType({
    "lively": "Was this worth talking about?",
    "calm": "Was this worth talking about?",
    "own": "Was the class livelier than usual here?",
})  # fmt: skip
"""A person's own moment may be about anything: what can be learned from it is asked for itself."""


class JudgedMoment(MomentJson):
    """A span worth talking about, and whether it was, as teacher and coach say."""

    question: str
    """What confirming or dismissing it answers."""
    teacher_says: Said | None
    coach_says: Said | None


def moments_of(stores: Stores, lesson: Lesson) -> list[JudgedMoment]:
    """All moments of a lesson, suggested and marked, in order of time.

    A suggestion that someone answered stays, also where others stand out more by now.
    """
    epochs, alerts = stores.epochs(lesson.id), stores.scores.alerts(lesson.id)
    trust = trust_text(stores.count_verdicts())
    own = stores.lessons.moments(lesson.id)
    verdicts = stores.lessons.verdicts(lesson.id)
    manifest = stores.catalog.current()
    found = moment_view.moments(
        lesson, epochs, alerts, own,
        finder=None if manifest is None else manifest.moments, said=verdicts, trust=trust,
    )  # fmt: skip
    listed = {moment.id for moment in found}
    may_be_shown = shown_zones(epochs) | {ROOM}
    earlier = {
        said.moment: said
        for said in verdicts
        if said.moment not in listed and said.kind != "own" and said.zone in may_be_shown
    }
    found += [_suggested_before(said, alerts, trust) for said in earlier.values()]
    judged = [_judged(moment, verdicts) for moment in found]
    return sorted(judged, key=lambda moment: (moment.start_s, moment.id))


def kind_of(moment: MomentJson) -> MomentKind:
    if moment.kind == "own":
        return "own"
    return "calm" if moment.is_strength else "lively"


async def moment_list_response(
    request: Request,
    lesson_id: str,
    store: StoreDep,
    chosen: str | None,
    *,
    speaker: Speaker = "teacher",
    notice: str = "",
    anchor: str = "moments",
) -> Response:
    """The list as a part of the page for htmx; the whole page for a browser without scripts.

    `speaker` is whose answers the forms ask for first, `notice` what a screen reader is told.
    """
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/lessons/{lesson_id}#{anchor}", status_code=303)

    def query(stores: Stores) -> HTMLResponse:
        lesson = get_lesson(stores, lesson_id)
        found = moments_of(stores, lesson)
        return page(
            "moments/_moments.html",
            lesson=lesson, moments=found, chosen=chosen, speaker=speaker, notice=notice,
        )  # fmt: skip

    return await store.run(query)


def _judged(moment: MomentJson, verdicts: Sequence[Verdict]) -> JudgedMoment:
    says: dict[Speaker, Said] = {
        said.by: "confirmed" if said.is_confirmed else "dismissed"
        for said in verdicts
        if said.moment == moment.id
    }
    return JudgedMoment(
        **dict(moment),
        question=QUESTIONS[kind_of(moment)],
        teacher_says=says.get("teacher"),
        coach_says=says.get("coach"),
    )


def _suggested_before(said: Verdict, alerts: Sequence[AlertRecord], trust: str) -> MomentJson:
    """A suggestion as it was when someone answered it."""
    alert = next((alert for alert in alerts if alert.id == said.moment), None)
    is_strength = said.kind == "calm"
    title = "A calm stretch" if is_strength else f"A lively stretch: {zone_text(said.zone)}"
    return MomentJson(
        id=said.moment,
        kind="suggested",
        zone=said.zone,
        is_strength=is_strength,
        start_s=said.start_s,
        end_s=said.end_s,
        title=title,
        note="",
        rest="",
        author="",
        because=list(alert.because) if alert is not None else [],
        off_task=None if alert is None or not 0.0 <= alert.off_task <= 1.0 else alert.off_task,
        trust=trust,
        is_first=False,
    )
