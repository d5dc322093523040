"""When seconds are closed, and what stands for those that are not sampled."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from contract.clock import ManualClock
from contract.wire.messages import Config, LessonSpan
from contract.wire.parts import is_late_part, late_part, line_of
from contract.wire.payload import Batch, Gap
from edge_agent.identity import Identity
from edge_agent.outbox.store import Outbox
from edge_agent.publishing.delivery import Delivery
from edge_agent.sensing.seconds import Sensing
from edge_agent.settings import EdgeSettings
from firmware_bridge.events import FramesMissing, HubSamples, HubUp
from firmware_bridge.frames import Hello

SECOND = 1_000_000_000
LATE = late_part(1)


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
        sensing.take(HubUp(hub="hub-a", hello=hello))
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
        self.sensing.take(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))

    def at(self, seconds: float) -> list[str]:
        """Go to this time in small steps, as the agent does; returns what is held then."""
        while self.clock.now_ns < round(seconds * SECOND):
            step_ns = min(SECOND // 10, round(seconds * SECOND) - self.clock.now_ns)
            self.clock.now_ns += step_ns
            self.sensing.close_due()
        return [describe(item.message) for item in self.delivery._held.values()]


def describe(message: Batch | Gap) -> str:
    """A message in short; of a part of the run, which hub it is about."""
    part, span = message.part, f"{message.first_seq}-{message.last_seq}"
    what = f"{message.reason} {span}" if isinstance(message, Gap) else str(message.first_seq)
    if isinstance(message, Batch) and message.n > 1:
        what = span
    if not part:
        return what
    return f"hub {line_of(part)} {'late' if is_late_part(part) else 'gap'}: {what}"


@pytest.fixture
def room(make_outbox: Callable[..., Outbox]) -> Room:
    return Room(make_outbox())


def test_outside_lessons_one_gap_stands_for_all_that_passed(room: Room) -> None:
    room.lesson(5, 7)
    for second in range(12):
        room.deliver(second)
    assert room.at(5.0) == []  # nothing to report yet
    assert room.at(7.0) == ["off 0-4", "5", "6"]
    assert room.sensing.is_sampling
    assert room.at(10.0) == ["off 0-4", "5", "6"]
    assert not room.sensing.is_sampling
    room.sensing.add_skipped_gap()
    assert room.at(10.0) == ["off 0-4", "5", "6", "off 7-9"]
    assert room.delivery.counters().sampled == 4


def test_a_pause_is_a_gap_of_its_own(room: Room) -> None:
    room.lesson(0, None)
    for second in range(10):
        room.deliver(second)
    room.at(2.0)
    room.sensing.pause(frozenset({"command"}), boot_ns=room.clock.boot_ns())
    room.at(4.0)
    room.sensing.pause(frozenset(), boot_ns=room.clock.boot_ns())
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
    closed = ["0", "hub 1 gap: serial 1-1", "serial 1-1"]
    assert room.at(3.1) == closed
    assert room.delivery.counters().unsampled == 2
    room.deliver(1)  # too late for its period
    room.deliver(2)
    assert room.at(3.2) == [*closed, "2", "hub 1 late: 1"]
    books = room.delivery.counters()
    assert (books.sampled, books.unsampled, books.waiting) == (6, 0, 6)
    assert room.sensing.assembler.counters()["hub-a"]["samples_late"] == 0


def test_what_a_hub_kept_through_a_long_stall_comes_late_and_whole(room: Room) -> None:
    room.lesson(0, None)
    room.deliver(0)
    room.at(1.0)
    room.at(400.0)
    for second in range(1, 400):
        room.deliver(second)
    room.at(400.1)
    late = [item.message for item in room.delivery._held.values() if item.message.part == LATE]
    assert [seq for m in late for seq in range(m.first_seq, m.last_seq + 1)] == list(range(1, 400))
    assert len(late) < 60  # most are of ten seconds
    assert all(isinstance(m, Batch) and m.waited_ms is None for m in late)
    books = room.delivery.counters()
    assert (books.sampled, books.unsampled) == (800, 0)
    assert books.sampled == books.waiting + books.acked + books.gap
    assert room.sensing.assembler.counters()["hub-a"] == {"samples_late": 0, "samples_refused": 0}


def test_one_event_with_all_that_a_hub_kept_finds_room(room: Room) -> None:
    """What waited for a date comes as one event, longer than the buffer."""
    room.lesson(0, None)
    room.deliver(0)
    room.at(500.0)
    times = SECOND + 10_000_000 + np.arange(50 * 499, dtype=np.int64) * 20_000_000
    rows = np.zeros((len(times), 2, 3), np.float32)
    rows[:, :, 2] = 1.0
    room.sensing.take(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))
    room.at(500.1)
    assert room.delivery.counters().sampled == 1000
    assert room.sensing.assembler.counters()["hub-a"] == {"samples_late": 0, "samples_refused": 0}


def test_seconds_without_a_lesson_do_not_come_late(room: Room) -> None:
    room.lesson(2, 4)
    room.at(10.0)
    for second in range(10):
        room.deliver(second)
    late = [what for what in room.at(10.1) if what.startswith("hub 1 late")]
    assert late == ["hub 1 late: 2-3"]
    assert room.delivery.counters().sampled == 4


def test_at_the_end_what_is_there_of_a_second_counts(room: Room) -> None:
    room.lesson(0, None)
    room.deliver(0)
    room.at(1.0)
    times = SECOND + 10_000_000 + np.arange(40, dtype=np.int64) * 20_000_000
    rows = np.zeros((40, 2, 3), np.float32)
    rows[:, :, 2] = 1.0
    room.sensing.take(HubSamples(hub="hub-a", boot_ns=times, acceleration=rows))
    before = room.at(5.0)
    room.sensing.end()
    assert room.at(5.0) == [*before, "hub 1 late: 1"]
    assert room.delivery.counters().sampled == 4


def test_readings_without_a_date_are_a_gap_of_their_hub_that_says_so(room: Room) -> None:
    room.lesson(0, None)
    room.deliver(0)
    room.at(8.0)
    room.sensing.take(
        FramesMissing(
            hub="hub-a", frames=0, samples=300, after_ns=990_000_000, before_ns=7_010_000_000,
            undated=300,
        )
    )  # fmt: skip
    room.deliver(7)
    room.deliver(8)
    late = [what for what in room.at(9.0) if what.startswith("hub 1 late")]
    assert late == ["hub 1 late: unused 1-6", "hub 1 late: 7"]


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
    """Far more than `max_buffered_s`: seconds are closed while the rest is taken."""
    room.lesson(0, None)
    room.at(0.9)
    room.clock.advance(400.0)
    for second in range(400):
        room.deliver(second)
    room.sensing.close_due()
    assert room.sensing.assembler.counters()["hub-a"] == {"samples_late": 0, "samples_refused": 0}
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
    assert room.sensing.assembler.counters()["hub-a"]["samples_late"] == 0


def test_a_hub_that_is_up_and_gives_nothing_is_not_waited_for_long(room: Room) -> None:
    room.lesson(0, None)
    # The first two have their grace.
    assert room.at(2.9) == ["hub 1 gap: serial 0-0", "serial 0-0"]
    assert room.at(8.0) == ["hub 1 gap: serial 0-7", "serial 0-7"]
    room.deliver(8)
    assert room.at(9.0) == ["hub 1 gap: serial 0-7", "serial 0-7", "8"]


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
