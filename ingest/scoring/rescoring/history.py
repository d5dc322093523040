"""Examines what may have to be scored again, a little between two polls.

This is not urgent: lessons that may have become longer while no scorer ran, or everything that is
stored, after a long absence. It never delays live data by more than a slice. Where the scorer can't
be certain, what is stored is compared with what is scored.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.ranges import SeqRanges
from ingest.scoring.lesson_spans import LessonSpans, SeqSpan
from ingest.scoring.lesson_state import EPOCH
from ingest.scoring.rescoring.queue import Doubt, Key, RescoreJob, RescoreQueue
from ingest.settings import RetentionSettings
from ingest.stores.protocol import PeriodReader, ScoreStore
from ingest.stores.records import Change, EpochRecord
from school.lessons.records import Lesson

__all__ = ["RescoreHistory"]

_CHANGES_A_SLICE: Final = 40
"""Ranges of the ledger that can be dated in about 10 ms."""
_LOOK_EACH_NS: Final = 2 * SECOND_NS
_DAY_NS: Final = 86_400 * SECOND_NS
_WARM_UP: Final = 60
"""Seconds at the start of a lesson, or after a long hole, before a room can be scored."""


class RescoreHistory:
    """Lessons and ranges of the ledger that wait to be examined, and streams without a date."""

    def __init__(
        self,
        *,
        reader: PeriodReader,
        scores: ScoreStore,
        spans: LessonSpans,
        queue: RescoreQueue,
        clock: Clock,
        retention: RetentionSettings,
    ) -> None:
        self.undated: set[int] = set()
        """Streams that can't be dated until more clock records come."""
        self._dated_ns = clock.elapsed_ns()
        self._reader = reader
        self._scores = scores
        self._spans = spans
        self._queue = queue
        self._clock = clock
        self._retention = retention
        self.lessons: deque[Lesson] = deque()
        """Lessons that may have become longer."""
        self._ledger: deque[Change] = deque()
        self._scored: set[str] = set()
        self._cursor = 0

    def add_ledger(self, changes: Iterable[Change], cursor: int) -> None:
        """Add everything that is stored, instead of only what came after a cursor."""
        self._cursor = min(cursor, *self.cursors()) if self._ledger else cursor
        self._ledger = deque(changes)
        self._scored = self._scores.lessons_with_scores()

    def cursors(self) -> list[int]:
        """The cursor to start from after a crash, while ranges of the ledger wait."""
        return [self._cursor] if self._ledger else []

    def step(self) -> None:
        """Examine one lesson and some of the ledger, the newest first."""
        if self.lessons:
            self.look_at(self.lessons.popleft(), Doubt.LONGER)
        for _ in range(min(_CHANGES_A_SLICE, len(self._ledger))):
            change = self._ledger[-1]
            doubt = Doubt.NONE if change.is_late else Doubt.FILLED
            for span in self._spans.spans(change.stream_id, change.first_seq, change.last_seq):
                if not self._is_past(span.lesson):
                    key = span.lesson.id, change.stream_id
                    upto = min(change.last_seq, span.last_seq)
                    self._queue.add(key, upto, doubt, cursor=self._cursor)
            self._ledger.pop()

    def look_at(self, lesson: Lesson, doubt: Doubt) -> None:
        """Queue what is stored of a lesson."""
        for stream_id in self._spans.streams_of(lesson):
            self._look_at_stream(stream_id, lesson, doubt)

    def _look_at_stream(self, stream_id: int, lesson: Lesson, doubt: Doubt) -> None:
        span = self._spans.span(stream_id, lesson)
        if span is None:
            return
        upto = self._spans.kept_upto(span, stream_id)
        if upto >= 0:
            self._queue.add((lesson.id, stream_id), upto, doubt)

    def add_undated(self, stream_id: int) -> None:
        """Remember a stream, unless it is dated."""
        if not self._spans.is_dated(stream_id):
            self.undated.add(stream_id)

    def look_at_dated(self) -> None:
        """Queue the lessons of streams that have been dated since; looks every two seconds."""
        now_ns = self._clock.elapsed_ns()
        if not self.undated or now_ns - self._dated_ns < _LOOK_EACH_NS:
            return
        self._dated_ns = now_ns
        dated = [stream_id for stream_id in sorted(self.undated) if self._spans.is_dated(stream_id)]
        self.undated.difference_update(dated)
        for stream_id in dated:
            for lesson in self._spans.of_stream(stream_id):
                self._look_at_stream(stream_id, lesson, Doubt.NONE)

    def _is_past(self, lesson: Lesson) -> bool:
        """Whether a lesson's scores must stay as they are, because its seat values were removed.

        A lesson without scores is scored from what is left, until its scores would be too old as
        well.
        """
        age_ns = self._clock.utc_ns() - self._spans.ends_utc_ns(lesson)
        # A day goes when the whole of it is older than the setting.
        if age_ns < (self._retention.seat_days + 1) * _DAY_NS:
            return False
        return age_ns >= self._retention.score_days * _DAY_NS or lesson.id in self._scored

    def is_needed(self, key: Key, span: SeqSpan, job: RescoreJob) -> bool:
        """Whether scoring this job again may change something.

        In doubt, only if a whole epoch is stored and not scored. Where holes may have been filled,
        an epoch that was scored without values counts as not scored.
        """
        if job.doubt is Doubt.NONE:
            return True
        lesson, stream_id = key
        known = {e.first_seq: e for e in self._scores.epochs(lesson) if e.stream_id == stream_id}
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
            for gap in self._reader.gaps(stream_id)
            if gap.kind is None and gap.line == 0
        )
        found = SeqRanges()
        for first, last in self._reader.kept(stream_id):
            if first <= last_seq and last >= first_seq:
                for begin, end in gaps.missing(max(first, first_seq), min(last, last_seq)):
                    found.add(begin, end)
        return found


def _is_sensed(epoch: EpochRecord) -> bool:
    return bool(epoch.zones) and not math.isnan(epoch.zones[0].movement_db)
