"""One poll of the scorer: read what was stored, score it, write the results.

Live periods are scored as they come. Late data causes its lesson to be scored again from the start,
once no more has come for a while: one lesson at a time, in slices between the live ones. A backlog
therefore costs at most one pass over a lesson each half-minute. The cursor is written in one
transaction with the results that it led to. It stays at the oldest lesson that waits to be scored
again: after a crash the same changes come once more, and give the same epochs and alerts.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from contract.clock import SECOND_NS, Clock
from contract.lesson import Zone
from ingest.scoring.joined_kits import JoinedKits
from ingest.scoring.lesson_spans import LessonSpans, SeqSpan
from ingest.scoring.lesson_state import EPOCH, NEVER, LessonState, seats_of, zones_of
from ingest.scoring.lesson_watch import LessonWatch
from ingest.scoring.metrics import ScoreFigures
from ingest.scoring.rescoring.history import RescoreHistory
from ingest.scoring.rescoring.queue import Doubt, Key, RescorePass, RescoreQueue
from ingest.scoring.results import Results
from ingest.scoring.stale_alerts import SilentLessons, open_alerts_for
from ingest.settings import RetentionSettings, ScoreSettings
from ingest.stores.protocol import PeriodReader, ScoreStore
from ingest.stores.records import Change
from models.serving.scorer import ScoringModel, Steps, score_together
from school.lessons.protocol import ScoredLessons
from school.settings import LessonSettings

__all__ = ["Following"]

_LOG = logging.getLogger("score")
_SLICE: Final = 300
"""Periods of a lesson that are scored again between two polls; takes about 60 ms."""
_LOOK_BACK_DAYS: Final = 4
"""How far back begin() looks for lessons that changed while no scorer ran: a long weekend."""
_RETENTION: Final = RetentionSettings()
_CURSOR_EACH_NS: Final = 5 * SECOND_NS


class Following:
    """The state between two polls; it is built again from the stores after a store has failed."""

    def __init__(
        self,
        *,
        settings: ScoreSettings,
        model: ScoringModel,
        clock: Clock,
        reader: PeriodReader,
        scores: ScoreStore,
        lessons: ScoredLessons,
        longest_ns: int = LessonSettings().longest_ns,
        retention: RetentionSettings = _RETENTION,
        figures: ScoreFigures | None = None,
    ) -> None:
        self._figures = ScoreFigures() if figures is None else figures
        self._settings = settings
        self._model = model
        self._clock = clock
        self._reader = reader
        self._scores = scores
        self._lessons = lessons
        self._spans = LessonSpans(
            reader=reader, lessons=lessons, clock=clock, longest_ns=longest_ns
        )
        self._joined = JoinedKits(reader, scores, self._spans, clock)
        self._states: OrderedDict[Key, LessonState] = OrderedDict()
        self._silent = SilentLessons(scores=scores, spans=self._spans, clock=clock)
        self._rescore_queue = RescoreQueue(settings, clock)
        self._rescoring: RescorePass | None = None
        self._watch = LessonWatch(
            lessons=lessons, clock=clock, days=retention.seat_days + 1, longest_ns=longest_ns
        )
        self._history = RescoreHistory(
            reader=reader, scores=scores, spans=self._spans, queue=self._rescore_queue,
            clock=clock, retention=retention,
        )  # fmt: skip
        self._written = 0
        self._written_ns = clock.elapsed_ns()
        self._absent_from: int | None = None
        """The cursor from before an absence, while the changes of that time are being examined."""
        self._behind = 0
        self._is_catching_up = True
        self._version: int | None = None
        self._polled_ns = 0
        self._is_purged = False
        """Lessons wait to be scored again because data that they used was purged."""

    def begin(self) -> None:
        """Continue at the cursor that the store has."""
        self._rescore_queue.cursor = self._written = self._scores.cursor()
        self._behind = self._reader.newest_cursor()
        self._polled_ns = self._clock.elapsed_ns()
        self._history.undated.update(self._reader.undated())
        self._watch.begin()
        for lesson_id in (purged := self._scores.to_score_again()):
            if (lesson := self._lessons.get(lesson_id)) is not None:
                self._history.look_at(lesson, Doubt.NONE)
        # Periods may have been dated, or lessons changed, while no scorer ran.
        self._history.lessons.extend(self._watch.since(_LOOK_BACK_DAYS))
        self._is_purged = bool(purged)
        self._silent.begin()

    def step(self) -> bool:
        """Do one poll; returns whether there was anything to do."""
        now_ns = self._clock.elapsed_ns()
        if now_ns - self._polled_ns > self._settings.alert_age_s * SECOND_NS:
            # After a long delay, what came meanwhile is old.
            self._behind = self._reader.newest_cursor()
        self._polled_ns = now_ns
        self._queue_changed_lessons()
        worked = False
        version = self._reader.version()
        if version != self._version:
            worked = self._take_changes()
            self._version = version
        if self._is_purged and self._rescoring is None and not self._rescore_queue.keys():
            self._scores.scored_again()
            self._is_purged = False
        self._history.look_at_dated()
        self._end_silent_lessons()
        self._history.step()
        if self._is_cursor_due(now_ns):
            self._write(Results())
        worked = self._rescore_next() or worked
        self._note_figures(now_ns, worked=worked)
        return worked

    def _note_figures(self, began_ns: int, *, worked: bool) -> None:
        figures = self._figures
        figures.cursor, figures.level_ns = self._rescore_queue.cursor, began_ns
        figures.queues = {
            "again": len(self._rescore_queue.keys()) + (self._rescoring is not None),
            "open": len(self._states),
            "undated": len(self._history.undated),
        }
        if worked:
            figures.step_s.observe((self._clock.elapsed_ns() - began_ns) / 1e9)

    # ---------------------------------------------------------------- what came

    def _take_changes(self) -> bool:
        before = self._rescore_queue.cursor
        cursor, changes = self._reader.changes(before)
        if cursor == before:
            return False
        self._is_catching_up = before < self._behind
        if not all(change.is_new for change in changes):
            # The store no longer lists the changes since the cursor, so it lists all that is stored.
            self._history.add_ledger(changes, before)
            self._absent_from = before
            self._history.undated.update(self._reader.undated())
            changes = []
        groups: dict[Key, tuple[SeqSpan, list[Change]]] = {}
        for change in changes:
            spans = self._spans.spans(change.stream_id, change.first_seq, change.last_seq)
            if not spans:
                self._history.add_undated(change.stream_id)
            for its_span in spans:
                kits = self._joined.of(its_span.lesson, change.stream_id)
                span, found = its_span, kits.of_leader(change)
                if kits.leader != change.stream_id:
                    span = self._spans.span(kits.leader, its_span.lesson) or its_span
                key = span.lesson.id, kits.leader
                if found.is_late:
                    # More data for periods that are scored already: it raises no alert.
                    self._rescore_queue.add(key, min(found.last_seq, span.last_seq))
                else:
                    groups.setdefault(key, (span, []))[1].append(found)
        results = Results()
        score_together(
            self._advance(key, span, its_changes, results)
            for key, (span, its_changes) in groups.items()
        )
        self._rescore_queue.cursor = cursor
        if results:
            self._write(results)
        return True

    def _advance(
        self, key: Key, span: SeqSpan, changes: Sequence[Change], results: Results
    ) -> Steps[None]:
        """Score a lesson up to its newest full epoch, or queue it to be scored again."""
        kits = self._joined.of(span.lesson, key[1])
        upto = min(max(change.last_seq for change in changes), span.last_seq)
        upto = kits.all_have(upto) if kits.is_joined else upto
        state = self._states.get(key)
        known_upto = -1
        if state is None:
            if not any(change.is_live for change in changes):
                # Historical data is not urgent: it must not delay live data.
                self._rescore_queue.add(key, upto)
                return
            state, scored_upto = self._new_state(key, span)
            if scored_upto < 0:
                self._rescore_queue.drop(key, upto)
            if all(change.first_seq > scored_upto for change in changes):
                known_upto = scored_upto  # what is already written stays as it is
        elif (
            abs(state.span[0] - span.first_seq) > EPOCH
            or state.has_unknown_seats
            or (state.is_without_birth and kits.birth(key[1]) is not None)
        ):
            # Its dates changed, it has seats that were not known, or its zones are known now.
            self._rescore_queue.add(key, upto)
        state.touched_ns = self._clock.elapsed_ns()
        state.span = (state.span[0], span.last_seq)
        state.is_over = state.is_over and upto >= span.last_seq  # its end may have been moved
        state.lesson = span.lesson
        self._remember(key, state)
        before = state.next_seq
        yield from state.read(kits, upto, live_from=self._live_from(changes))
        results.add(state, self._spans, after_seq=known_upto)
        for change in changes:
            first, last = max(change.first_seq, state.span[0]), min(change.last_seq, before - 1)
            is_new = kits.is_joined or state.have.missing(first, last)
            if not change.is_gap and first <= last and is_new:
                self._rescore_queue.add(key, upto)
                break
        if upto >= span.last_seq:
            self._finish(key, state, results, self._spans.ends_utc_ns(span.lesson))

    def _live_from(self, changes: Sequence[Change]) -> int:
        """The first live seq: only what came since the last poll is live.

        When the rest came is not known, and UTC does not show it: lessons of another year are
        replayed. An alert that is still active when live data comes is raised then.
        """
        if self._is_catching_up:
            return NEVER
        return min((change.first_seq for change in changes if change.is_live), default=NEVER)

    def _new_state(
        self,
        key: Key,
        span: SeqSpan,
        *,
        quiet_until: int = -1,
        zones: tuple[Zone, ...] | None = None,
    ) -> tuple[LessonState, int]:
        """A lesson's state before its first period, and the last seq that was scored before.

        `zones` are those of the whole lesson, if it is over.
        """
        lesson, stream_id = key
        self._watch.note_scored(span.lesson)
        scored = [e.first_seq for e in self._scores.epochs(lesson) if e.stream_id == stream_id]
        scored_upto = max(scored, default=-EPOCH) + EPOCH - 1
        first = span.first_seq + -span.first_seq % EPOCH
        kits = self._joined.of(span.lesson, stream_id)
        birth = kits.birth(stream_id)
        # A lesson that is scored again may have seats that its birth did not name.
        is_thorough = birth is None or quiet_until >= 0
        found = kits.read(stream_id, first, span.last_seq) if is_thorough else []
        state = LessonState(
            lesson=span.lesson,
            stream=self._spans.stream(stream_id),
            span=(first, span.last_seq),
            model=self._model,
            seats=seats_of(birth, found),
            zones=zones_of(span.lesson, birth),
            decided=zones,
            utc_of_seq=lambda seq: self._spans.utc_ns(stream_id, seq),
            quiet_until=max(scored_upto, quiet_until),
            open_alerts=open_alerts_for(self._scores, key),
        )
        state.is_without_birth = birth is None and not span.lesson.zones
        return state, scored_upto

    def _remember(self, key: Key, state: LessonState) -> None:
        self._states[key] = state
        self._states.move_to_end(key)
        self._silent.evicted.pop(key, None)
        if len(self._states) > self._settings.max_open:
            evicted_key, evicted = self._states.popitem(last=False)
            self._silent.evicted[evicted_key] = evicted.touched_ns

    # ---------------------------------------------------------------- what is scored again

    def _rescore_next(self) -> bool:
        """Score a slice of a lesson again, if one is due."""
        if self._rescoring is not None:
            self._rescore_slice(self._rescoring)
            return True
        taken = self._rescore_queue.take()
        if taken is None:
            return False
        key, job = taken
        lesson = self._lessons.get(key[0])
        span = self._spans.span(key[1], lesson) if lesson is not None else None
        if span is None:
            return True
        kits = self._joined.of(span.lesson, key[1])
        if kits.leader != key[1]:
            upto = kits.seq_of(key[1], job.upto)
            self._rescore_queue.add((key[0], kits.leader), upto, job.doubt, cursor=job.cursor)
        elif kits.is_joined or self._history.is_needed(key, span, job):
            live = self._states.get(key)
            zones = live.whole_zones if live is not None else None
            state, _ = self._new_state(key, span, quiet_until=NEVER, zones=zones)
            # Its state is not in memory, so the store has to show how far it reaches.
            kept_upto = -1
            if live is None:
                kept_upto = (
                    kits.kept_upto(span.last_seq)
                    if kits.is_joined
                    else self._spans.kept_upto(span, key[1])
                )
            upto = min(max(job.upto, kept_upto), span.last_seq)
            self._rescoring = RescorePass(key=key, job=job, state=state, upto=upto)
        return True

    def _rescore_slice(self, current: RescorePass) -> None:
        """Score one slice again; after the last one the new state replaces the live one."""
        state, results = current.state, current.results
        live = self._states.get(current.key)
        if live is not None:
            current.upto = max(current.upto, live.next_seq - 1)
        current.upto = state.whole_epochs(current.upto)
        upto = min(current.upto, state.next_seq + _SLICE - 1)
        score_together([state.read(self._joined.of(state.lesson, current.key[1]), upto)])
        results.add(state, self._spans)
        if state.next_seq <= current.upto:
            return
        # The live state knows which alerts are shown now.
        state.end_quiet(live.open if live is not None else state.open)
        results.add(state, self._spans)
        if current.upto >= state.span[1]:
            self._finish(current.key, state, results, self._spans.ends_utc_ns(state.lesson))
        state.touched_ns = self._clock.elapsed_ns()
        self._rescoring = None
        self._write(results)
        self._remember(current.key, state)
        self._figures.again += 1
        _LOG.info("scored lesson %s again, %d epochs", current.key[0], len(results.epochs))

    def _finish(self, key: Key, state: LessonState, results: Results, over_ns: int) -> None:
        """End a lesson; score it again if the zones of the whole lesson differ from the live ones."""
        state.finish(over_ns)
        results.add(state, self._spans)
        if state.has_other_zones:
            self._rescore_queue.add(key, state.next_seq - 1)

    def _queue_changed_lessons(self) -> None:
        """Queue lessons that were entered or changed after their periods came."""
        if self._watch.is_changed():
            self._spans.forget()
            for lesson, doubt in self._watch.changed():
                self._history.look_at(lesson, doubt)

    def _end_silent_lessons(self) -> None:
        """Clear the alerts of lessons that are over, or that receive no more data."""
        if not self._silent.is_due():
            return
        waiting = set(self._rescore_queue.keys())
        if self._rescoring is not None:
            waiting.add(self._rescoring.key)
        results = Results()
        for silent in self._silent.over(self._states, self._watch.get, waiting=waiting):
            state = self._states.get(silent.key)
            if state is not None and silent.is_over:
                self._finish(silent.key, state, results, silent.over_utc_ns)
            elif state is not None:
                state.end_unheard()
            results.alerts.update({a.id: a.cleared(silent.over_utc_ns) for a in silent.alerts})
        for key in self._silent.finished(self._states, waiting=waiting):
            del self._states[key]
        if results:
            self._write(results)

    # ---------------------------------------------------------------- what is written

    def _safe_cursor(self) -> int:
        """The cursor from which all unwritten results would be computed again."""
        passing = [self._rescoring.job.cursor] if self._rescoring is not None else []
        return min([*self._rescore_queue.cursors(), *self._history.cursors(), *passing])

    def _is_cursor_due(self, now_ns: int) -> bool:
        """Whether to write the cursor alone.

        It is written at once when all changes of a long absence have been examined, and otherwise
        every few seconds: writing at each poll would wear out an SD card.
        """
        is_time = now_ns - self._written_ns >= _CURSOR_EACH_NS
        if self._absent_from is not None and self._safe_cursor() > self._absent_from:
            self._absent_from, is_time = None, True
        return is_time and self._safe_cursor() != self._written

    def _write(self, results: Results) -> None:
        cursor = self._safe_cursor()
        results.write(self._scores, cursor, written_utc_ns=self._clock.utc_ns())
        self._written, self._written_ns = cursor, self._clock.elapsed_ns()
        self._figures.note_written(results)
