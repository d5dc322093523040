"""What is kept with an answer about a moment, if the teacher allows it: numbers from the scores.

They describe the room or a zone of five seats or more, never a seat, and contain no name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from contract.clock import SECOND_NS
from dashboard_api.views.zone_scores import zone_score
from ingest.stores.records import EpochRecord
from models.school_model.labels import LABEL_FEATURES, moment_rows
from models.serving.scores import ROOM
from school.lessons.records import Lesson
from school.moments.records import Label, Verdict

__all__ = ["label_of"]


def label_of(lesson: Lesson, verdict: Verdict, epochs: Sequence[EpochRecord]) -> Label | None:
    """The label of a verdict; None if too little is known about its moment.

    Only the epochs of one run of the agent count, the run with most of the moment, because features
    look back within one run. A moment that two models scored gets no label.
    """
    inside = Counter(
        epoch.stream_id
        for epoch in epochs
        if verdict.start_s <= _second(lesson, epoch) < verdict.end_s
    )
    if not inside:
        return None
    stream_id = inside.most_common(1)[0][0]
    of_run = [epoch for epoch in epochs if epoch.stream_id == stream_id]
    scores = [
        (_second(lesson, epoch), zone_score(zone))
        for epoch in of_run
        for zone in epoch.zones
        if zone.zone == verdict.zone
    ]
    rows = moment_rows(scores, verdict.start_s, verdict.end_s)
    models = {epoch.model for epoch in of_run}
    if rows is None or len(models) > 1:
        return None
    return Label(
        lesson=lesson.id,
        moment=verdict.moment,
        by=verdict.by,
        role=verdict.role,
        is_confirmed=verdict.is_confirmed,
        kind=verdict.kind,
        is_room=verdict.zone == ROOM,
        utc_ns=lesson.starts_utc_ns + round(verdict.start_s * SECOND_NS),
        model=models.pop(),
        features_version=LABEL_FEATURES,
        rows=rows,
    )


def _second(lesson: Lesson, epoch: EpochRecord) -> float:
    return (epoch.utc_ns - lesson.starts_utc_ns) / SECOND_NS
