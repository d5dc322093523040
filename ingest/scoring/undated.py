"""Streams of which nothing can be dated yet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from contract.clock import SECOND_NS, Clock
from ingest.scoring.lesson_spans import LessonSpans

__all__ = ["UndatedStreams"]

_EACH_NS: Final = 2 * SECOND_NS


class UndatedStreams:
    """Waits for the records that date them."""

    def __init__(self, *, spans: LessonSpans, clock: Clock) -> None:
        self._spans = spans
        self._clock = clock
        self._looked_ns = clock.elapsed_ns()
        self._streams: set[int] = set()

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, stream: int) -> None:
        """Wait for this one, unless it is dated."""
        if not self._spans.is_dated(stream):
            self._streams.add(stream)

    def add_all(self, streams: Iterable[int]) -> None:
        """Wait for these, which the store says nothing dates."""
        self._streams.update(streams)

    def take_dated(self) -> list[int]:
        """Those that have been dated since, each once; looks every two seconds."""
        now_ns = self._clock.elapsed_ns()
        if not self._streams or now_ns - self._looked_ns < _EACH_NS:
            return []
        self._looked_ns = now_ns
        dated = [stream for stream in sorted(self._streams) if self._spans.is_dated(stream)]
        self._streams.difference_update(dated)
        return dated
