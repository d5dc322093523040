"""When seconds are closed, and what stands for those that are not sampled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.clock import ManualClock
from contract.messages import Config, LessonSpan
from contract.payload import Batch, Gap
from edge_agent.delivery import Delivery
from edge_agent.identity import Identity
from edge_agent.outbox import Outbox
from edge_agent.sensing import Sensing
from edge_agent.settings import EdgeSettings
from firmware_bridge.events import HubUp, Samples
from firmware_bridge.frames import Hello

SECOND = 1_000_000_000


class Room:
    """A room with one hub of two seats, whose clock a test moves."""

    def __init__(self, outbox: Outbox) -> None:
        self.clock = ManualClock()
        self._outbox = outbox
        self.sensing = self.made(grace_s=1.0)

    def made(self, *, grace_s: float) -> Sensing:
        settings = EdgeSettings.checked(
            {
                "site": "s", "room": "r", "node": "pi-1",
                "hub": [{"name": "hub-a", "port": "/dev/a", "seats": [1, 2]}],
                "delivery": {"grace_s": grace_s},
            },
            where="test",
        )  # fmt: skip
        self.delivery = Delivery(run=1, settings=settings.delivery, outbox=self._outbox)
        sensing = Sensing(
            settings=settings, clock=self.clock, delivery=self.delivery,
            identity=Identity(node="pi-1", run=1, boot="b", run_boot_ns=0),
        )  # fmt: skip
        hello = Hello(
            is_start=True, has_levels=False, tick_hz=250_000, sample_rate_hz=50.0,
            counts_per_g=16_384, seats=2, hub_id="x", firmware="f", firmware_version="1",
        )  # fmt: skip
        sensing.take(HubUp(hub="hub-a", boot_ns=0, hello=hello))
        return sensing

    def lesson(self, start_s: int, end_s: int | None) -> None:
        zero = self.clock.utc_at_boot_ns
        span = LessonSpan(
            lesson="l", starts_utc_ns=zero + start_s * SECOND,
            ends_utc_ns=None if end_s is None else zero + end_s * SECOND,
        )  # fmt: skip
        self.sensing.configure(Config(revision=1, lessons=(span,)))

    def deliver(self, second: int) -> None:
        times = second * SECOND + 10_000_000 + np.arange(50, dtype=np.int64) * 20_000_000
        rows = np.zeros((50, 2, 3), np.float32)
        rows[:, :, 2] = 1.0
        self.sensing.take(Samples(hub="hub-a", boot_ns=times, acceleration=rows))

    def at(self, seconds: float) -> list[str]:
        """Go to this time in small steps, as the agent does; returns what is held then."""
        while self.clock.now_ns < round(seconds * SECOND):
            step_ns = min(SECOND // 10, round(seconds * SECOND) - self.clock.now_ns)
            self.clock.now_ns += step_ns
            self.sensing.close_due()
        return [
            f"{m.reason} {m.first_seq}-{m.last_seq}" if isinstance(m, Gap) else str(m.first_seq)
            for m in (item.message for item in self.delivery._held.values())
        ]


@pytest.fixture
def room(make_outbox: Callable[..., Outbox]) -> Room:
    return Room(make_outbox())


def test_outside_lessons_one_gap_stands_for_all_that_passed(room: Room) -> None:
    room.lesson(5, 7)
    for second in range(12):
        room.deliver(second)
    assert room.at(5.0) == []  # nothing to tell yet
    assert room.at(7.0) == ["off 0-4", "5", "6"]
    assert room.sensing.is_sampling
    assert room.at(10.0) == ["off 0-4", "5", "6"]
    assert not room.sensing.is_sampling
    room.sensing.tell_passed()
    assert room.at(10.0) == ["off 0-4", "5", "6", "off 7-9"]
    assert room.delivery.counters().sampled == 4


def test_a_pause_is_a_gap_of_its_own(room: Room) -> None:
    room.lesson(0, None)
    for second in range(10):
        room.deliver(second)
    room.at(2.0)
    room.sensing.switch("pause")
    room.at(4.0)
    room.sensing.switch("resume")
    room.sensing.switch("stop")
    room.at(6.0)
    room.sensing.switch("start")
    assert room.at(8.0) == ["0", "1", "paused 2-3", "off 4-5", "6", "7"]


def test_a_second_waits_for_a_late_hub_and_no_longer_than_its_grace(room: Room) -> None:
    room.lesson(0, None)
    room.at(1.5)
    room.deliver(0)
    assert room.at(1.8) == ["0"]
    assert room.at(2.9) == ["0"]
    assert room.at(3.1) == ["0", "serial 1-1"]
    room.deliver(1)  # too late
    room.deliver(2)
    assert room.at(3.2) == ["0", "serial 1-1", "2"]
    books = room.delivery.counters()
    assert (books.sampled, books.unsampled) == (4, 2)
    assert room.sensing.counters()["hub-a"]["samples_late"] == 50


def test_when_the_program_stood_still_grace_begins_anew(room: Room) -> None:
    room.lesson(0, None)
    room.at(0.9)
    room.clock.advance(5.0)
    room.sensing.close_due()
    assert room.at(6.0) == []
    for second in range(6):
        room.deliver(second)
    assert room.at(6.1) == ["0", "1", "2", "3", "4", "5"]


def test_what_comes_at_once_after_a_pause_finds_room(room: Room) -> None:
    """Far more than `most_buffered_s`: seconds are closed while the rest is taken."""
    room.lesson(0, None)
    room.at(0.9)
    room.clock.advance(400.0)
    for second in range(400):
        room.deliver(second)
    room.sensing.close_due()
    assert room.sensing.counters()["hub-a"] == {"samples_late": 0, "samples_refused": 0}
    assert room.at(401.0)[:400] == [str(second) for second in range(400)]
    assert room.delivery.counters().sampled == 800


def test_a_hub_that_is_late_by_less_than_its_silence_loses_nothing(room: Room) -> None:
    room.sensing = room.made(grace_s=6.0)
    room.lesson(0, None)
    room.deliver(0)
    assert room.at(5.9) == ["0"]
    for second in range(1, 6):
        room.deliver(second)
    assert room.at(6.0) == [str(second) for second in range(6)]
    assert room.sensing.counters()["hub-a"]["samples_late"] == 0


def test_a_hub_that_is_up_and_gives_nothing_is_not_waited_for_long(room: Room) -> None:
    room.lesson(0, None)
    assert room.at(2.9) == ["serial 0-0"]  # the first two have their grace
    assert room.at(8.0) == ["serial 0-7"]
    room.deliver(8)
    assert room.at(9.0) == ["serial 0-7", "8"]


def test_a_batch_says_whether_time_was_known(room: Room) -> None:
    room.lesson(0, None)
    for second in range(2):
        room.deliver(second)
    room.at(1.0)
    room.sensing.synchronised = True
    room.at(2.0)
    flags = [item.message.synchronised for item in room.delivery._held.values()]
    assert flags == [False, True]
    assert all(isinstance(item.message, Batch) for item in room.delivery._held.values())
