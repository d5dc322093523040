"""Counts how long teacher and coach are in a debrief together, and keeps whole minutes of it."""

from __future__ import annotations

import asyncio
import logging
from datetime import date, tzinfo
from functools import partial
from typing import Final

from contract.clock import SECOND_NS
from contract.errors import StoreError
from dashboard_api.together.room import Rooms
from dashboard_api.views.days import day_of
from dashboard_api.web.store_thread import Stores, StoreThread

__all__ = ["EVERY_S", "Talks"]

EVERY_S: Final = 5.0
_MINUTE_NS: Final = 60 * SECOND_NS
_LONGEST_NS: Final = 30 * SECOND_NS
"""A round that comes later than this, as after a computer has slept, counts for so long at most."""
_LOG: Final = logging.getLogger("dashboard")

Pair = tuple[str, str, str]
"""A lesson, its teacher and a coach."""


class Talks:
    """`run` is one task of the application. What is less than a minute is forgotten at the end."""

    def __init__(self, rooms: Rooms, zone: tzinfo | None) -> None:
        self._rooms = rooms
        self._zone = zone
        self._looked_ns = rooms.now_ns()
        self._pairs: set[Pair] = set()
        """Who was together at the last round."""
        self._together_ns: dict[Pair, int] = {}
        """Of each pair, what is not kept yet."""

    async def run(self, store: StoreThread) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.round(store)
            except StoreError as error:
                _LOG.warning("How long two talk can't be kept at the moment: %s", error)

    async def round(self, store: StoreThread) -> None:
        """Count the time since the last round for those who were together then, and are now."""
        now = self._rooms.now_ns()
        passed, self._looked_ns = min(now - self._looked_ns, _LONGEST_NS), now
        before, self._pairs = self._pairs, _pairs_in(self._rooms)
        lessons = {lesson for lesson, _ in self._rooms}
        # One who was cut off comes back to the same debrief.
        self._together_ns = {
            pair: ns for pair, ns in self._together_ns.items() if pair[0] in lessons
        }
        day = day_of(store.people_clock.utc_ns(), self._zone)
        for pair in sorted(before & self._pairs):
            together = self._together_ns[pair] = self._together_ns.get(pair, 0) + passed
            if minutes := together // _MINUTE_NS:
                await store.run(partial(_keep, pair, day, minutes))
                self._together_ns[pair] -= minutes * _MINUTE_NS


def _pairs_in(rooms: Rooms) -> set[Pair]:
    return {
        (lesson, teacher.person, coach.person)
        for lesson, room in rooms
        for teacher in room.members
        for coach in room.members
        if (teacher.role, coach.role) == ("teacher", "coach")
    }


def _keep(pair: Pair, day: date, minutes: int, stores: Stores) -> None:
    stores.sharing.talks.add(*pair, day, minutes)
