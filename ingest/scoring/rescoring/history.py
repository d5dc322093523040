"""Examines what may have to be scored again, a little between two polls.

This is not urgent: lessons that may have become longer while no scorer ran, or everything that is
stored, after a long absence. It never delays live data by more than a slice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from contract.clock import SECOND_NS, Clock
from ingest.scoring.lesson_spans import LessonSpans
from ingest.scoring.rescoring.coverage import Coverage
from ingest.scoring.rescoring.queue import Doubt, RescoreQueue
from ingest.stores.records import Change
from school.lessons.records import Lesson

__all__ = ["RescoreHistory"]

_CHANGES_A_SLICE: Final = 40
"""Ranges of the ledger that can be dated in about 10 ms."""
_LOOK_EACH_NS: Final = 2 * SECOND_NS


class RescoreHistory:
    """Lessons and ranges of the ledger that wait to be examined, and streams without a date."""

    def __init__(
        self, *, spans: LessonSpans, coverage: Coverage, queue: RescoreQueue, clock: Clock
    ) -> None:
        self.undated: set[int] = set()
        """Streams that can't be dated until more clock records come."""
        self._dated_ns = clock.elapsed_ns()
        self._clock = clock
        self._spans = spans
        self._coverage = coverage
        self._queue = queue
        self.lessons: deque[Lesson] = deque()
        """Lessons that may have become longer."""
        self._ledger: deque[Change] = deque()
        self._scored: set[str] = set()
        self._cursor = 0

    def add_ledger(self, changes: Iterable[Change], cursor: int) -> None:
        """Add everything that is stored, instead of only what came after a cursor."""
        self._cursor = min(cursor, *self.cursors()) if self._ledger else cursor
        self._ledger = deque(changes)
        self._scored = self._coverage.scores.lessons_with_scores()

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
                if not self._coverage.is_past(span.lesson, self._scored):
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
