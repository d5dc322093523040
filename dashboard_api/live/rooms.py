"""Reads rooms for the live pages: one look serves all pages of a room in one language."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from contract.errors import StoreError
from contract.language import Language, language, speaking

__all__ = ["LiveRooms"]

_LOG: Final = logging.getLogger("dashboard")

POLL_S: Final = 0.05
"""How often to check the stores for changes; a check is cheap."""
MIN_STEP_S: Final = 0.1
"""A page needs no more updates than this, however fast a backlog arrives."""
MAX_STEP_S: Final = 1.0
"""The clock on the page moves even when nothing arrives."""
BEAT_S: Final = 1.5
"""A page that got nothing for so long, because the stores are busy, gets `BEAT`."""
BEAT: Final = b"event: beat\r\ndata: {}\r\n\r\n"
"""An event that only shows that the server is there."""

Look = Callable[[str], Awaitable[bytes]]
_Which = tuple[str, Language]
"""A room, and the language of the pages that follow it."""
Version = Callable[[], Awaitable[object]]
Beside = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _FollowedRoom:
    """A room with open live pages."""

    pages: int = 0
    number: int = 0
    """How many looks at it there were."""
    event: bytes = b""
    version: object = None
    looked_s: float = float("-inf")
    is_over: bool = False
    """The room can't be read: its pages have to connect again."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self) -> None:
        """Wake all pages that wait."""
        self.changed.set()
        self.changed = asyncio.Event()


class LiveRooms:
    """Follows the rooms whose live pages are open.

    `look` returns the event for a room's pages; `version` returns a value that changes with every
    write. Rooms take turns, and after each look there is a pause of the same length. So half of the
    stores' time stays free for other pages, however many rooms are followed.

    `beside` runs as long as this does: it keeps what `look` also needs.
    """

    def __init__(self, *, look: Look, version: Version, beside: Beside | None = None) -> None:
        self._look = look
        self._version = version
        self._beside = beside
        self._rooms: dict[_Which, _FollowedRoom] = {}
        self._wanted = asyncio.Event()
        self.looks = 0
        """The number of looks at rooms since the program started."""

    def __contains__(self, name: object) -> bool:
        """Whether a page follows a room."""
        return any(name == room for room, _tongue in self._rooms)

    def follow(self, name: str) -> AsyncIterator[bytes]:
        """The events for one page of a room, in its reader's language.

        A slow page gets only the newest one. While there is none, it gets `BEAT`. They end when the
        room can't be read.
        """
        return self._follow((name, language()))

    async def _follow(self, which: _Which) -> AsyncIterator[bytes]:
        room = self._rooms.setdefault(which, _FollowedRoom())
        room.pages += 1
        self._wanted.set()
        try:
            seen = 0
            while not room.is_over:
                if room.number > seen:
                    seen = room.number
                    yield room.event
                    continue
                try:
                    async with asyncio.timeout(BEAT_S):
                        await room.changed.wait()
                except TimeoutError:
                    yield BEAT
        finally:
            room.pages -= 1
            if not room.pages and self._rooms.get(which) is room:
                del self._rooms[which]

    async def run(self) -> None:
        """Look at the rooms until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._run_beside(), name="beside the live pages")
            await self._run()

    async def _run_beside(self) -> None:
        if self._beside is None:
            return
        try:
            await self._beside()
        except Exception:  # noqa: BLE001  # top of a task: the pages go on without it
            _LOG.exception("The live pages can't follow the server's other programs.")

    async def _run(self) -> None:
        while True:
            if not self._rooms:
                self._wanted.clear()
                await self._wanted.wait()
            await self._round()
            self._wanted.clear()
            # Other programs write to the stores, so there is no event to wait for.
            try:
                async with asyncio.timeout(POLL_S):
                    await self._wanted.wait()
            except TimeoutError:
                continue

    async def _round(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            version = await self._version()
        except StoreError as error:
            _LOG.warning("The live pages have to connect again: %s", error)
            for which in list(self._rooms):
                self._end(which)
            return
        for which, room in sorted(self._rooms.items(), key=lambda item: item[1].looked_s):
            began = loop.time()
            since = began - room.looked_s
            is_new = version != room.version and since >= MIN_STEP_S
            if self._rooms.get(which) is not room or not (is_new or since >= MAX_STEP_S):
                continue
            room.looked_s, room.version = began, version
            try:
                with speaking(which[1]):
                    room.event = await self._look(which[0])
            except StoreError as error:
                _LOG.warning("The live pages of %s have to connect again: %s", which[0], error)
                self._end(which)
            except Exception:  # noqa: BLE001  # top of a task: one room must not stop the others
                _LOG.exception("The live pages of %s can't be shown.", which[0])
                self._end(which)
            else:
                room.number += 1
                room.publish()
            self.looks += 1
            await asyncio.sleep(loop.time() - began)

    def _end(self, which: _Which) -> None:
        room = self._rooms.pop(which, None)
        if room is not None:
            room.is_over = True
            room.publish()
