"""Decides whether scoring a lesson again would change anything.

Sometimes the scorer can't be certain: it was away for so long that the store no longer lists the
changes, or a lesson's end was moved. Then this module compares what is stored with what is scored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.ranges import SeqRanges
from ingest.scoring.lesson_spans import LessonSpans, SeqSpan
from ingest.scoring.lesson_state import EPOCH
from ingest.scoring.rescoring.queue import Doubt, Key, RescoreJob
from ingest.settings import RetentionSettings
from ingest.stores.protocol import PeriodReader, ScoreStore
from ingest.stores.records import EpochRecord
from school.lessons.records import Lesson

__all__ = ["Coverage"]

_DAY_NS: Final = 86_400 * SECOND_NS
_WARM_UP: Final = 60
"""Seconds at the start of a lesson, or after a long hole, before a room can be scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Reads the stores and changes nothing."""

    reader: PeriodReader
    scores: ScoreStore
    spans: LessonSpans
    clock: Clock
    retention: RetentionSettings

    def is_past(self, lesson: Lesson, scored: set[str]) -> bool:
        """Whether a lesson's scores must stay as they are, because its seat values were removed.

        A lesson that is not in `scored` is scored from what is left, until its scores would be too
        old as well.
        """
        age_ns = self.clock.utc_ns() - self.spans.ends_utc_ns(lesson)
        # A day goes when the whole of it is older than the setting.
        if age_ns < (self.retention.seat_days + 1) * _DAY_NS:
            return False
        return age_ns >= self.retention.score_days * _DAY_NS or lesson.id in scored

    def is_needed(self, key: Key, span: SeqSpan, job: RescoreJob) -> bool:
        """Whether scoring this job again may change something.

        In doubt, only if a whole epoch is stored and not scored. Where holes may have been filled,
        an epoch that was scored without values counts as not scored.
        """
        if job.doubt is Doubt.NONE:
            return True
        lesson, stream_id = key
        known = {e.first_seq: e for e in self.scores.epochs(lesson) if e.stream_id == stream_id}
        for first, last in self._values(stream_id, span.first_seq, min(job.upto, span.last_seq)):
            for seq in range(first + -first % EPOCH, last - EPOCH + 2, EPOCH):
                is_warm = job.doubt is Doubt.FILLED and seq >= first + _WARM_UP
                if seq not in known or (is_warm and not _is_sensed(known[seq])):
                    return True
        return False

    def _values(self, stream_id: int, first_seq: int, last_seq: int) -> SeqRanges:
        """The stored seqs of a span, without those of recorded gaps."""
        gaps = SeqRanges(
            (gap.first_seq, gap.last_seq)
            for gap in self.reader.gaps(stream_id)
            if gap.kind is None and gap.line == 0
        )
        found = SeqRanges()
        for first, last in self.reader.kept(stream_id):
            if first <= last_seq and last >= first_seq:
                for begin, end in gaps.missing(max(first, first_seq), min(last, last_seq)):
                    found.add(begin, end)
        return found


def _is_sensed(epoch: EpochRecord) -> bool:
    return bool(epoch.zones) and not math.isnan(epoch.zones[0].movement_db)
