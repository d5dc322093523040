"""The queue between the network and its reader: bounded, in order, and its reader is woken once."""

from __future__ import annotations

import threading
import time

from contract.mqtt.events import Event, EventQueue, LinkUp, Received

WAIT_S = 60.0


def message(number: int, size: int = 0) -> Received:
    return Received(f"room/{number}", bytes(size), False)


def queue_of(*events: Event, max_events: int = 100, max_bytes: int = 1 << 20) -> EventQueue:
    made = EventQueue(max_events=max_events, max_bytes=max_bytes)
    for event in events:
        made.put(event)
    return made


def test_what_is_there_is_taken_in_order_and_no_more_than_wanted() -> None:
    events = [message(number) for number in range(10)]
    queue = queue_of(*events)
    assert queue.take(max_events=4, max_bytes=1 << 20, timeout_s=WAIT_S) == events[:4]
    assert queue.take(max_events=100, max_bytes=1 << 20, timeout_s=0) == events[4:]
    assert queue.take(max_events=100, max_bytes=1 << 20, timeout_s=0) == []


def test_it_ends_with_the_message_that_fills_the_bytes() -> None:
    events = [message(number, 100) for number in range(10)]
    queue = queue_of(*events)
    assert queue.take(max_events=100, max_bytes=250, timeout_s=0) == events[:3]


def test_a_word_about_the_link_is_not_waited_for() -> None:
    up = LinkUp("5")
    first = message(1)
    assert queue_of(first, up).take(max_events=9, max_bytes=99, timeout_s=WAIT_S) == [first, up]


def test_a_queue_that_is_full_by_bytes_is_not_waited_for() -> None:
    queue = queue_of(message(1, 5_000), max_bytes=5_000)
    assert len(queue.take(max_events=100, max_bytes=1 << 20, timeout_s=WAIT_S)) == 1


def test_who_waits_is_woken_when_enough_is_there() -> None:
    queue = queue_of()
    taken: list[Event] = []
    reader = threading.Thread(
        target=lambda: taken.extend(queue.take(max_events=3, max_bytes=99, timeout_s=WAIT_S))
    )
    began = time.monotonic()
    reader.start()
    for number in range(3):
        queue.put(message(number))
    reader.join(WAIT_S)
    assert [event.topic for event in taken if isinstance(event, Received)] == [
        "room/0", "room/1", "room/2",
    ]  # fmt: skip
    assert time.monotonic() - began < WAIT_S / 2


def test_who_waits_to_put_is_woken_by_what_is_taken() -> None:
    queue = queue_of(message(0), message(1), max_events=2)
    writer = threading.Thread(
        target=lambda: [queue.put(message(n), timeout=WAIT_S) for n in (2, 3)]
    )
    writer.start()
    got: list[Event] = []
    while len(got) < 4:
        got += queue.take(max_events=2, max_bytes=99, timeout_s=WAIT_S)
    writer.join(WAIT_S)
    assert [event.topic[-1] for event in got if isinstance(event, Received)] == list("0123")


def test_get_and_take_may_be_mixed() -> None:
    queue = queue_of(message(0, 600), LinkUp("5"), message(1, 600), max_bytes=2_000)
    assert isinstance(queue.get(), Received)
    assert isinstance(queue.get(), LinkUp)
    assert len(queue.take(max_events=9, max_bytes=9_999, timeout_s=0)) == 1
    assert (queue.qsize(), queue._bytes, queue._words) == (0, 0, 0)


def test_a_queue_is_full_by_bytes_too() -> None:
    queue = EventQueue(max_events=100, max_bytes=10_000)
    large = message(1, 6_000)
    queue.put(large)
    assert (queue.qsize(), queue.full()) == (1, False)
    queue.put(large)
    assert queue.full()
    queue.get()
    assert (queue.qsize(), queue.full()) == (1, False)
    queue.get()
    assert queue.empty()


def test_an_offer_is_taken_at_once_or_not_at_all() -> None:
    queue = EventQueue(max_events=1, max_bytes=1 << 20)
    assert queue.offer(LinkUp("5"))
    assert not queue.offer(LinkUp("5"))
    assert queue.get_nowait() == LinkUp("5")
    assert queue.empty()
