"""Moments: what the system suggests, and what people marked, in one list in order of time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from contract.clock import SECOND_NS
from dashboard_api.answers import MomentAnswer
from dashboard_api.views.lesson_view import lesson_span
from dashboard_api.views.movement import shown_zones
from dashboard_api.views.words import TRUST, zone_words
from ingest.stores.records import AlertRecord, EpochRecord, Lesson, Moment, ZoneEpoch
from models.alerts import AlertChange
from models.moments import MOST_MOMENTS, MOST_SHOWN, suggest_moments
from models.moments import Moment as Suggestion
from models.scores import ROOM, EpochScore, ZoneScore

__all__ = ["AUTHOR_WORDS", "moments", "signs"]

AUTHOR_WORDS: Final = {"teacher": "the teacher", "coach": "the coach"}


def moments(
    lesson: Lesson,
    epochs: Sequence[EpochRecord],
    alerts: Sequence[AlertRecord],
    own: Sequence[Moment],
    now_utc_ns: int,
    *,
    trust: str = TRUST,
) -> list[MomentAnswer]:
    """All moments of a lesson: at most six suggestions, and every one that people marked.

    A debrief begins with the three that stand out most; they are told apart by `is_first`.
    """
    may_be_shown = shown_zones(epochs) | {ROOM}
    usable = [alert for alert in alerts if alert.zone in may_be_shown]
    scores, changes = _scores(lesson, epochs), _changes(lesson, usable, now_utc_ns)
    found = suggest_moments(scores, changes, most=MOST_MOMENTS)
    first = found if len(found) <= MOST_SHOWN else suggest_moments(scores, changes)
    stand_out = {_key(moment) for moment in first}
    suggested = [
        _suggested(lesson, moment, usable, trust=trust, is_first=_key(moment) in stand_out)
        for moment in found
    ]
    marked = [_own(moment) for moment in own]
    return sorted(suggested + marked, key=lambda moment: (moment.start_s, moment.id))


def signs(found: Sequence[MomentAnswer]) -> int:
    """How many of a lesson's moments are signs: suggested because of an alert."""
    return sum(moment.kind == "suggested" and not moment.is_strength for moment in found)


def _key(moment: Suggestion) -> tuple[int, int, str]:
    return moment.first_seq, moment.end_seq, moment.zone


def _second(lesson: Lesson, utc_ns: int) -> int:
    return round((utc_ns - lesson.starts_utc_ns) / SECOND_NS)


def _scores(lesson: Lesson, epochs: Sequence[EpochRecord]) -> list[EpochScore]:
    """Epochs as the model speaks of them, with the lesson's seconds in the place of seqs."""
    placed = {_second(lesson, record.utc_ns): record for record in epochs if record.zones}
    return [
        EpochScore(first_seq=at, room=_zone_score(placed[at].zones[0]), zones=())
        for at in sorted(placed)
    ]


def _zone_score(zone: ZoneEpoch) -> ZoneScore:
    def known(value: float) -> float | None:
        return None if math.isnan(value) else value

    movement = known(zone.movement_db)
    return ZoneScore(
        zone=zone.zone,
        seats=zone.seats,
        movement=movement,
        movement_low=known(zone.movement_low_db),
        movement_high=known(zone.movement_high_db),
        off_task=known(zone.off_task),
        off_task_low=known(zone.off_task_low),
        off_task_high=known(zone.off_task_high),
        signs={},
    )


def _changes(lesson: Lesson, alerts: Sequence[AlertRecord], now_utc_ns: int) -> list[AlertChange]:
    """Alerts as the changes that they were; one that is still open lasts until now."""
    _, until, _ = lesson_span(lesson, now_utc_ns)
    changes: list[AlertChange] = []
    for alert in alerts:
        ends = until if alert.cleared_utc_ns is None else alert.cleared_utc_ns
        for change, utc_ns in (("raised", alert.raised_utc_ns), ("cleared", ends)):
            changes.append(
                AlertChange(
                    change="raised" if change == "raised" else "cleared",
                    zone=alert.zone,
                    first_seq=max(0, _second(lesson, utc_ns)),
                    excess=None if math.isnan(alert.off_task) else alert.off_task,
                    because=alert.because,
                )
            )
    return sorted(changes, key=lambda change: (change.first_seq, change.change == "raised"))


def _suggested(
    lesson: Lesson,
    suggestion: Suggestion,
    alerts: Sequence[AlertRecord],
    *,
    trust: str,
    is_first: bool,
) -> MomentAnswer:
    """A suggestion keeps the id of its alert, so that a link to it stays good."""
    alert = next(
        (
            alert
            for alert in alerts
            if alert.zone == suggestion.zone
            and max(0, _second(lesson, alert.raised_utc_ns)) == suggestion.first_seq
        ),
        None,
    )
    return MomentAnswer(
        id=f"{lesson.id}.calm.{suggestion.first_seq}" if alert is None else alert.id,
        kind="suggested",
        is_strength=suggestion.is_strength,
        start_s=suggestion.first_seq,
        end_s=max(suggestion.first_seq + 1, suggestion.end_seq),
        title="A calm stretch"
        if suggestion.is_strength
        else f"A lively stretch: {zone_words(suggestion.zone)}",
        note="",
        rest="",
        author="",
        because=list(suggestion.because),
        off_task=None if alert is None or not 0.0 <= alert.off_task <= 1.0 else alert.off_task,
        trust=trust,
        is_first=is_first,
    )


def _own(moment: Moment) -> MomentAnswer:
    lines = moment.note.strip().splitlines()
    return MomentAnswer(
        id=moment.id,
        kind="own",
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
