"""A lesson's moments with the answers of the people who see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from contract.language import N_, _
from dashboard_api.model.trust import trust_text
from dashboard_api.moments import view as moment_view
from dashboard_api.moments.authors import NOBODY, Authors, authors_of
from dashboard_api.moments.open_questions import open_questions
from dashboard_api.moments.picked import SYSTEM, also_picked
from dashboard_api.moments.replies import reply_json
from dashboard_api.views.movement import shown_zones
from dashboard_api.views.older_reasons import todays_words
from dashboard_api.views.schemas import JsonBase, MomentJson
from dashboard_api.web.lookup import see_lesson
from dashboard_api.web.rendering import page
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import StoreDep, Stores
from dashboard_api.web.viewer import Viewer
from ingest.stores.records import AlertRecord
from models.serving.fifths import fifth_of
from models.serving.scores import ROOM
from school.moments.dismissals import DISMISSAL_REASONS, DismissalReason
from school.moments.records import Moment, MomentKind, Verdict

__all__ = ["AnswerJson", "JudgedMoment", "VerdictValue", "is_guessing", "judged_again", "kind_of",
           "moment_list", "moment_list_response", "moments_of", "of_people", "suggested_in"]  # fmt: skip

VerdictValue = Literal["confirmed", "dismissed"]

QUESTIONS: Final[Mapping[MomentKind, str]] = MappingProxyType({
    "lively": N_("Was this worth talking about?"),
    "calm": N_("Was this worth talking about?"),
    "own": N_("Was the class livelier than usual here?"),
})  # fmt: skip
"""A person's own moment may be about anything, so its question is a different one."""


class AnswerJson(JsonBase):
    """Whether a person says that a moment was worth talking about."""

    name: str
    """What they are called."""
    role: Literal["teacher", "coach"]
    """As whom they answered."""
    is_yours: bool
    says: VerdictValue
    reason: DismissalReason | None
    """Why they dismiss a suggestion, if they said so."""
    reason_words: str
    """The reason as the pages say it; empty without one."""
    words: str
    """Their own, about another reason."""


class JudgedMoment(MomentJson):
    """A moment, and whether people say that it was worth talking about."""

    to_ask: str
    """An open question to talk about, of a suggestion or a routine; empty for a person's own moment."""
    also_picked_by: list[str]
    """Who else picked the same stretch: "the system", "you", or people by their names."""
    question: str
    """The question that the answers are about; a routine has none."""
    answers: list[AnswerJson]
    """One of each person, the teacher's first."""
    your_answer: VerdictValue | None


def moments_of(stores: Stores, seen: SeenLesson) -> list[JudgedMoment]:
    """All moments of a lesson, suggested and marked, in order of time.

    A suggestion with an answer stays in the list, even if other moments stand out more by now.
    """
    marked, verdicts, below = seen.moments(stores), seen.verdicts(stores), seen.replies(stores)
    people = {one.author for one in marked} | {one.by for one in verdicts}
    people |= {one.author for some in below.values() for one in some}
    authors = authors_of(stores, seen.viewer, people)
    replies = {
        moment: [reply_json(one, authors, stores.zone) for one in some]
        for moment, some in below.items()
    }
    found = _listed(stores, seen, marked, verdicts, authors)
    to_ask, picked = open_questions(found), also_picked(found)
    return [
        _judged(
            one, verdicts, authors, to_ask=to_ask.get(one.id, ""), picked=picked[one.id]
        ).model_copy(update={"replies": replies.get(one.id, [])})
        for one in found
    ]


def suggested_in(stores: Stores, seen: SeenLesson) -> list[MomentJson]:
    """The suggested ones alone, without what people said of them: for counts."""
    return _listed(stores, seen, (), seen.verdicts(stores), NOBODY)


def judged_again(stores: Stores, seen: SeenLesson, moment: JudgedMoment) -> JudgedMoment:
    """The same moment with the answers that there are by now."""
    verdicts = seen.verdicts(stores)
    authors = authors_of(stores, seen.viewer, {one.by for one in verdicts})
    return moment.model_copy(update=_answers(moment.id, verdicts, authors))


def _listed(
    stores: Stores,
    seen: SeenLesson,
    marked: Sequence[Moment],
    verdicts: Sequence[Verdict],
    authors: Authors,
) -> list[MomentJson]:
    epochs, alerts = seen.epochs(stores), seen.alerts(stores)
    trust = trust_text(stores.count_verdicts())
    manifest = stores.catalog.current()
    lesson, activities = seen.lesson, tuple(seen.activities())
    as_seen = seen.cut, lesson.starts_utc_ns
    scores = stores.of_epochs(
        lesson.id, ("scores", *as_seen), lambda _: moment_view.scores_of(lesson, epochs)
    )
    suggested = stores.of_epochs(
        lesson.id,
        ("suggested", *as_seen, lesson.ends_utc_ns, activities, manifest and manifest.version),
        lambda _: moment_view.suggestions(lesson, scores, manifest=manifest, activities=activities),
    )
    found = moment_view.moments(
        lesson, epochs, suggested, alerts, marked, authors=authors, manifest=manifest,
        verdicts=verdicts, trust=trust, zone=stores.zone,
    )  # fmt: skip
    listed_ids = {moment.id for moment in found}
    zones = stores.of_epochs(lesson.id, ("zones", *as_seen), lambda _: shown_zones(epochs))
    may_be_shown = zones | {ROOM}
    earlier = {
        verdict.moment: verdict
        for verdict in verdicts
        if verdict.moment not in listed_ids
        and verdict.kind != "own"
        and verdict.zone in may_be_shown
    }
    found += [_suggested_before(verdict, alerts, trust) for verdict in earlier.values()]
    # A suggestion with an answer keeps that answer's span, which may end outside.
    found = [one for one in found if one.kind == "own" or seen.cut.holds(one.start_s, one.end_s)]
    return sorted(found, key=lambda moment: (moment.start_s, moment.id))


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

    guesses = is_guessing(request)

    def query(stores: Stores) -> HTMLResponse:
        seen = see_lesson(stores, viewer, lesson_id)
        return moment_list(stores, seen, chosen, notice=notice, is_guessing=guesses)

    return await store.run(query)


def is_guessing(request: Request) -> bool:
    """Whether the page that asks hides what was measured until its teacher has guessed."""
    return "roomtone-guessing" in request.headers


def moment_list(
    stores: Stores,
    seen: SeenLesson,
    chosen: str | None,
    *,
    notice: str = "",
    is_guessing: bool = False,
) -> HTMLResponse:
    """The list alone."""
    moments = moments_of(stores, seen)
    return page(
        "moments/_moments.html",
        lesson=seen.lesson, moments=of_people(moments) if is_guessing else moments, chosen=chosen,
        is_own=seen.reach == "own", notice=notice,
    )  # fmt: skip


def of_people(moments: Sequence[JudgedMoment]) -> list[JudgedMoment]:
    """What people marked, without a word of the system."""
    return [
        one.model_copy(
            update={"also_picked_by": [who for who in one.also_picked_by if who != _(SYSTEM)]}
        )
        for one in moments
        if one.kind == "own"
    ]


def _judged(
    moment: MomentJson,
    verdicts: Sequence[Verdict],
    authors: Authors,
    *,
    to_ask: str,
    picked: list[str],
) -> JudgedMoment:
    return JudgedMoment(
        **dict(moment),
        to_ask=to_ask,
        also_picked_by=picked,
        question="" if moment.kind == "routine" else _(QUESTIONS[kind_of(moment)]),
        **_answers(moment.id, verdicts, authors),
    )


def _answers(moment_id: str, verdicts: Sequence[Verdict], authors: Authors) -> dict[str, Any]:
    found = [
        AnswerJson(
            name=authors.name(verdict.by, verdict.role),
            role=verdict.role,
            is_yours=authors.is_reader(verdict.by),
            says="confirmed" if verdict.is_confirmed else "dismissed",
            reason=verdict.reason,
            reason_words=_reason_words(verdict),
            words=verdict.words,
        )
        for verdict in verdicts
        if verdict.moment == moment_id
    ]
    found.sort(key=lambda one: (one.role != "teacher", one.name))
    return {
        "answers": found,
        "your_answer": next((one.says for one in found if one.is_yours), None),
    }


def _reason_words(verdict: Verdict) -> str:
    if verdict.reason is None:
        return ""
    return verdict.words or _(DISMISSAL_REASONS[verdict.reason])


def _suggested_before(verdict: Verdict, alerts: Sequence[AlertRecord], trust: str) -> MomentJson:
    """A suggestion as it was when someone answered it."""
    alert = next((alert for alert in alerts if alert.id == verdict.moment), None)
    is_strength = verdict.kind == "calm"
    return MomentJson(
        id=verdict.moment,
        kind="suggested",
        zone=verdict.zone,
        is_strength=is_strength,
        start_s=verdict.start_s,
        end_s=verdict.end_s,
        title=moment_view.title_of(verdict.zone, is_strength=is_strength),
        note="",
        rest="",
        author="",
        author_role=None,
        is_yours=False,
        because=todays_words(alert.because) if alert is not None else [],
        off_task=None
        if alert is None or not 0.0 <= alert.off_task <= 1.0
        else fifth_of(alert.off_task),
        claim="",
        trust=trust,
        is_first=False,
    )
