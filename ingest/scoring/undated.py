"""Streams that can't be dated yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contract.clock import SECOND_NS, Clock
from ingest.scoring.lesson_spans import LessonSpans

__all__ = ["UndatedStreams"]

_EACH_NS: Final = 2 * SECOND_NS


class UndatedStreams:
    """Remembers streams until clock records date them."""

    def __init__(self, *, spans: LessonSpans, clock: Clock) -> None:
        self._spans = spans
        self._clock = clock
        self._looked_ns = clock.elapsed_ns()
        self._stream_ids: set[int] = set()

    def __len__(self) -> int:
        return len(self._stream_ids)

    def add(self, stream_id: int) -> None:
        """Remember a stream, unless it is dated."""
        if not self._spans.is_dated(stream_id):
            self._stream_ids.add(stream_id)

    def add_all(self, stream_ids: Iterable[int]) -> None:
        """Remember streams that the store lists as undated."""
        self._stream_ids.update(stream_ids)

    def take_dated(self) -> list[int]:
        """The streams that have been dated since, each once; looks every two seconds."""
        now_ns = self._clock.elapsed_ns()
        if not self._stream_ids or now_ns - self._looked_ns < _EACH_NS:
            return []
        self._looked_ns = now_ns
        dated = [
            stream_id for stream_id in sorted(self._stream_ids) if self._spans.is_dated(stream_id)
        ]
        self._stream_ids.difference_update(dated)
        return dated
