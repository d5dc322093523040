"""What is sent and asked, the same for all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from peers.readings import STARTS_S, Term

Figures = dict[str, float]
READ_S = 5
"""How often each read is made; the fastest counts."""
CPU_TICK_S = 0.01
"""The kernel counts in these."""
VALUES_A_SECOND = 395
BUCKETS = 600
_MINUTES_S = 300


@dataclass(frozen=True, kw_only=True)
class Plan:
    """First a whole lesson of one room; then all rooms live, measured; then all rooms killed.

    Messages are (room, second), in the order of sending.
    """

    rooms: int
    lesson_s: int
    seconds: int
    killed_s: int
    term: Term
    rate: float | None = None
    """Messages a second while it is measured; None: as fast as they are taken."""

    def before(self) -> list[tuple[int, int]]:
        """Room 0's lesson, then a second of every room, so that each is known."""
        lesson = [(0, second) for second in range(self.lesson_s)]
        return lesson + [(room, self.lesson_s) for room in range(self.rooms)]

    def measured(self) -> list[tuple[int, int]]:
        return list(self._live(self.lesson_s + 1, self.seconds))

    def killed(self) -> list[tuple[int, int]]:
        return list(self._live(self.lesson_s + 1 + self.seconds, self.killed_s))

    def _live(self, first: int, seconds: int) -> Iterator[tuple[int, int]]:
        for second in range(first, first + seconds):
            for room in range(self.rooms):
                yield room, second

    @property
    def live_rate(self) -> float:
        """Messages a second, as they come in lessons."""
        return float(self.rooms)

    @property
    def measured_values(self) -> int:
        return self.rooms * self.seconds * VALUES_A_SECOND

    @property
    def values(self) -> int:
        """All that is there when the bytes are counted."""
        return self.measured_values + (self.lesson_s + self.rooms) * VALUES_A_SECOND

    @property
    def lesson(self) -> tuple[int, int]:
        """Room 0's lesson in UTC seconds."""
        return STARTS_S, STARTS_S + self.lesson_s

    @property
    def last_minutes(self) -> tuple[int, int]:
        """Five minutes of room 0, the last before the kill."""
        last = STARTS_S + self.lesson_s + 1 + self.seconds
        return max(STARTS_S, last - _MINUTES_S), last

    @property
    def bucket_s(self) -> int:
        return max(1, self.lesson_s // BUCKETS)
