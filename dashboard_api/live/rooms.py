"""Looks at rooms for the live pages: one look serves every page of a room."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from contract.errors import StoreError

__all__ = ["LiveRooms"]

_LOG: Final = logging.getLogger("dashboard")

POLL_S: Final = 0.05
"""How often the stores are asked whether something was written; this is cheap."""
SHORTEST_STEP_S: Final = 0.1
"""No page needs to be sent more often, however fast a backlog arrives."""
LONGEST_STEP_S: Final = 1.0
"""Time passes on the page even when nothing arrives."""

Look = Callable[[str], Awaitable[bytes]]
Version = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class _FollowedRoom:
    """A room that somebody looks at."""

    pages: int = 0
    number: int = 0
    """How often it was looked at."""
    event: bytes = b""
    version: object = None
    looked_s: float = float("-inf")
    is_over: bool = False
    """It can't be looked at: its pages have to ask again."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def publish(self) -> None:
        """Wake whoever waits."""
        self.changed.set()
        self.changed = asyncio.Event()


class LiveRooms:
    """Follows the rooms whose live pages are open.

    `look` answers what a page is sent, `version` what changes with every write. Rooms take turns,
    and after each look there is a pause as long as the look was: however many rooms are followed,
    half of the stores' time is left to other pages.
    """

    def __init__(self, *, look: Look, version: Version) -> None:
        self._look = look
        self._version = version
        self._rooms: dict[str, _FollowedRoom] = {}
        self._wanted = asyncio.Event()
        self.looks = 0
        """How often a room was looked at since the program began."""

    async def follow(self, name: str) -> AsyncIterator[bytes]:
        """What a page of a room is sent, again and again; a slow reader gets the newest alone.

        It ends when the room can't be looked at.
        """
        room = self._rooms.setdefault(name, _FollowedRoom())
        room.pages += 1
        self._wanted.set()
        try:
            seen = 0
            while not room.is_over:
                if room.number > seen:
                    seen = room.number
                    yield room.event
                else:
                    await room.changed.wait()
        finally:
            room.pages -= 1
            if not room.pages and self._rooms.get(name) is room:
                del self._rooms[name]

    async def run(self) -> None:
        """Look, until this is cancelled."""
        while True:
            if not self._rooms:
                self._wanted.clear()
                await self._wanted.wait()
            await self._round()
            self._wanted.clear()
            # Another program writes the stores: there is no event to wait for.
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
            _LOG.warning("The live pages have to ask again: %s", error)
            for name in list(self._rooms):
                self._end(name)
            return
        for name, room in sorted(self._rooms.items(), key=lambda item: item[1].looked_s):
            began = loop.time()
            since = began - room.looked_s
            is_new = version != room.version and since >= SHORTEST_STEP_S
            if self._rooms.get(name) is not room or not (is_new or since >= LONGEST_STEP_S):
                continue
            room.looked_s, room.version = began, version
            try:
                room.event = await self._look(name)
            except StoreError as error:
                _LOG.warning("The live pages of %s have to ask again: %s", name, error)
                self._end(name)
            except Exception:  # noqa: BLE001  # a task's top: one room must not end the others
                _LOG.exception("room %s can't be shown", name)
                self._end(name)
            else:
                room.number += 1
                room.publish()
            self.looks += 1
            await asyncio.sleep(loop.time() - began)

    def _end(self, name: str) -> None:
        room = self._rooms.pop(name, None)
        if room is not None:
            room.is_over = True
            room.publish()
