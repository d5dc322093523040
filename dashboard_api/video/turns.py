"""One request at a time writes an upload; a later one ends an earlier one that hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["Turn", "Turns"]


class Turn:
    """The right to write one upload."""

    def __init__(self) -> None:
        self.wanted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when someone else wants to go on."""
        self.ended = asyncio.Event()


class Turns:
    """Turns by upload. A browser that lost its connection comes back before the server notices."""

    def __init__(self) -> None:
        self._turns: dict[str, Turn] = {}

    def is_taken(self, upload: str) -> bool:
        """Whether somebody has the turn."""
        return upload in self._turns

    @asynccontextmanager
    async def take(self, upload: str) -> AsyncIterator[Turn]:
        """Ask whoever has the turn to stop, and wait until they have."""
        while (earlier := self._turns.get(upload)) is not None:
            if not earlier.wanted.done():
                earlier.wanted.set_result(None)
            await earlier.ended.wait()
        turn = self._turns[upload] = Turn()
        try:
            yield turn
        finally:
            del self._turns[upload]
            turn.ended.set()
