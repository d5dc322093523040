"""All open sockets: whether each may stay open, and what its person has to hear of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from contract.clock import Clock
from contract.errors import StoreError
from dashboard_api.together.conversation import Conversation
from dashboard_api.together.messages import NOT_NOW, ClosedError
from dashboard_api.together.room import Rooms

__all__ = ["EVERY_S", "Debriefs"]

_LOG: Final = logging.getLogger("dashboard")

EVERY_S: Final = 2.0
"""What another program changes, and a share that ends by the clock, is seen within this time."""
_FAULT: Final = "The server could not look after this page; it connects again by itself."


class Debriefs:
    """The sockets of every lesson.

    `version` returns a value that changes with every write of any program: of a command that ends
    an account or a share or purges a lesson, and of the scorer.
    """

    def __init__(self, clock: Clock, version: Callable[[], Awaitable[object]]) -> None:
        self.rooms = Rooms(clock)
        self.faults = 0
        """Pages that were closed because of an error in the program."""
        self._version = version
        self._seen: object = None
        """The version at the last round."""
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
        """Whether each may stay open, again and again, and what nobody has announced."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._is_due.wait()
            self._is_due.clear()
            self.rooms.tick()
            if not self._open:
                continue
            is_new = await self._is_new()
            for conversation in list(self._open):
                await self._look(conversation, for_changes=is_new)

    async def _is_new(self) -> bool:
        """Whether anything was written since the last round."""
        try:
            version = await self._version()
        except StoreError:
            # Each page's own look finds out too, and closes it.
            return False
        before, self._seen = self._seen, version
        return version != before

    async def _look_for_changes(self) -> None:
        while True:
            await self._is_changed.wait()
            self._is_changed.clear()
            lessons, self._changed = self._changed, set()
            for conversation in list(self._open):
                if conversation.card.lesson_id in lessons:
                    await self._look(conversation, for_changes=True)

    async def _look(self, conversation: Conversation, *, for_changes: bool) -> None:
        try:
            await conversation.look(for_changes=for_changes)
        except Exception:  # noqa: BLE001  # top of a task: one page must not end the others' rounds
            self.faults += 1
            lesson = conversation.card.lesson_id
            _LOG.exception("A page of the debrief of lesson %s is closed.", lesson)
            # Nobody knows whether its person may still see the lesson.
            conversation.end(ClosedError(NOT_NOW, _FAULT))
