"""All that a reader sees of a lesson, as the content of a bundle."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final

from contract.clock import SECOND_NS
from dashboard_api.clock_maps.routes import line_up_of
from dashboard_api.debrief.difference import BEGINS_S
from dashboard_api.debrief.guess_view import awaits_guess, seen_guess
from dashboard_api.debrief.step_view import StepLine, step_page
from dashboard_api.forms.view import Forms
from dashboard_api.lessons.seen_timeline import seen_timeline
from dashboard_api.lessons.timeline_view import lesson_span
from dashboard_api.moments.judged_moments import JudgedMoment
from dashboard_api.record.compared_forms import ComparedForm, compared_forms
from dashboard_api.record.content import taken_moments
from dashboard_api.record.planned_phases import bundled_phases
from dashboard_api.record.talks import seen_talks
from dashboard_api.views.schemas import TimelineJson
from dashboard_api.web.seen import SeenLesson
from dashboard_api.web.store_thread import Stores
from dashboard_api.web.viewer import Viewer
from school.bundle.records import (
    BundledActivity,
    BundledAnswer,
    BundledForm,
    BundledGap,
    BundledGuess,
    BundledItem,
    BundledLesson,
    BundledMap,
    BundledMoment,
    BundledReflection,
    BundledReply,
    BundledSaid,
    BundledSegment,
    BundledSpan,
    BundledStep,
    BundledTalk,
    BundledTimeline,
    BundledZone,
    Content,
    Traces,
)
from school.sharing.cut import LONGEST_S

__all__ = ["bundle_of"]

_LEVEL_S: Final = 1


def bundle_of(
    stores: Stores,
    seen: SeenLesson,
    viewer: Viewer,
    zone: tzinfo | None,
    program: str,
    forms: Forms,
) -> Content:
    """The timeline's numbers are for its own teacher alone, and not before a guess that comes first."""
    now, is_own = viewer.utc_ns, seen.reach == "own"
    is_guessing = awaits_guess(stores, seen, now)
    steps = step_page(stores, seen, zone, is_guessing=is_guessing).here
    timeline = None
    if is_own and not is_guessing:
        timeline = _timeline(seen_timeline(stores, seen, now, zone, level_s=_LEVEL_S))
    return Content(
        made_at=_time(viewer.people_utc_ns, zone),
        made_by=viewer.person.name,
        program=program,
        lesson=_lesson(seen, now, zone),
        moments=[_moment(one) for one in taken_moments(stores, seen, now)],
        steps=[_step(each, viewer.person.name) for each in steps],
        guess=_guess(stores, seen),
        reflection=_reflection(stores, seen) if is_own else None,
        timeline=timeline,
        clock_map=_map(stores, seen),
        talks=[
            BundledTalk(day=each.day, minutes=each.minutes, coach=each.coach)
            for each in seen_talks(stores, seen)
        ],
        forms=[_form(each) for each in compared_forms(stores, seen, forms)],
        plan=bundled_phases(seen.planned(stores, now)),
    )


def _time(utc_ns: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(utc_ns // SECOND_NS, tz=UTC).astimezone(zone)


def _lesson(seen: SeenLesson, now_utc_ns: int, zone: tzinfo | None) -> BundledLesson:
    lesson = seen.lesson
    start, end, _is_running = lesson_span(lesson, now_utc_ns)
    shared = seen.cut.shared
    return BundledLesson(
        title=lesson.title,
        room=lesson.room,
        teacher=lesson.teacher,
        starts_at=_time(lesson.starts_utc_ns, zone),
        length_s=seen.length_s(start, end),
        activities=[
            BundledActivity(start_s=one.start_s, end_s=one.end_s, name=one.name)
            for one in seen.activities()
        ],
        parts=None
        if shared is None
        else [BundledSpan(start_s=one.start_s, end_s=min(one.end_s, LONGEST_S)) for one in shared],
    )


def _moment(one: JudgedMoment) -> BundledMoment:
    is_note = one.kind == "own"
    began = one.began_at
    return BundledMoment(
        start_s=one.start_s,
        end_s=one.end_s,
        kind="note" if one.kind == "own" else one.kind,
        zone=one.zone,
        is_strength=one.is_strength,
        title=one.title,
        words=one.note if is_note else "",
        note_kind=one.note_kind,
        tags=[tag.label for tag in one.tags],
        author=one.author,
        role=one.author_role,
        began_at=None if began is None else datetime.fromisoformat(began),
        because=list(one.because),
        claim=one.claim,
        trust=one.trust,
        replies=[
            BundledReply(
                author=each.author, role=each.author_role, text=each.text,
                written_at=datetime.fromisoformat(each.written_at),
            )
            for each in one.replies
        ],
        answers=[
            BundledAnswer(author=each.name, role=each.role, says=each.says, words=each.reason_words)
            for each in one.answers
        ],
    )  # fmt: skip


def _step(step: StepLine, reader: str) -> BundledStep:
    return BundledStep(
        what=step.what, when=step.when, shows=step.shows, state=step.state,
        author=reader if step.is_yours else step.author, went=step.went,
        went_words=step.went_words,
    )  # fmt: skip


def _form(form: ComparedForm) -> BundledForm:
    return BundledForm(
        name=form.name,
        version=form.version,
        items=[
            BundledItem(
                label=item.label,
                said=[
                    BundledSaid(
                        author=one.author, role=one.role, choice=one.choice, words=one.words
                    )
                    for one in item.said
                ],
            )
            for item in form.items
        ],
    )


def _guess(stores: Stores, seen: SeenLesson) -> BundledGuess | None:
    """Of others it has what their page shows: the stretches that lie in what they see."""
    found = seen_guess(stores, seen)
    if found is None:
        return None
    spans = [span for span in found.spans if seen.cut.holds(*span)]
    sees_start = seen.cut.holds(0, max(found.settling_s or 0, BEGINS_S))
    return BundledGuess(
        spans=[BundledSpan(start_s=start, end_s=end) for start, end in spans],
        settling_s=found.settling_s if sees_start else None,
    )


def _reflection(stores: Stores, seen: SeenLesson) -> BundledReflection | None:
    found = stores.sharing.reflections.of(seen.lesson.id, seen.viewer)
    return BundledReflection(**found.answers) if any(found.answers.values()) else None


def _timeline(shown: TimelineJson) -> BundledTimeline:
    movement, noise = shown.movement, shown.noise
    return BundledTimeline(
        from_s=shown.from_s,
        movement=Traces(step_s=movement.step_s, least=movement.least, mean=movement.mean,
                        most=movement.most, low=movement.low, high=movement.high),
        noise=Traces(step_s=noise.step_s, least=noise.least, mean=noise.mean, most=noise.most,
                     low=noise.quiet, high=noise.loud),
        zone_step_s=shown.zone_step_s,
        zones=[
            BundledZone(name=each.name, seats=each.seats, cells=each.cells) for each in shown.zones
        ],
        gaps=[
            BundledGap(start_s=each.start_s, end_s=each.end_s, words=each.words)
            for each in shown.gaps
        ],
        summary=list(shown.summary),
    )  # fmt: skip


def _map(stores: Stores, seen: SeenLesson) -> BundledMap | None:
    found = line_up_of(stores, seen).map
    if found is None:
        return None
    return BundledMap(
        plus_minus_s=found.plus_minus_s,
        segments=[
            BundledSegment(start_s=each.start_s, end_s=each.end_s, offset_s=each.offset_s,
                           rate=each.rate)
            for each in found.segments
        ],
    )  # fmt: skip
