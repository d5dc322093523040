"""Keeps the weeks' drift at hand, so that a page about a whole year answers at once.

Scores are read in short steps between the pages' questions. What a page asks for is computed anew
only when something new was read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from contract.errors import StoreError
from dashboard_api.web.model_catalog import ModelShelf
from dashboard_api.web.store_thread import StoreDesk, Stores
from ingest.monitoring.weekly_levels import WeeklyLevels
from models.drift import Drift, LessonLevels, measure_drift

__all__ = ["DriftWatch", "SoFar"]

LOOK_EACH_S: Final = 60.0
"""How often a page may make the stores be looked at for new lessons."""
FOLLOW_EACH_S: Final = 600.0
"""How often that is done without anyone asking."""
EVERYTHING_EACH_S: Final = 24 * 3600.0
"""How often all lessons are read again."""
LESSONS_A_STEP: Final = 20
"""Read in one go, about 20 ms; a live page waits no longer."""
PAUSE_S: Final = 0.02
READ_FOR_S: Final = 0.3
"""How long a page reads what is new before it tells what is known so far."""

_LOG = logging.getLogger("dashboard")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoFar:
    """The weeks as far as they have been read."""

    drift: Drift
    waiting: int
    """Lessons still to be read."""


class DriftWatch:
    """Follows the scores week by week."""

    def __init__(self, shelf: ModelShelf, zone: tzinfo | None) -> None:
        self.latest: Drift | None = None
        """What was told last."""
        self._shelf = shelf
        self._levels = WeeklyLevels(zone)
        self._looked_s: float | None = None
        self._key: object = None

    @property
    def waiting(self) -> int:
        """Lessons that are known and not read yet."""
        return self._levels.waiting

    async def run(self, desk: StoreDesk) -> None:
        """Keep up until cancelled; a store that can't be read now is asked again later."""
        loop = asyncio.get_running_loop()
        everything_s = loop.time()
        while True:
            is_due = loop.time() - everything_s >= EVERYTHING_EACH_S
            try:
                await self._look(desk, everything=is_due)
                while not await self._step(desk):  # noqa: ASYNC110 (others' turn, no event)
                    await asyncio.sleep(PAUSE_S)
                await self._told(desk)
            except StoreError as error:
                _LOG.warning("dashboard: drift is not followed just now: %s", error)
            if is_due:
                everything_s = loop.time()
            await asyncio.sleep(FOLLOW_EACH_S)

    async def so_far(self, desk: StoreDesk) -> SoFar:
        """The weeks, after reading for a moment what is new; raises StoreError."""
        loop = asyncio.get_running_loop()
        until = loop.time() + READ_FOR_S
        if self._looked_s is None or loop.time() - self._looked_s >= LOOK_EACH_S:
            await self._look(desk, everything=False)
        while loop.time() < until and not await self._step(desk):
            pass
        return SoFar(drift=await self._told(desk), waiting=self._levels.waiting)

    async def _look(self, desk: StoreDesk, *, everything: bool) -> None:
        self._looked_s = asyncio.get_running_loop().time()
        await desk.ask(lambda stores: self._levels.look(stores.scores, everything=everything))

    async def _step(self, desk: StoreDesk) -> bool:
        return await desk.ask(
            lambda stores: self._levels.read(stores.scores, stores.lessons, most=LESSONS_A_STEP)
        )

    async def _told(self, desk: StoreDesk) -> Drift:
        def look(stores: Stores) -> tuple[int, list[LessonLevels], Mapping[str, tuple[int, int]]]:
            checked = {
                lesson: (count.confirmed, count.dismissed)
                for lesson, count in stores.lessons.verdicts_by_lesson().items()
            }
            return self._levels.revision, self._levels.lessons, checked

        revision, lessons, checked = await desk.ask(look)
        references = self._shelf.references({lesson.model for lesson in lessons})
        key = revision, checked, references
        if self.latest is None or key != self._key:
            # Off the loop: a year of a large school takes some tenths of a second.
            self.latest = await asyncio.to_thread(measure_drift, lessons, references, checked)
            self._key = key
        return self.latest
