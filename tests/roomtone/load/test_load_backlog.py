"""The kits' rules: nothing is forgotten before ingest has it, and a bound holds for all rooms."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from contract.clock import SECOND_NS
from contract.wire.messages import Ack
from roomtone.load.backlog import Backlog

TIMEOUT_NS = 15 * SECOND_NS


@dataclass
class Link:
    """Notes what is published, while it is up."""

    is_up: bool = True
    sent: list[tuple[int, int, int]] = field(default_factory=list)

    def __call__(self, room: int, first: int, n: int) -> bool:
        if self.is_up:
            self.sent.append((room, first, n))
        return self.is_up


@pytest.fixture
def link() -> Link:
    return Link()


def backlog(rooms: int = 2, max_in_flight: int = 100) -> Backlog:
    made = Backlog(rooms, max_in_flight=max_in_flight, ack_timeout_ns=TIMEOUT_NS)
    for room in range(rooms):
        made.opened(room)
    return made


def kept(upto: int, *above: tuple[int, int]) -> Ack:
    return Ack(run=1, without_hole=upto, above=above)


def test_a_period_is_held_until_it_is_acknowledged(link: Link) -> None:
    held = backlog()
    assert held.close(0, 0, 0, link)
    assert link.sent == [(0, 0, 1)]
    assert (held.in_flight, held.is_empty) == (1, False)
    held.acknowledge(1, kept(0))  # another room's
    assert not held.is_empty
    held.acknowledge(0, kept(0))
    assert (held.in_flight, held.is_empty) == (0, True)
    assert held.of_room(0) == (1, 1, 1)


def test_without_ingest_periods_wait_and_go_ten_a_message(link: Link) -> None:
    held = backlog()
    held.closed(0)
    for seq in range(23):
        assert not held.close(0, seq, 0, link)
    assert not link.sent
    assert held.counts.sent == 0
    held.opened(0)
    assert held.close(0, 23, 0, link)  # what is live goes first
    held.send_waiting(0, link)
    assert link.sent == [(0, 23, 1), (0, 0, 10), (0, 10, 10), (0, 20, 3)]
    held.acknowledge(0, kept(23))
    assert held.is_empty
    assert (held.counts.sent, held.counts.resent, held.counts.messages) == (24, 0, 4)


def test_what_is_not_acknowledged_in_time_is_sent_again_once(link: Link) -> None:
    held = backlog()
    held.close(0, 0, 0, link)
    held.expire(TIMEOUT_NS - 1)
    held.send_waiting(TIMEOUT_NS - 1, link)
    assert len(link.sent) == 1
    for _ in range(2):
        held.expire(TIMEOUT_NS)
        held.send_waiting(TIMEOUT_NS, link)
    assert link.sent == [(0, 0, 1)] * 2
    assert (held.counts.sent, held.counts.resent, held.in_flight) == (1, 1, 1)
    held.acknowledge(0, kept(0))
    assert held.is_empty
    held.expire(10 * TIMEOUT_NS)
    held.send_waiting(10 * TIMEOUT_NS, link)
    assert len(link.sent) == 2


def test_what_was_under_way_is_sent_again_when_ingest_comes_up(link: Link) -> None:
    held = backlog()
    for seq in range(3):
        held.close(1, seq, 0, link)
    held.closed(1)
    held.opened(1)
    held.send_waiting(1, link)
    assert link.sent[3:] == [(1, 0, 1), (1, 1, 1), (1, 2, 1)]
    held.acknowledge(1, kept(2))
    assert held.is_empty
    assert held.in_flight == 0


def test_a_late_acknowledgement_makes_sending_again_needless(link: Link) -> None:
    held = backlog()
    held.close(0, 0, 0, link)
    held.closed(0)
    held.opened(0)
    held.acknowledge(0, kept(0))
    held.send_waiting(1, link)
    assert len(link.sent) == 1
    assert held.is_empty


def test_ranges_above_a_hole_count(link: Link) -> None:
    held = backlog()
    for seq in range(4):
        held.close(0, seq, 0, link)
    held.acknowledge(0, kept(-1, (1, 2)))
    assert held.of_room(0) == (4, 4, 2)
    held.expire(TIMEOUT_NS)
    held.send_waiting(TIMEOUT_NS, link)
    assert link.sent[4:] == [(0, 0, 1), (0, 3, 1)]


def test_no_more_than_the_bound_is_under_way_for_all_rooms_together(link: Link) -> None:
    held = backlog(rooms=5, max_in_flight=4)
    for room in range(5):
        held.close(room, 0, 0, link)
    assert held.in_flight == len(link.sent) == 4
    for _ in range(3):  # the backlog takes half of it
        held.send_waiting(0, link)
    assert len(link.sent) == 4
    for room in range(3):
        held.acknowledge(room, kept(0))
    held.send_waiting(0, link)
    assert link.sent[4:] == [(4, 0, 1)]


def test_a_link_that_takes_nothing_loses_nothing(link: Link) -> None:
    held = backlog()
    link.is_up = False
    held.close(0, 0, 0, link)
    held.close(0, 1, 0, link)
    held.send_waiting(0, link)
    assert held.counts.sent == held.in_flight == 0
    link.is_up = True
    held.send_waiting(0, link)
    assert link.sent == [(0, 0, 2)]


def test_rooms_take_turns(link: Link) -> None:
    held = backlog(rooms=2)
    for room in (0, 1):
        held.closed(room)
    for room in (0, 1):
        for seq in range(15):
            held.close(room, seq, 0, link)
        held.opened(room)
    held.send_waiting(0, link)
    assert [room for room, _, _ in link.sent] == [0, 1, 0, 1]
