"""Moments: the system's suggestions and people's own, in one list in order of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import tzinfo
from typing import Final

from contract.clock import SECOND_NS
from contract.language import N_, _
from contract.lesson import Activity
from dashboard_api.language.shipped import shipped_text
from dashboard_api.model.card_view import source_of
from dashboard_api.model.claim_view import NOT_TESTED, claim_sentence
from dashboard_api.moments.authors import Authors
from dashboard_api.moments.picked import is_same_stretch
from dashboard_api.views.movement import shown_zones
from dashboard_api.views.older_reasons import todays_words
from dashboard_api.views.schemas import MomentJson, TagJson
from dashboard_api.views.text import TRUST, iso_text, zone_text
from dashboard_api.views.zone_scores import zone_score
from ingest.stores.records import AlertRecord, EpochRecord
from models.school_model.labels import base_of
from models.serving.claims import MomentClaim, claim_for, claims_of
from models.serving.fifths import fifth_of
from models.serving.manifest import ModelManifest
from models.serving.moments import MAX_MOMENTS, SuggestedMoment, clearest_moments, suggest_moments
from models.serving.routines import LessonPlan, RoutineKind
from models.serving.scores import ROOM, EpochScore
from school.lessons.records import Lesson
from school.moments.records import Moment, Verdict

__all__ = ["count_lively", "moments", "scores_of", "suggestions", "title_of"]

_ROUTINES: Final[Mapping[RoutineKind, str]] = {
    "settling_in": N_("Settling in"),
    "packing_up": N_("Packing up"),
    "change_of_activity": N_("A change of activity"),
}


def suggestions(
    lesson: Lesson,
    scores: Sequence[EpochScore],
    *,
    manifest: ModelManifest | None,
    activities: Sequence[Activity] = (),
) -> list[SuggestedMoment]:
    """What the system suggests of a lesson: at most six moments, and its routines."""
    ends = lesson.ends_utc_ns
    plan = LessonPlan(
        activities=activities, length_s=None if ends is None else _second(lesson, ends)
    )
    finder = None if manifest is None else manifest.moments
    return suggest_moments(scores, finder, max_moments=MAX_MOMENTS, plan=plan)


def moments(
    lesson: Lesson,
    epochs: Sequence[EpochRecord],
    found: Sequence[SuggestedMoment],
    alerts: Sequence[AlertRecord],
    own: Sequence[Moment],
    *,
    authors: Authors,
    manifest: ModelManifest | None,
    verdicts: Sequence[Verdict] = (),
    trust: str = TRUST,
    zone: tzinfo | None = None,
) -> list[MomentJson]:
    """All moments of a lesson: the suggestions that were `found`, routines, and every one that people
    marked.

    Suggestions look back over everything known about the lesson so far. A debrief starts with the
    three that stand out most; they have `is_first`. A suggestion that has an answer in `verdicts`
    stays as it was at that time, also if it turns out to be a routine.
    """
    claims = [] if manifest is None or not _scored_all(manifest, epochs) else claims_of(manifest)
    source = "" if manifest is None else source_of(manifest)
    stand_out = {_key(moment) for moment in clearest_moments(found)}
    answered = {one.moment: one for one in verdicts if one.kind != "own"}
    suggested: list[MomentJson] = []
    for moment in found:
        taken = {one.id for one in suggested}
        place = _place(lesson, moment, alerts, answered, taken)
        if moment.routine is not None and place[0] not in answered:
            suggested.append(_routine(lesson, moment, moment.routine))
            continue
        is_first = _key(moment) in stand_out
        claim = _claim(claims, moment, source)
        suggested.append(_suggested(moment, place, claim=claim, trust=trust, is_first=is_first))
    marked = [_own(moment, authors, zone) for moment in own]
    return sorted(suggested + marked, key=lambda moment: (moment.start_s, moment.id))


def count_lively(found: Sequence[MomentJson]) -> int:
    """How many moments are suggestions of a lively stretch."""
    return sum(moment.kind == "suggested" and not moment.is_strength for moment in found)


def title_of(zone: str, *, is_strength: bool) -> str:
    """What a suggestion is called."""
    if is_strength:
        return _("A calm stretch")
    return _("A lively stretch: {zone}", zone=zone_text(zone))


def _key(moment: SuggestedMoment) -> tuple[int, int, str]:
    return moment.first_seq, moment.end_seq, moment.zone


def _second(lesson: Lesson, utc_ns: int) -> int:
    return round((utc_ns - lesson.starts_utc_ns) / SECOND_NS)


def scores_of(lesson: Lesson, epochs: Sequence[EpochRecord]) -> list[EpochScore]:
    """Epochs as the model's class, with the lesson's seconds instead of seqs, and only the zones that
    may be shown.
    """
    shown = shown_zones(epochs)
    placed = {_second(lesson, record.utc_ns): record for record in epochs if record.zones}
    return [
        EpochScore(
            first_seq=at,
            room=zone_score(placed[at].zones[0]),
            zones=tuple(zone_score(one) for one in placed[at].zones[1:] if one.zone in shown),
        )
        for at in sorted(placed)
    ]


def _place(
    lesson: Lesson,
    moment: SuggestedMoment,
    alerts: Sequence[AlertRecord],
    answered: Mapping[str, Verdict],
    taken: AbstractSet[str],
) -> tuple[str, float, float]:
    """An id for a suggestion that stays valid when the lesson is scored again, and its span.

    Scoring again may move the edges of a suggestion a little. A suggestion with an answer keeps its
    id and span, one that contains an alert gets the alert's id, and any other one is named after its
    start. No two get the same id.
    """
    start, end = moment.first_seq, max(moment.first_seq + 1, moment.end_seq)
    kind = "calm" if moment.is_strength else "lively"
    for one in answered.values():
        if (
            one.moment not in taken
            and (one.kind, one.zone) == (kind, moment.zone)
            and is_same_stretch(one.start_s, one.end_s, start, end)
        ):
            return one.moment, one.start_s, one.end_s
    alert = next(
        (
            one.id
            for one in alerts
            if one.id not in taken and one.zone == moment.zone and not moment.is_strength
            if _second(lesson, one.raised_utc_ns) < end
            if one.cleared_utc_ns is None or _second(lesson, one.cleared_utc_ns) > start
        ),
        None,
    )
    if alert is None or alert in answered:
        return f"{lesson.id}.{kind}.{start}", start, end
    return alert, start, end


def _scored_all(manifest: ModelManifest, epochs: Sequence[EpochRecord]) -> bool:
    """Whether all scores come from this model or its base: its claims were tested on no others."""
    return {base_of(one.model) for one in epochs} <= {base_of(manifest.version)}


def _claim(claims: Sequence[MomentClaim], moment: SuggestedMoment, source: str) -> str:
    if not claims:
        return _(NOT_TESTED)
    return claim_sentence(claim_for(claims, moment.zone, moment.likely), source)


def _suggested(
    suggestion: SuggestedMoment,
    place: tuple[str, float, float],
    *,
    claim: str,
    trust: str,
    is_first: bool,
) -> MomentJson:
    name, start, end = place
    return MomentJson(
        id=name,
        kind="suggested",
        zone=suggestion.zone,
        is_strength=suggestion.is_strength,
        start_s=start,
        end_s=end,
        title=title_of(suggestion.zone, is_strength=suggestion.is_strength),
        note="",
        rest="",
        author="",
        author_role=None,
        is_yours=False,
        because=todays_words(suggestion.because),
        off_task=None
        if suggestion.is_strength or suggestion.off_task is None
        else fifth_of(suggestion.off_task),
        claim=claim,
        trust=trust,
        is_first=is_first,
    )


def _routine(lesson: Lesson, moment: SuggestedMoment, routine: RoutineKind) -> MomentJson:
    name = _(_ROUTINES[routine])
    return MomentJson(
        id=f"{lesson.id}.routine.{routine}.{moment.first_seq}",
        kind="routine",
        zone=moment.zone,
        is_strength=False,
        start_s=moment.first_seq,
        end_s=max(moment.first_seq + 1, moment.end_seq),
        title=name if moment.zone == ROOM else f"{name}: {moment.zone}",
        note="",
        rest="",
        author="",
        author_role=None,
        is_yours=False,
        because=todays_words(moment.because),
        off_task=None,
        claim="",
        trust="",
        is_first=True,
    )


def _own(moment: Moment, authors: Authors, zone: tzinfo | None) -> MomentJson:
    lines = moment.note.strip().splitlines()
    began = moment.began_utc_ns
    return MomentJson(
        id=moment.id,
        kind="own",
        zone=ROOM,
        is_strength=False,
        start_s=moment.start_s,
        end_s=moment.end_s,
        title=lines[0] if lines else _("A note without words"),
        note=moment.note,
        rest="\n".join(lines[1:]).strip(),
        author=authors.name(moment.author, moment.role),
        author_role=moment.role,
        is_yours=authors.is_reader(moment.author),
        because=[],
        off_task=None,
        claim="",
        trust="",
        is_first=True,
        note_kind=moment.kind,
        tags=[TagJson(id=tag.id, label=shipped_text(tag.label)) for tag in moment.tags],
        revision=moment.revision,
        began_at=None if began is None else iso_text(began, zone),
    )
