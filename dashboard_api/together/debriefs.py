"""All open sockets, and the one task that looks again whether each may stay open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from contract.clock import Clock
from dashboard_api.together.conversation import Conversation
from dashboard_api.together.messages import ClosedError
from dashboard_api.together.room import Rooms

__all__ = ["EVERY_S", "Debriefs"]

EVERY_S: Final = 2.0
"""A share that ends by the clock, or by another program, ends a debrief within this time."""


class Debriefs:
    """The sockets of every lesson."""

    def __init__(self, clock: Clock) -> None:
        self.rooms = Rooms(clock)
        self._open: list[Conversation] = []
        self._again = asyncio.Event()

    @contextmanager
    def watched(self, conversation: Conversation) -> Iterator[None]:
        """Look after a conversation for as long as it lasts."""
        self._open.append(conversation)
        try:
            yield
        finally:
            self._open.remove(conversation)

    def look_again(self) -> None:
        """Something has changed that may have taken rights away: look at once."""
        self._again.set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(EVERY_S):
                    await self._again.wait()
            except TimeoutError:
                pass
            self._again.clear()
            await self.look()

    async def look(self) -> None:
        """Close each socket whose person may not see its lesson any more."""
        self.rooms.tick()
        for conversation in list(self._open):
            try:
                await conversation.card.check()
            except ClosedError as error:
                conversation.end(error)
