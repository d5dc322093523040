"""When scores can be seen: a reader of score.db, as the live page is one, polls for new epochs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from contract.clock import SECOND_NS
from ingest.stores.protocol import ScoreStore
from roomtone.load.delays import Delays
from roomtone.load.plan import EPOCH, LoadPlan

__all__ = ["ScoreWatch", "lesson_id"]

_MAX_AT_ONCE: Final = 250
"""Lessons read in one look, in turn: a late scorer must not make the reader slow."""


def lesson_id(number: int) -> str:
    """The lesson of a simulated room."""
    return f"load-lesson-{number}"


class ScoreWatch:
    """Notes for each epoch how long after its last period's end a reader of the store has it."""

    def __init__(
        self, plan: LoadPlan, *, starts_ns: int, utc_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._utc_ns = utc_ns
        self._plan = plan
        self._starts_ns = starts_ns
        self._epochs = plan.periods // EPOCH
        self._seen = [0] * plan.rooms
        """Epochs of each room, in order, that have been seen."""
        self._newest_utc_ns = [-1] * plan.rooms
        self._due_ns = np.array(
            [
                starts_ns + round(plan.closes_s(room, EPOCH - 1) * SECOND_NS)
                for room in range(plan.rooms)
            ],
            np.int64,
        )
        self._version: int | None = None
        self._turn = 0
        """The room from which a look that can't take all continues."""
        self.late = Delays()
        self.recent = Delays()
        """Those since whoever shows them cleared them."""
        self.has_more = False
        """More lessons are due than one look takes."""

    @property
    def is_over(self) -> bool:
        return self.late.n >= self._epochs * self._plan.rooms

    @property
    def scored(self) -> int:
        """Periods in the epochs that have been seen."""
        return self.late.n * EPOCH

    def look(self, scores: ScoreStore) -> None:
        """Read the lessons whose next epoch is over, if anything was written since the last look."""
        version = scores.version()
        if version == self._version and not self.has_more:
            return
        self._version = version
        due = np.flatnonzero(self._due_ns <= self._utc_ns())
        self.has_more = len(due) > _MAX_AT_ONCE
        if self.has_more:
            turn = int(np.searchsorted(due, self._turn))
            due = np.roll(due, -turn)[:_MAX_AT_ONCE]
            self._turn = int(due[-1]) + 1
        for room in due.tolist():
            self._read(scores, room)

    def _read(self, scores: ScoreStore, room: int) -> None:
        newest = self._newest_utc_ns[room]
        # The clock is read after the store: what it has returned, a page could show.
        found = scores.epochs(lesson_id(room), after_utc_ns=newest)
        now_ns = self._utc_ns()
        for epoch in found:
            ended_s = self._plan.closes_s(room, epoch.first_seq + EPOCH - 1)
            late_s = (now_ns - self._starts_ns) / SECOND_NS - ended_s
            self.late.add(late_s)
            self.recent.add(late_s)
            self._newest_utc_ns[room] = max(self._newest_utc_ns[room], epoch.utc_ns)
        self._seen[room] += len(found)
        seq = (self._seen[room] + 1) * EPOCH - 1
        over = self._seen[room] >= self._epochs
        self._due_ns[room] = (
            np.iinfo(np.int64).max
            if over
            else self._starts_ns + round(self._plan.closes_s(room, seq) * SECOND_NS)
        )
