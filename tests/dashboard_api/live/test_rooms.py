"""One look at a room serves all of its pages, and rooms do not delay each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from contract.errors import StoreError
from dashboard_api.live import rooms as rooms_module
from dashboard_api.live.rooms import LiveRooms

PATIENCE_S = 60.0


class Stores:
    """Returns what the test sets."""

    def __init__(self) -> None:
        self.number = 0
        self.looks: list[str] = []
        self.broken: dict[str, Exception] = {}
        self.is_broken = False
        self.held: asyncio.Event | None = None
        """While it is not set, a look takes for ever."""

    async def version(self) -> int:
        if self.is_broken:
            raise StoreError("main.db is damaged.")
        return self.number

    async def look(self, room: str) -> bytes:
        self.looks.append(room)
        if self.held is not None:
            await self.held.wait()
        if room in self.broken:
            raise self.broken[room]
        return f"{room} {self.number}".encode()


def play(work: Callable[[LiveRooms, Stores], Awaitable[None]]) -> None:
    async def run() -> None:
        stores = Stores()
        rooms = LiveRooms(look=stores.look, version=stores.version)
        task = asyncio.create_task(rooms.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await work(rooms, stores)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_all_pages_of_a_room_get_the_same_event() -> None:
    async def work(rooms: LiveRooms, stores: Stores) -> None:
        pages = [rooms.follow("a") for _ in range(20)]
        assert {await anext(page) for page in pages} == {b"a 0"}
        stores.number = 1
        assert {await anext(page) for page in pages} == {b"a 1"}
        assert stores.looks == ["a", "a"]
        assert rooms.looks == 2

    play(work)


def test_a_later_page_gets_the_newest_event_at_once() -> None:
    async def work(rooms: LiveRooms, stores: Stores) -> None:
        first = rooms.follow("a")
        await anext(first)
        stores.broken["a"] = StoreError("no more looks.")
        assert await anext(rooms.follow("a")) == b"a 0"

    play(work)


def test_time_passes_when_nothing_is_written() -> None:
    async def work(rooms: LiveRooms, stores: Stores) -> None:
        page = rooms.follow("a")
        await anext(page)
        assert await anext(page) == b"a 0"
        assert stores.looks == ["a", "a"]

    play(work)


def test_a_page_whose_room_is_not_looked_at_gets_signs_of_life(monkeypatch) -> None:
    monkeypatch.setattr(rooms_module, "BEAT_S", 0.01)

    async def work(rooms: LiveRooms, stores: Stores) -> None:
        stores.held = asyncio.Event()
        page = rooms.follow("a")
        assert await anext(page) == await anext(page) == rooms_module.BEAT
        stores.held.set()
        while (event := await anext(page)) == rooms_module.BEAT:
            pass
        assert event == b"a 0"

    play(work)


def test_the_pages_go_on_when_what_runs_beside_them_fails(caplog) -> None:
    async def run() -> None:
        stores = Stores()

        async def beside() -> None:
            raise ZeroDivisionError

        rooms = LiveRooms(look=stores.look, version=stores.version, beside=beside)
        task = asyncio.create_task(rooms.run())
        async with asyncio.timeout(PATIENCE_S):
            assert await anext(rooms.follow("a")) == b"a 0"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    assert "can't follow the server's other programs" in caplog.text


def test_a_room_without_pages_is_forgotten() -> None:
    async def work(rooms: LiveRooms, stores: Stores) -> None:
        page = rooms.follow("a")
        await anext(page)
        await page.aclose()
        other = rooms.follow("b")
        stores.number += 1
        await anext(other)
        stores.number += 1
        await anext(other)
        assert stores.looks == ["a", "b", "b"]

    play(work)


def test_a_slow_page_gets_only_the_newest_event() -> None:
    async def work(rooms: LiveRooms, stores: Stores) -> None:
        slow, quick = rooms.follow("a"), rooms.follow("a")
        await anext(slow)
        await anext(quick)
        for number in range(1, 4):
            stores.number = number
            assert await anext(quick) == f"a {number}".encode()
        assert await anext(slow) == b"a 3"

    play(work)


@pytest.mark.parametrize("error", (StoreError("x is damaged."), ZeroDivisionError("a bug")))
def test_a_room_that_cant_be_shown_ends_only_its_own_pages(error: Exception) -> None:
    async def work(rooms: LiveRooms, stores: Stores) -> None:
        good, bad = rooms.follow("good"), rooms.follow("bad")
        await anext(good)
        await anext(bad)
        stores.broken["bad"] = error
        stores.number = 1
        assert [event async for event in bad] == []
        assert await anext(good) == b"good 1"
        del stores.broken["bad"]
        assert await anext(rooms.follow("bad")) == b"bad 1"

    play(work)


def test_unreadable_stores_end_all_pages_until_they_can_be_read() -> None:
    async def work(rooms: LiveRooms, stores: Stores) -> None:
        pages = [rooms.follow(name) for name in "ab"]
        for page in pages:
            await anext(page)
        stores.is_broken = True
        for page in pages:
            assert [event async for event in page] == []
        stores.is_broken = False
        assert await anext(rooms.follow("a")) == b"a 0"

    play(work)
