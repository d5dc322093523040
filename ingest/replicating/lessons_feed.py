"""Feeds one replica with lessons: their seconds as they come, their scores, gaps and alerts.

Periods are followed by the store's cursor, scores by the time of their writing. A lesson whose points
there would be other ones now is *owed*: deleted there and written again. That is so if it was moved, if
its dates changed, if values of it were purged, or if it was scored again: a minute after the last change
the lines of its scores are compared, by the sum of their hashes, with those that were sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from contract.clock import SECOND_NS, Clock
from ingest.purge.requests import PurgeRequest
from ingest.replicas.outlet import Outlet
from ingest.replicas.points import Whose, room_lines, seat_lines
from ingest.replicas.progress import KnownLesson, Progress, SentRun
from ingest.replicas.removal import remove_lesson, remove_purged
from ingest.replicas.settings import ReplicaSettings
from ingest.replicating.dates import TOLERANCE_NS, dates_of, forget_dates, is_redated
from ingest.replicating.retiring import past_their_days, retire
from ingest.replicating.score_lines import ScoreLines, hash_of
from ingest.scoring.lesson_spans import LessonSpans
from ingest.settings import RetentionSettings
from ingest.stores.protocol import PeriodReader, ScoreStore
from ingest.stores.records import Stream
from ingest.stores.rules.dating import UNDATED
from school.lessons.protocol import LessonReader
from school.lessons.records import Lesson

__all__ = ["LessonsFeed"]

_CHUNK: Final = 600
"""Periods that are read at once."""
_QUIET_NS: Final = 60 * SECOND_NS
_EACH_STEP: Final = 20
_MAX_RUNS: Final = 5_000
_MASK: Final = (1 << 63) - 1
_SAMPLED: Final = 30
"""Of so many seconds one is looked at, whether its date has changed."""
_LOOK_EACH_NS: Final = 10 * SECOND_NS
_DAY_NS: Final = 86_400 * SECOND_NS
_LATE_NS: Final = 35 * _DAY_NS
"""Lessons that began this long ago may have been entered while this program did not run."""
_RETIRE_EACH_NS: Final = 3_600 * SECOND_NS


class LessonsFeed:
    """What one replica is to get next; it is built again from its progress after a failure."""

    def __init__(
        self,
        *,
        replica: ReplicaSettings,
        reader: PeriodReader,
        scores: ScoreStore,
        lessons: LessonReader,
        clock: Clock,
        progress: Progress,
        outlet: Outlet,
        longest_ns: int,
        retention: RetentionSettings,
        max_lines: int = 5_000,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._max_lines = max_lines
        self._chunk = min(_CHUNK, max_lines)
        self._replica = replica
        self._reader = reader
        self._scores = scores
        self._lessons = lessons
        self._clock = clock
        self._progress = progress
        self._outlet = outlet
        self._longest_ns = longest_ns
        self._retention = retention
        self._is_stopped = is_stopped
        self._spans = LessonSpans(
            reader=reader, lessons=lessons, clock=clock, longest_ns=longest_ns
        )
        self._score_lines = ScoreLines(reader=reader, scores=scores, spans=self._spans)
        self._cursor, self._scores_ns = progress.cursor()
        self._undated = set(progress.undated())
        self._runs: dict[str, SentRun] = {}
        self._used: set[str] = set()
        """Runs that may have changed since they were kept."""
        self._known: dict[str, KnownLesson] = {}
        """Lessons that have changed since they were kept."""
        self._there: dict[str, Lesson] | None = None
        self._lines: list[str] = []
        self._touched: dict[str, int] = {}
        now_ns = clock.elapsed_ns()
        recent = progress.lessons_since(clock.utc_ns() - 2 * _DAY_NS)
        self._touched |= dict.fromkeys(recent, now_ns - _QUIET_NS)
        self._versions: tuple[int, int, int] | None = None
        self._looked_ns = self._retired_ns = now_ns - _RETIRE_EACH_NS

    def note(self) -> None:
        """Nothing waits for a database that is down but what the stores hold."""

    def step(self) -> bool:
        """Send what is new; returns whether there was anything. Raises EngineError, StoreError."""
        began_ns = self._clock.elapsed_ns()
        versions = self._reader.version(), self._scores.version(), self._lessons.version()
        before, self._versions = self._versions or (-1, -1, -1), None
        if versions[2] != before[2]:
            self._spans.forget()
            self._note_changed_lessons()
        self._settle_owed()
        worked = versions[0] != before[0] and self._take_changes()
        self._look_at_undated(began_ns)
        if versions[1] != before[1]:
            self._take_scores()
        self._flush(cursor=self._cursor, scores_utc_ns=self._scores_ns)
        self._look_at_quiet(began_ns)
        if began_ns - self._retired_ns >= _RETIRE_EACH_NS:
            self._retired_ns = began_ns
            for lesson_id in retire(
                self._outlet, self._progress, self._retention, self._reader, self._clock.utc_ns()
            ):
                self._forget(lesson_id)
            # Dates may change though nothing comes.
            recent = self._progress.lessons_since(self._clock.utc_ns() - 2 * _DAY_NS)
            self._touched = dict.fromkeys(recent, began_ns - _QUIET_NS) | self._touched
        self._flush()
        if len(self._runs) > _MAX_RUNS:
            self._runs = {}
        self._versions = versions  # only now: whatever failed is looked at again
        figures = self._outlet.figures
        figures.cursor, figures.level_ns = self._cursor, began_ns
        return worked

    # ---------------------------------------------------------------- seconds

    def _take_changes(self) -> bool:
        cursor, changes = self._reader.changes(self._cursor)
        if cursor == self._cursor:
            return False
        for change in changes:
            if self._is_stopped():
                return False
            stream = self._spans.stream(change.stream_id)
            run = self._run(stream)
            if change.is_gap:
                for span in self._spans.spans(stream.id, change.first_seq, change.last_seq):
                    self._touch(span.lesson.id)
                continue
            parts = [(change.first_seq, change.last_seq)]
            if not change.is_late:
                parts = run.sent.missing(*parts[0])
            for first, last in parts:
                self._take(stream, first, last)
        self._cursor = cursor
        return True

    def _take(self, stream: Stream, first: int, last: int) -> None:
        spans = self._spans.spans(stream.id, first, last)
        if not spans and not self._spans.is_dated(stream.id):
            if stream.id not in self._undated:
                self._undated.add(stream.id)
                self._progress.note_undated(stream.id)
            return
        for span in spans:
            if self._is_as_known(span.lesson):
                self._send_periods(
                    span.lesson, stream, max(first, span.first_seq), min(last, span.last_seq)
                )
        # Also what lies in no lesson: if one is entered for it, that lesson is written whole.
        self._run(stream).sent.add(first, last)

    def _send_periods(self, lesson: Lesson, stream: Stream, first: int, last: int) -> None:
        known = self._known_lesson(lesson)
        whose = Whose(site=stream.site, room=stream.room, node=stream.node, lesson=lesson.id)
        has_seats = self._replica.with_seats and "seat" not in known.gone
        for begin in range(first, last + 1, self._chunk):
            for periods in self._reader.read(stream.id, begin, min(last, begin + self._chunk - 1)):
                dated = self._spans.utcs_ns(stream.id, periods.seqs.tolist())
                utc_ns, is_other = dates_of(
                    self._run(stream), stream, periods.seqs, np.array(dated, dtype=np.int64)
                )
                if is_other:
                    self._progress.owe([lesson.id])
                # A clock that was set back dates seconds between two others to another time.
                is_in = (utc_ns >= lesson.starts_utc_ns - TOLERANCE_NS) & (
                    utc_ns < known.over_utc_ns + TOLERANCE_NS
                )
                utc_ns = np.where(is_in, utc_ns, UNDATED)
                if "room" not in known.gone:
                    self._lines += room_lines(whose, periods, utc_ns)
                if has_seats:
                    self._lines += seat_lines(whose, periods, utc_ns)
                newest = max(known.newest_utc_ns, int(utc_ns.max(initial=-1)))
                known = self._known[lesson.id] = replace(known, newest_utc_ns=newest)
            self._run(stream).sent.add(begin, min(last, begin + self._chunk - 1))
            if len(self._lines) >= self._max_lines:
                self._flush()
        self._touch(lesson.id)

    def _look_at_undated(self, now_ns: int) -> None:
        """Send runs that have got a date since their periods came."""
        if not self._undated or now_ns - self._looked_ns < _LOOK_EACH_NS:
            return
        self._looked_ns = now_ns
        for stream_id in sorted(self._undated - set(self._reader.undated())):
            stream = self._spans.stream(stream_id)
            kept = self._reader.kept(stream_id)
            for first, last in kept:
                for missing in self._run(stream).sent.missing(first, last):
                    self._take(stream, *missing)
            self._flush()
            self._undated.discard(stream_id)
            self._progress.note_dated(stream_id)

    # ---------------------------------------------------------------- scores, gaps, alerts

    def _take_scores(self) -> None:
        for lesson_id, written_ns in self._scores.written_since(self._scores_ns):
            self._scores_ns = max(self._scores_ns, written_ns)
            lesson = self._lessons.get(lesson_id)
            if lesson is None or not self._is_as_known(lesson):
                continue
            known = self._known_lesson(lesson)
            epochs, newest = self._score_lines.epochs(lesson, self._run, known.scored_utc_ns)
            changed, extra, is_fewer = self._score_lines.new_alerts(lesson, self._whose(lesson))
            if is_fewer:
                self._progress.owe([lesson_id])
            self._lines += self._wanted([*epochs, *changed], known)
            self._known[lesson_id] = replace(
                known, scored_utc_ns=max(known.scored_utc_ns, newest), extra=extra,
                total=(known.total + hash_of(epochs)) & _MASK,
            )  # fmt: skip
            self._touch(lesson_id)
            if len(self._lines) >= self._max_lines:
                self._flush()

    def _look_at_quiet(self, now_ns: int) -> None:
        """Compare what was sent of lessons that have not changed for a while with what there is."""
        due = [each for each, at in self._touched.items() if now_ns - at >= _QUIET_NS]
        for lesson_id in due[:_EACH_STEP]:
            del self._touched[lesson_id]
            lesson, known = self._lessons.get(lesson_id), self._progress.lesson(lesson_id)
            if lesson is None or known is None:
                continue
            epochs, _ = self._score_lines.epochs(lesson, self._run, -1)
            alerts = self._score_lines.alerts(lesson, self._whose(lesson))
            gaps = self._score_lines.gaps(lesson, self._run)
            without, whole = hash_of(alerts), hash_of([*alerts, *gaps])
            if known.total != hash_of(epochs) or self._is_redated(lesson):
                self._progress.owe([lesson_id])
            elif known.extra == without != whole:
                self._lines += gaps
                self._known[lesson_id] = replace(known, extra=whole)
            elif known.extra != whole:
                self._progress.owe([lesson_id])
        self._flush()

    def _is_redated(self, lesson: Lesson) -> bool:
        """Whether the store dates a lesson's seconds otherwise than they were sent."""
        for stream_id in self._spans.streams_of(lesson):
            stream, span = self._spans.stream(stream_id), self._spans.span(stream_id, lesson)
            low, high = (span.first_seq, span.last_seq) if span is not None else (0, -1)
            for first, last in self._run(stream).sent:
                some = range(max(first, low), min(last, high) + 1, _SAMPLED)
                utc = np.array(self._spans.utcs_ns(stream_id, list(some)), dtype=np.int64)
                if is_redated(self._run(stream), stream, np.array(some, dtype=np.int64), utc):
                    return True
        return False

    # ---------------------------------------------------------------- what is replaced

    def _note_changed_lessons(self) -> None:
        """Owe what was moved, and the deletion of what is gone."""
        there = {lesson.id: lesson for lesson in self._lessons.lessons()}
        known, before, self._there = set(self._progress.lessons()), self._there, there
        self._progress.owe(known - there.keys(), is_deletion=True)
        now_ns = self._clock.utc_ns()
        for lesson in there.values():
            if lesson.starts_utc_ns > now_ns:
                continue
            if lesson.id in known:
                self._is_as_known(lesson)
            elif (
                self._cursor
                and lesson != (before or {}).get(lesson.id)
                and (before is not None or lesson.starts_utc_ns > now_ns - _LATE_NS)
            ):
                # What was sensed in it may have come before it was entered.
                self._progress.owe([lesson.id])

    def _is_as_known(self, lesson: Lesson) -> bool:
        """Whether what was sent of a lesson is as it is; else it is owed."""
        known = self._known_lesson(lesson)
        over_ns = lesson.over_utc_ns(self._longest_ns)
        is_longer = over_ns > known.over_utc_ns and known.newest_utc_ns >= 0
        is_shorter = known.newest_utc_ns >= over_ns
        if known.shape != self._shape(lesson) or is_longer or is_shorter:
            self._progress.owe([lesson.id])
            return False
        if over_ns != known.over_utc_ns:
            self._known[lesson.id] = replace(known, over_utc_ns=over_ns)
        return True

    def _settle_owed(self) -> None:
        for lesson_id, is_deletion in self._progress.owed():
            if self._is_stopped():
                return
            lesson = None if is_deletion else self._lessons.get(lesson_id)
            if self._progress.lesson(lesson_id) is not None:
                remove_lesson(self._outlet, lesson_id)
            self._forget(lesson_id)
            if lesson is not None:
                self._write(lesson)
            self._progress.settled(lesson_id)

    def purge(self, request: PurgeRequest) -> dict[str, int]:
        """Delete what a purge covers, and owe what is left of its lessons."""
        self._flush()
        removed = remove_purged(self._outlet, self._progress, self._replica, request)
        self._runs, self._versions = {}, None
        return removed

    def _write(self, lesson: Lesson) -> None:
        """Write all of a lesson."""
        for stream_id in self._spans.streams_of(lesson):
            stream, span = self._spans.stream(stream_id), self._spans.span(stream_id, lesson)
            if span is None:
                continue
            forget_dates(self._run(stream), span.first_seq, span.last_seq)
            for first, last in self._reader.kept(stream_id):
                low, high = max(first, span.first_seq), min(last, span.last_seq)
                if low <= high:
                    self._send_periods(lesson, stream, low, high)
        known = self._known_lesson(lesson)
        epochs, newest = self._score_lines.epochs(lesson, self._run, -1)
        others = self._score_lines.alerts(lesson, self._whose(lesson))
        others += self._score_lines.gaps(lesson, self._run)
        self._lines += self._wanted([*epochs, *others], known)
        self._known[lesson.id] = replace(
            known, scored_utc_ns=newest, total=hash_of(epochs), extra=hash_of(others)
        )
        self._flush()

    def _forget(self, lesson_id: str) -> None:
        self._progress.forget_lesson(lesson_id)
        self._known.pop(lesson_id, None)
        self._score_lines.forget(lesson_id)

    # ---------------------------------------------------------------- what is held

    def _flush(self, *, cursor: int | None = None, scores_utc_ns: int | None = None) -> None:
        """Send what is held, and note what was taken."""
        values = self._outlet.send(self._lines) if self._lines else 0
        self._lines = []
        if values or self._used or self._known or cursor is not None:
            self._progress.keep(
                runs=[(name, self._runs[name]) for name in self._used],
                lessons=self._known.values(), cursor=cursor, scores_utc_ns=scores_utc_ns,
            )  # fmt: skip
        self._used, self._known = set(), {}

    def _run(self, stream: Stream) -> SentRun:
        name = f"{stream.node} {stream.run}"
        if name not in self._runs:
            self._runs[name] = self._progress.run(name)
        self._used.add(name)
        return self._runs[name]

    def _known_lesson(self, lesson: Lesson) -> KnownLesson:
        found = self._known.get(lesson.id) or self._progress.lesson(lesson.id)
        return found or KnownLesson(
            lesson=lesson.id, room=lesson.room, starts_utc_ns=lesson.starts_utc_ns,
            over_utc_ns=lesson.over_utc_ns(self._longest_ns), shape=self._shape(lesson),
            gone=past_their_days(
                lesson.over_utc_ns(self._longest_ns), self._retention, self._clock.utc_ns()
            ),
        )  # fmt: skip

    def _shape(self, lesson: Lesson) -> str:
        return json.dumps([lesson.room, lesson.starts_utc_ns, self._replica.with_seats])

    def _whose(self, lesson: Lesson) -> Whose:
        return Whose(
            site=self._score_lines.site(lesson), room=lesson.room, node=None, lesson=lesson.id
        )

    def _wanted(self, lines: Iterable[str], known: KnownLesson) -> list[str]:
        return [each for each in lines if each.partition(",")[0] not in known.gone]

    def _touch(self, lesson_id: str) -> None:
        self._touched[lesson_id] = self._clock.elapsed_ns()
