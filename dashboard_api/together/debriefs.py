"""All open sockets: whether each may stay open, and what its person has to hear of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from contract.clock import Clock
from dashboard_api.together.conversation import Conversation
from dashboard_api.together.room import Rooms

__all__ = ["EVERY_S", "Debriefs"]

EVERY_S: Final = 2.0
"""A share that ends by the clock, or by another program, ends a debrief within this time."""


class Debriefs:
    """The sockets of every lesson."""

    def __init__(self, clock: Clock) -> None:
        self.rooms = Rooms(clock)
        self._open: list[Conversation] = []
        self._changed: set[str] = set()
        """Lessons of which something has changed."""
        self._is_changed = asyncio.Event()
        self._is_due = asyncio.Event()

    @contextmanager
    def watched(self, conversation: Conversation) -> Iterator[None]:
        """Look after a conversation for as long as it lasts."""
        self._open.append(conversation)
        try:
            yield
        finally:
            self._open.remove(conversation)

    def announce(self, lesson: str | None) -> None:
        """Something of a lesson has changed, or something of no lesson: look at once."""
        if lesson is None:
            self._is_due.set()
        elif any(each.card.lesson_id == lesson for each in self._open):
            self._changed.add(lesson)
            self._is_changed.set()

    async def run(self) -> None:
        """Look after all sockets, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_again(), name="debriefs: rights")
            tasks.create_task(self._look_for_changes(), name="debriefs: changes")

    async def _look_again(self) -> None:
        """Whether each may stay open, again and again."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._is_due.wait()
            self._is_due.clear()
            self.rooms.tick()
            for conversation in list(self._open):
                await conversation.look(for_changes=False)

    async def _look_for_changes(self) -> None:
        while True:
            await self._is_changed.wait()
            self._is_changed.clear()
            lessons, self._changed = self._changed, set()
            for conversation in list(self._open):
                if conversation.card.lesson_id in lessons:
                    await conversation.look(for_changes=True)
