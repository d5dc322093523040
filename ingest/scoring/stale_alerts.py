"""Finds alerts that are still open although no more data comes, in finished and other lessons.

A node may fall silent, its agent may restart as another run, a person may end a lesson early, or
nobody may end it. The lesson need not be in memory: the scorer may have restarted, or may have
evicted it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from contract.clock import SECOND_NS, Clock
from ingest.scoring.lesson_spans import LessonSpans
from ingest.scoring.lesson_state import LessonState
from ingest.scoring.rescoring.queue import Key
from ingest.stores.protocol import ScoreStore
from ingest.stores.records import EPOCH_NS, AlertRecord
from school.lessons.records import Lesson

__all__ = ["SilentLesson", "SilentLessons", "open_alerts_for"]

_SILENT_NS: Final = 60 * SECOND_NS
_UNHEARD_NS: Final = 120 * SECOND_NS
"""After so long without data from a room its alerts are cleared."""
_NO_STREAM: Final = -1


@dataclass(frozen=True, slots=True)
class SilentLesson:
    """A lesson of one stream whose alerts have to be cleared; if it is over, it has to be ended."""

    key: Key
    alerts: list[AlertRecord]
    """Those that are open."""
    over_utc_ns: int
    """When they end."""
    is_over: bool


class SilentLessons:
    """Looks once a minute for lessons that are over and received nothing for a minute, and for
    lessons with open alerts that received nothing for two minutes.
    """

    def __init__(self, *, scores: ScoreStore, spans: LessonSpans, clock: Clock) -> None:
        self._scores = scores
        self._spans = spans
        self._clock = clock
        self._looked_ns = clock.elapsed_ns()
        self.evicted: dict[Key, int] = {}
        """Lessons that left memory and may have open alerts → elapsed time of their last periods."""

    def begin(self) -> None:
        """Treat alerts that an earlier scorer left open as if their data came now."""
        for alert in self._scores.open_alerts():
            self.evicted[_key_of(alert)] = self._clock.elapsed_ns()

    def is_due(self) -> bool:
        """Whether it is time to look again."""
        now_ns = self._clock.elapsed_ns()
        if now_ns - self._looked_ns < _SILENT_NS:
            return False
        self._looked_ns = now_ns
        return True

    def over(
        self,
        states: Mapping[Key, LessonState],
        lesson_of: Callable[[str], Lesson | None],
        *,
        waiting: Collection[Key],
    ) -> Iterator[SilentLesson]:
        """The lessons to end now, without those `waiting` to be scored again: that may change them."""
        now_ns = self._clock.elapsed_ns()
        shown: dict[Key, list[AlertRecord]] = {}
        for alert in self._scores.open_alerts():
            shown.setdefault(_key_of(alert), []).append(alert)
        left = {key: state.touched_ns for key, state in states.items() if _is_left(state)}
        for key, touched_ns in [*left.items(), *self.evicted.items()]:
            lesson = lesson_of(key[0])
            if lesson is None or now_ns - touched_ns < _SILENT_NS or key in waiting:
                continue
            alerts = shown.get(key, [])
            ends_ns = self._spans.ends_utc_ns(lesson)
            is_over = ends_ns < self._clock.utc_ns()
            if is_over:
                self.evicted.pop(key, None)
            if is_over or (alerts and now_ns - touched_ns >= _UNHEARD_NS):
                over_ns = self._left_off_ns(key[1], lesson) if alerts else ends_ns
                yield SilentLesson(key, alerts, over_ns, is_over)

    def finished(self, states: Mapping[Key, LessonState], *, waiting: Collection[Key]) -> list[Key]:
        """Finished lessons that can leave memory: nothing came for a minute.

        If more data comes, it is scored from the store.
        """
        now_ns = self._clock.elapsed_ns()
        return [
            key
            for key, state in states.items()
            if not _is_left(state)
            and now_ns - state.touched_ns >= _SILENT_NS
            and key not in waiting
        ]

    def _left_off_ns(self, stream_id: int, lesson: Lesson) -> int:
        """The end of the lesson, or of its last epoch if the periods end earlier.

        It is read from the store, so that it is the same whether the lesson is in memory or not.
        """
        ends_ns = self._spans.ends_utc_ns(lesson)
        is_known = self._spans.is_known(stream_id, lesson.room)
        span = self._spans.span(stream_id, lesson) if is_known else None
        if span is not None and self._spans.kept_upto(span, stream_id) == span.last_seq:
            return ends_ns
        begun = [
            epoch.utc_ns for epoch in self._scores.epochs(lesson.id) if epoch.stream_id == stream_id
        ]
        return min(max(begun) + EPOCH_NS, ends_ns) if begun else ends_ns


def open_alerts_for(scores: ScoreStore, key: Key) -> list[AlertRecord]:
    """The alerts of a lesson and stream that are not cleared."""
    return [
        alert
        for alert in scores.alerts(key[0])
        if alert.cleared_utc_ns is None and _key_of(alert) == key
    ]


def _is_left(state: LessonState) -> bool:
    return bool(state.open) or not state.is_over


def _key_of(alert: AlertRecord) -> Key:
    """The lesson and the stream that an alert was raised for, from its id."""
    stream_id = alert.id.removeprefix(f"{alert.lesson}.").partition(".")[0]
    return alert.lesson, int(stream_id) if stream_id.isdecimal() else _NO_STREAM
