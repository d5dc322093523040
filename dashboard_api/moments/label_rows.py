"""What is kept of an answer about a moment, if the teacher wants that: the scores' own numbers.

They are about the room or a zone of five seats or more, never about a seat, and name nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from contract.clock import SECOND_NS
from dashboard_api.views.zone_scores import zone_score
from ingest.stores.records import EpochRecord, Label, Lesson, Verdict
from models.school_model.labels import LABEL_FEATURES, moment_rows
from models.serving.scores import ROOM

__all__ = ["label_of"]


def label_of(lesson: Lesson, said: Verdict, epochs: Sequence[EpochRecord]) -> Label | None:
    """The label of a verdict; None where too little is known of its moment.

    The epochs of one run of the agent count, the one that holds most of the moment: features look
    back, and do so over that run alone. What two models scored is not kept.
    """
    inside = Counter(
        epoch.stream for epoch in epochs if said.start_s <= _second(lesson, epoch) < said.end_s
    )
    if not inside:
        return None
    stream = inside.most_common(1)[0][0]
    of_run = [epoch for epoch in epochs if epoch.stream == stream]
    scores = [
        (_second(lesson, epoch), zone_score(zone))
        for epoch in of_run
        for zone in epoch.zones
        if zone.zone == said.zone
    ]
    rows = moment_rows(scores, said.start_s, said.end_s)
    models = {epoch.model for epoch in of_run}
    if rows is None or len(models) > 1:
        return None
    return Label(
        lesson=lesson.id,
        moment=said.moment,
        by=said.by,
        is_confirmed=said.is_confirmed,
        kind=said.kind,
        is_room=said.zone == ROOM,
        utc_ns=lesson.starts_utc_ns + round(said.start_s * SECOND_NS),
        model=models.pop(),
        features_version=LABEL_FEATURES,
        rows=rows,
    )


def _second(lesson: Lesson, epoch: EpochRecord) -> float:
    return (epoch.utc_ns - lesson.starts_utc_ns) / SECOND_NS
