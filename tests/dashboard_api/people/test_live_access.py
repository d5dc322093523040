"""An open live page ends when its viewer may not see the room any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from contract.clock import SECOND_NS, ManualClock
from dashboard_api.live.access import while_allowed
from dashboard_api.web.secret import Secret
from dashboard_api.web.store_thread import Stores, StoreThread
from dashboard_api.web.viewer import Viewer
from tests.dashboard_api.server import running
from tests.signed_in import BY, COOKIE_NAME, TEACHER, cookie

Change = Callable[[Stores, ManualClock], object]


def sign_out(stores: Stores, _: ManualClock) -> object:
    return stores.people.set_password(TEACHER, "", BY)


def take_role(stores: Stores, _: ManualClock) -> object:
    return stores.people.set_roles(TEACHER, ["coach"], BY)


def start_another(stores: Stores, clock: ManualClock) -> object:
    lesson = stores.lessons.get("sample")
    assert lesson is not None
    now = clock.utc_ns()
    stores.lessons.put(replace(lesson, ends_utc_ns=now))
    return stores.lessons.put(
        replace(lesson, id="next", teacher="Someone else", starts_utc_ns=now, ends_utc_ns=None)
    )


def wait_a_day(_: Stores, clock: ManualClock) -> object:
    clock.utc_at_boot_ns += 86_400 * SECOND_NS
    return None


@pytest.mark.parametrize("change", (sign_out, take_role, start_another, wait_a_day))
def test_it_ends_at_the_next_event(
    stores: Stores, clock: ManualClock, filled, change: Change
) -> None:
    clock.utc_at_boot_ns = filled.start_ns + 60 * SECOND_NS
    token = cookie(stores.people, clock.utc_ns())[COOKIE_NAME]
    found = stores.people.session(token, clock.utc_ns())
    assert found is not None
    session, person = found
    viewer = Viewer(
        person=person,
        session=session,
        action="watch live",
        utc_ns=clock.utc_ns(),
        people_utc_ns=clock.utc_ns(),
    )

    async def events() -> AsyncIterator[bytes]:
        for number in range(9):
            if number == 3:
                change(stores, clock)
            yield b"%d" % number

    async def watch() -> list[bytes]:
        store = StoreThread(lambda: stores, clock, clock)
        await store.open()
        allowed = while_allowed(events(), store, viewer, Secret(token), "room-204")
        return [event async for event in allowed]

    assert asyncio.run(watch()) == [b"0", b"1", b"2"]


def reset(stores: Stores, _: ManualClock) -> object:
    return stores.people.invite(TEACHER, BY)


@pytest.mark.slow
@pytest.mark.parametrize("change", (take_role, reset, sign_out))
def test_a_real_server_closes_the_stream(
    stores: Stores, clock: ManualClock, filled, change: Change
) -> None:
    with running(stores) as server:
        stream = server.peer()
        stream.send(
            "GET /rooms/room-204/live/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"{stream.cookie}\r\n\r\n".encode()
        )
        assert stream.head()[0] == 200
        assert stream.event()["room"] == "room-204"
        change(stores, clock)
        rest = stream._got
        while not rest.endswith(b"0\r\n\r\n") and (part := stream.socket.recv(65_536)):
            rest += part
        assert rest.endswith(b"0\r\n\r\n"), "the answer is over"
        assert b"event: live" not in rest
        assert server.peer().ask("/api/rooms/room-204/live").status == 401
