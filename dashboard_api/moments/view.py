"""Moments: what the system suggests, and what people marked, in one list in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from contract.clock import SECOND_NS
from dashboard_api.views.movement import shown_zones
from dashboard_api.views.schemas import MomentAnswer
from dashboard_api.views.words import TRUST, zone_words
from dashboard_api.views.zone_scores import zone_score
from ingest.stores.records import AlertRecord, EpochRecord, Lesson, Moment, Verdict
from models.serving.hindsight import Finder
from models.serving.moments import MAX_MOMENTS, SuggestedMoment, clearest_moments, suggest_moments
from models.serving.scores import ROOM, EpochScore

__all__ = ["AUTHOR_WORDS", "moments", "signs"]

AUTHOR_WORDS: Final = {"teacher": "the teacher", "coach": "the coach"}


def moments(
    lesson: Lesson,
    epochs: Sequence[EpochRecord],
    alerts: Sequence[AlertRecord],
    own: Sequence[Moment],
    *,
    finder: Finder | None,
    said: Sequence[Verdict] = (),
    trust: str = TRUST,
) -> list[MomentAnswer]:
    """All moments of a lesson: at most six suggestions, and every one that people marked.

    Suggestions are found in hindsight over what is known of the lesson by now; a debrief begins
    with the three that stand out most, told apart by `is_first`. One that someone answered, as
    `said` tells, stays as it was then.
    """
    scores = _scores(lesson, epochs)
    found = suggest_moments(scores, finder, max_moments=MAX_MOMENTS)
    stand_out = {_key(moment) for moment in clearest_moments(found)}
    names = _names(lesson, found, alerts, said)
    suggested = [
        _suggested(moment, name, trust=trust, is_first=_key(moment) in stand_out)
        for moment, name in zip(found, names, strict=True)
    ]
    marked = [_own(moment) for moment in own]
    return sorted(suggested + marked, key=lambda moment: (moment.start_s, moment.id))


def signs(found: Sequence[MomentAnswer]) -> int:
    """How many of a lesson's moments are signs: suggested as lively."""
    return sum(moment.kind == "suggested" and not moment.is_strength for moment in found)


def _key(moment: SuggestedMoment) -> tuple[int, int, str]:
    return moment.first_seq, moment.end_seq, moment.zone


def _second(lesson: Lesson, utc_ns: int) -> int:
    return round((utc_ns - lesson.starts_utc_ns) / SECOND_NS)


def _scores(lesson: Lesson, epochs: Sequence[EpochRecord]) -> list[EpochScore]:
    """Epochs as the model speaks of them, with the lesson's seconds in the place of seqs, and the
    zones that may be shown.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """What a suggestion is called, and its span."""

    id: str
    start_s: float
    end_s: float


def _names(
    lesson: Lesson,
    found: Sequence[SuggestedMoment],
    alerts: Sequence[AlertRecord],
    said: Sequence[Verdict],
) -> list[_Name]:
    """A name for each suggestion that stays good when the lesson is scored anew.

    Scores may move a little then, and edges with them. What someone answered keeps its name and
    span, what an alert stands in has the alert's, and what neither knows is called by its start.
    """
    answered = {one.moment: one for one in said if one.kind != "own"}
    names: list[_Name] = []
    for moment in found:
        start, end = moment.first_seq, max(moment.first_seq + 1, moment.end_seq)
        kind = "calm" if moment.is_strength else "lively"
        name = _Name(id=f"{lesson.id}.{kind}.{start}", start_s=start, end_s=end)
        taken = {one.id for one in names}
        before = next(
            (
                one
                for one in answered.values()
                if one.moment not in taken
                and (one.kind, one.zone) == (kind, moment.zone)
                and _share_half(one.start_s, one.end_s, start, end)
            ),
            None,
        )
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
        if before is not None:
            name = _Name(id=before.moment, start_s=before.start_s, end_s=before.end_s)
        elif alert is not None and alert not in answered:
            name = replace(name, id=alert)
        names.append(name)
    return names


def _share_half(start: float, end: float, other_start: float, other_end: float) -> bool:
    """Two spans are one and the same stretch: half of the shorter is in the other."""
    shared = min(end, other_end) - max(start, other_start)
    return 2.0 * shared >= min(end - start, other_end - other_start)


def _suggested(
    suggestion: SuggestedMoment, name: _Name, *, trust: str, is_first: bool
) -> MomentAnswer:
    return MomentAnswer(
        id=name.id,
        kind="suggested",
        zone=suggestion.zone,
        is_strength=suggestion.is_strength,
        start_s=name.start_s,
        end_s=name.end_s,
        title="A calm stretch"
        if suggestion.is_strength
        else f"A lively stretch: {zone_words(suggestion.zone)}",
        note="",
        rest="",
        author="",
        because=list(suggestion.because),
        off_task=None if suggestion.is_strength else suggestion.off_task,
        trust=trust,
        is_first=is_first,
    )


def _own(moment: Moment) -> MomentAnswer:
    lines = moment.note.strip().splitlines()
    return MomentAnswer(
        id=moment.id,
        kind="own",
        zone=ROOM,
        is_strength=False,
        start_s=moment.start_s,
        end_s=moment.end_s,
        title=lines[0] if lines else "Marked, without a note",
        note=moment.note,
        rest="\n".join(lines[1:]).strip(),
        author=AUTHOR_WORDS.get(moment.author, moment.author),
        because=[],
        off_task=None,
        trust="",
        is_first=True,
    )
