"""Keeps the weeks' drift in memory, so that a page about a whole year opens at once.

It reads scores in short steps between the pages' queries, and computes the drift again only after it
has read something new.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from contract.errors import StoreError
from dashboard_api.web.model_catalog import ModelCatalog
from dashboard_api.web.store_thread import Stores, StoreThread
from ingest.monitoring.weekly_levels import WeeklyLevels
from models.drift import Drift, LessonLevels, measure_drift

__all__ = ["DriftWatch", "SoFar"]

LOOK_EVERY_S: Final = 60.0
"""A page starts a search for new lessons at most this often."""
FOLLOW_EVERY_S: Final = 600.0
"""How often the search runs without a page."""
READ_ALL_EVERY_S: Final = 24 * 3600.0
"""How often all lessons are read again."""
LESSONS_PER_STEP: Final = 20
"""Lessons to read in one step: about 20 ms, the longest that a live page waits."""
PAUSE_S: Final = 0.02
READ_FOR_S: Final = 0.3
"""How long a page reads new lessons before it shows the drift so far."""

_LOG = logging.getLogger("dashboard")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoFar:
    """The weeks as far as they have been read."""

    drift: Drift
    waiting: int
    """Lessons still to be read."""


class DriftWatch:
    """Follows the scores week by week."""

    def __init__(self, catalog: ModelCatalog, zone: tzinfo | None) -> None:
        self.latest: Drift | None = None
        """The drift that was computed last."""
        self._catalog = catalog
        self._levels = WeeklyLevels(zone)
        self._looked_s: float | None = None
        self._key: object = None

    @property
    def waiting(self) -> int:
        """The number of lessons that are known but not read yet."""
        return self._levels.waiting

    async def run(self, store: StoreThread) -> None:
        """Follow the scores until cancelled; if a store can't be read, retry later."""
        loop = asyncio.get_running_loop()
        everything_s = loop.time()
        while True:
            is_due = loop.time() - everything_s >= READ_ALL_EVERY_S
            try:
                await self._look(store, everything=is_due)
                while not await self._step(store):  # noqa: ASYNC110 (a pause for other queries, not a wait)
                    await asyncio.sleep(PAUSE_S)
                await self._compute(store)
            except StoreError as error:
                _LOG.warning("The drift can't be computed at the moment: %s", error)
            if is_due:
                everything_s = loop.time()
            await asyncio.sleep(FOLLOW_EVERY_S)

    async def so_far(self, store: StoreThread) -> SoFar:
        """The weeks, after reading new lessons for a moment; raises StoreError."""
        loop = asyncio.get_running_loop()
        until = loop.time() + READ_FOR_S
        if self._looked_s is None or loop.time() - self._looked_s >= LOOK_EVERY_S:
            await self._look(store, everything=False)
        while loop.time() < until and not await self._step(store):
            pass
        return SoFar(drift=await self._compute(store), waiting=self._levels.waiting)

    async def _look(self, store: StoreThread, *, everything: bool) -> None:
        self._looked_s = asyncio.get_running_loop().time()
        await store.run(
            lambda stores: self._levels.look(stores.scores, stores.lessons, everything=everything)
        )

    async def _step(self, store: StoreThread) -> bool:
        return await store.run(
            lambda stores: self._levels.read(
                stores.scores, stores.lessons, max_lessons=LESSONS_PER_STEP
            )
        )

    async def _compute(self, store: StoreThread) -> Drift:
        def query(stores: Stores) -> tuple[int, list[LessonLevels], Mapping[str, tuple[int, int]]]:
            verdicts = {
                lesson: (count.confirmed, count.dismissed)
                for lesson, count in stores.lessons.verdicts_by_lesson().items()
            }
            return self._levels.revision, self._levels.lessons, verdicts

        revision, lessons, verdicts = await store.run(query)
        references = self._catalog.references({lesson.model for lesson in lessons})
        key = revision, verdicts, references
        if self.latest is None or key != self._key:
            # In a thread: a year of a large school takes some tenths of a second.
            self.latest = await asyncio.to_thread(measure_drift, lessons, references, verdicts)
            self._key = key
        return self.latest
