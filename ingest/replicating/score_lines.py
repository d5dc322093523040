"""The lines of a lesson's scores, gaps and alerts, with the dates that its seconds were sent with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from contract.clock import SECOND_NS
from contract.errors import StoreError
from ingest.replicas.points import Whose, alert_line, epoch_lines, gap_line
from ingest.replicas.progress import SentRun
from ingest.replicating.dates import dates_of
from ingest.scoring.lesson_spans import LessonSpans
from ingest.stores.protocol import PeriodReader, ScoreStore
from ingest.stores.records import EpochRecord, Stream
from ingest.stores.rules.dating import UNDATED
from school.lessons.records import Lesson

__all__ = ["ScoreLines", "hash_of"]

_MASK: Final = (1 << 63) - 1  # as SQLite keeps it
RunOf = Callable[[Stream], SentRun]


class ScoreLines:
    """Reads them; remembers which alerts it has given, until it is built again."""

    def __init__(self, *, reader: PeriodReader, scores: ScoreStore, spans: LessonSpans) -> None:
        self._reader = reader
        self._scores = scores
        self._spans = spans
        self._alerts: dict[str, dict[str, str]] = {}

    def epochs(self, lesson: Lesson, run_of: RunOf, after_utc_ns: int) -> tuple[list[str], int]:
        """The lines of epochs that begin after a time, and when the newest of them begins."""
        epochs = self._scores.epochs(lesson.id, after_utc_ns=after_utc_ns)
        newest = max((each.utc_ns for each in epochs), default=after_utc_ns)
        by_stream: dict[int, list[EpochRecord]] = {}
        for epoch in epochs:
            by_stream.setdefault(epoch.stream_id, []).append(epoch)
        lines: list[str] = []
        for stream_id, some in by_stream.items():
            if (stream := self._stream(stream_id)) is None:
                whose = Whose(site=None, room=lesson.room, node=None, lesson=lesson.id)
                lines += epoch_lines(whose, some)
                continue
            some.sort(key=lambda epoch: epoch.first_seq)
            seqs = np.array([epoch.first_seq for epoch in some], dtype=np.int64)
            utc = np.array([epoch.utc_ns for epoch in some], dtype=np.int64)
            dated, _ = dates_of(run_of(stream), stream, seqs, utc)
            whose = Whose(site=stream.site, room=stream.room, node=stream.node, lesson=lesson.id)
            lines += epoch_lines(
                whose,
                [replace(x, utc_ns=at) for x, at in zip(some, dated.tolist(), strict=True)],
            )
        return lines, newest

    def alerts(self, lesson: Lesson, whose: Whose) -> list[str]:
        """The lines of all alerts."""
        found = {each.id: alert_line(whose, each) for each in self._scores.alerts(lesson.id)}
        kept = {name: text for name, text in found.items() if text is not None}
        self._alerts[lesson.id] = kept
        return list(kept.values())

    def new_alerts(self, lesson: Lesson, whose: Whose) -> tuple[list[str], int, bool]:
        """The lines of those that are new or changed, the sum of all hashes, and whether one is gone."""
        before = self._alerts.get(lesson.id, {})
        every = self.alerts(lesson, whose)
        now = self._alerts[lesson.id]
        changed = [text for name, text in now.items() if before.get(name) != text]
        return changed, hash_of(every), bool(before.keys() - now.keys())

    def gaps(self, lesson: Lesson, run_of: RunOf) -> list[str]:
        """The lines of recorded gaps, cut to the lesson."""
        lines = []
        for stream_id in self._spans.streams_of(lesson):
            stream, span = self._spans.stream(stream_id), self._spans.span(stream_id, lesson)
            if span is None:
                continue
            whose = Whose(site=stream.site, room=stream.room, node=stream.node, lesson=lesson.id)
            birth = self._reader.birth(stream_id)
            for gap in self._reader.gaps(stream_id):
                first, last = max(gap.first_seq, span.first_seq), min(gap.last_seq, span.last_seq)
                if first > last:
                    continue
                seqs = np.array([first], dtype=np.int64)
                utc = np.array([self._spans.utc_ns(stream_id, first)], dtype=np.int64)
                dated, _ = dates_of(run_of(stream), stream, seqs, utc)
                if dated[0] != UNDATED:
                    length_s = (last - first + 1) * stream.period_ns / SECOND_NS
                    at = int(dated[0])
                    lines.append(gap_line(whose, gap, birth, utc_ns=at, length_s=length_s))
        return [each for each in lines if each is not None]

    def site(self, lesson: Lesson) -> str | None:
        """The site of the kits in a lesson's room."""
        runs = self._reader.newest_runs(lesson.room)
        return runs[0].site if runs else None

    def forget(self, lesson_id: str) -> None:
        self._alerts.pop(lesson_id, None)

    def _stream(self, stream_id: int) -> Stream | None:
        """None where a store that was put in place has no such run: scores may outlive theirs."""
        try:
            return self._spans.stream(stream_id)
        except StoreError:
            return None


def hash_of(lines: Iterable[str]) -> int:
    """The sum of the lines' hashes in 63 bits, which does not depend on their order."""
    hashes = (hashlib.blake2b(each.encode(), digest_size=8).digest() for each in lines)
    return sum(int.from_bytes(each, "little") for each in hashes) & _MASK
