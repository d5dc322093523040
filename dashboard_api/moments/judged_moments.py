"""A lesson's moments with the answers of the teacher and the coach."""

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
from dashboard_api.web.lookup import find_lesson, speaker_of
from dashboard_api.web.rendering import page
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from ingest.stores.records import AlertRecord
from models.serving.scores import ROOM
from school.lessons.records import Lesson
from school.moments.records import MomentKind, Speaker, Verdict

__all__ = ["JudgedMoment", "VerdictValue", "kind_of", "moment_list_response", "moments_of"]

VerdictValue = Literal["confirmed", "dismissed"]

QUESTIONS: Final[Mapping[MomentKind, str]] = MappingProxyType({
    "lively": "Was this worth talking about?",
    "calm": "Was this worth talking about?",
    "own": "Was the class livelier than usual here?",
})  # fmt: skip
"""A person's own moment may be about anything, so its question is a different one."""


class JudgedMoment(MomentJson):
    """A moment, and whether teacher and coach say that it was worth talking about."""

    question: str
    """The question that the answers are about."""
    teacher_says: VerdictValue | None
    coach_says: VerdictValue | None


def moments_of(stores: Stores, lesson: Lesson) -> list[JudgedMoment]:
    """All moments of a lesson, suggested and marked, in order of time.

    A suggestion with an answer stays in the list, even if other moments stand out more by now.
    """
    epochs, alerts = stores.epochs(lesson.id), stores.scores.alerts(lesson.id)
    trust = trust_text(stores.count_verdicts())
    own = stores.lessons.moments(lesson.id)
    verdicts = stores.lessons.verdicts(lesson.id)
    manifest = stores.catalog.current()
    found = moment_view.moments(
        lesson, epochs, alerts, own,
        finder=None if manifest is None else manifest.moments, verdicts=verdicts, trust=trust,
    )  # fmt: skip
    listed_ids = {moment.id for moment in found}
    may_be_shown = shown_zones(epochs) | {ROOM}
    earlier = {
        verdict.moment: verdict
        for verdict in verdicts
        if verdict.moment not in listed_ids
        and verdict.kind != "own"
        and verdict.zone in may_be_shown
    }
    found += [_suggested_before(verdict, alerts, trust) for verdict in earlier.values()]
    judged = [_judged(moment, verdicts) for moment in found]
    return sorted(judged, key=lambda moment: (moment.start_s, moment.id))


def kind_of(moment: MomentJson) -> MomentKind:
    if moment.kind == "own":
        return "own"
    return "calm" if moment.is_strength else "lively"


async def moment_list_response(
    request: Request,
    viewer: Viewer,
    lesson_id: str,
    store: StoreDep,
    chosen: str | None,
    *,
    notice: str = "",
    anchor: str = "moments",
) -> Response:
    """The list as a part of the page for htmx, or the whole page for a browser without scripts.

    A screen reader reads `notice` aloud.
    """
    if "hx-request" not in request.headers:
        return RedirectResponse(f"/lessons/{lesson_id}#{anchor}", status_code=303)

    def query(stores: Stores) -> HTMLResponse:
        lesson, reach = find_lesson(stores, viewer, lesson_id)
        found = moments_of(stores, lesson)
        return page(
            "moments/_moments.html",
            lesson=lesson, moments=found, chosen=chosen, speaker=speaker_of(reach), notice=notice,
        )  # fmt: skip

    return await store.run(query)


def _judged(moment: MomentJson, verdicts: Sequence[Verdict]) -> JudgedMoment:
    says: dict[Speaker, VerdictValue] = {
        verdict.by: "confirmed" if verdict.is_confirmed else "dismissed"
        for verdict in verdicts
        if verdict.moment == moment.id
    }
    return JudgedMoment(
        **dict(moment),
        question=QUESTIONS[kind_of(moment)],
        teacher_says=says.get("teacher"),
        coach_says=says.get("coach"),
    )


def _suggested_before(verdict: Verdict, alerts: Sequence[AlertRecord], trust: str) -> MomentJson:
    """A suggestion as it was when someone answered it."""
    alert = next((alert for alert in alerts if alert.id == verdict.moment), None)
    is_strength = verdict.kind == "calm"
    title = "A calm stretch" if is_strength else f"A lively stretch: {zone_text(verdict.zone)}"
    return MomentJson(
        id=verdict.moment,
        kind="suggested",
        zone=verdict.zone,
        is_strength=is_strength,
        start_s=verdict.start_s,
        end_s=verdict.end_s,
        title=title,
        note="",
        rest="",
        author="",
        because=list(alert.because) if alert is not None else [],
        off_task=None if alert is None or not 0.0 <= alert.off_task <= 1.0 else alert.off_task,
        trust=trust,
        is_first=False,
    )
