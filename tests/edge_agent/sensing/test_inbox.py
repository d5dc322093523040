"""The queue between reader threads and agent: when it is full, the reader waits."""

from __future__ import annotations

import threading

from edge_agent.sensing.inbox import Inbox
from firmware_bridge.events import HubDown, HubEvent


def event(number: int) -> HubEvent:
    return HubDown(hub="h", reason=str(number))


def numbers(inbox: Inbox) -> list[int]:
    return [int(each.reason) for each in inbox.drain() if isinstance(each, HubDown)]


def test_a_reader_waits_for_room_and_nothing_is_dropped() -> None:
    stop, is_over = threading.Event(), threading.Event()
    inbox = Inbox(max_events=10, stop=stop)

    def put_many() -> None:
        for number in range(25):
            inbox.put(event(number))
        is_over.set()

    reader = threading.Thread(target=put_many)
    reader.start()
    taken: list[int] = []
    while not is_over.is_set():
        some = numbers(inbox)
        assert len(some) <= 10
        taken += some
        is_over.wait(0.001)
    reader.join()
    assert taken + numbers(inbox) == list(range(25))


def test_a_reader_that_waits_is_let_go_when_the_agent_stops() -> None:
    stop = threading.Event()
    inbox = Inbox(max_events=2, stop=stop)
    inbox.put(event(0))
    inbox.put(event(1))
    reader = threading.Thread(target=inbox.put, args=(event(2),))
    reader.start()
    reader.join(0.05)
    assert reader.is_alive()
    stop.set()
    reader.join(60)
    assert not reader.is_alive()
    assert numbers(inbox) == [0, 1]
