"""The host's side against the hub's side on a line that is stepped through time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_bridge.conversation import Conversation
from firmware_bridge.events import (
    FramesMissing,
    HubDown,
    HubEvent,
    HubSamples,
    HubStatus,
    HubUp,
    Levels,
)
from firmware_bridge.frames import Hello, HelloRequest, Identify, SampleBlock, Sense, encode
from firmware_bridge.framing import frame
from simulators.hubs.link_faults import LinkFaults
from tests.examples import examples

Indexes = Callable[[list[HubEvent]], "np.ndarray[Any, np.dtype[np.int64]]"]
START_NS = 1_000_000_000


def dates(events: list[HubEvent]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.concatenate([event.boot_ns for event in events if isinstance(event, HubSamples)])


def kinds(events: list[HubEvent], *wanted: type) -> list[HubEvent]:
    return [event for event in events if isinstance(event, wanted)]


def test_a_good_line_gives_every_sample_at_its_time(
    wire: Callable[..., Any], indexes: Indexes
) -> None:
    line = wire(drift_ppm=200.0)
    events = line.run(6.0)
    found = indexes(events)
    assert found.tolist() == list(range(251))
    true = START_NS + np.arange(251) * 20_000_000 / (1 + 200e-6)
    assert np.abs(dates(events) - true).max() < 2_000_000
    assert isinstance(events[0], HubUp)
    assert kinds(events, HubDown, FramesMissing) == []
    levels = [event for event in events if isinstance(event, Levels)]
    assert {float(value) for event in levels for value in event.laeq} == {55.25}
    assert len(levels) == 40
    assert len(kinds(events, HubStatus)) >= 4
    assert line.talk.frames_good == line.talk.unframer.frames_good


def test_samples_wait_for_the_clock(wire: Callable[..., Any], indexes: Indexes) -> None:
    line = wire()
    line.program.has_host = True
    line.up.faults = LinkFaults(lost=1.0)
    assert line.run(3.0) == []
    line.up.faults = LinkFaults()
    events = line.run(1.5)
    assert isinstance(events[0], HubUp)
    assert indexes(events)[0] == 0
    assert (np.diff(indexes(events)) == 1).all()
    assert abs(int(dates(events)[0]) - START_NS) < 2_000_000


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    faults=st.sampled_from(
        [
            LinkFaults(bit_flips=0.002),
            LinkFaults(lost=0.1),
            LinkFaults(doubled=0.3),
            LinkFaults(doubled=0.2, garbage=0.1),
            LinkFaults(is_trickling=True, delay_s=0.003, jitter_s=0.01),
            LinkFaults(stall_every_s=1.3, stall_s=0.4),
            LinkFaults(bit_flips=0.001, lost=0.05, doubled=0.1, garbage=0.1, jitter_s=0.02),
        ]
    ),
    block=st.sampled_from([1, 5]),
)
def test_a_bad_line_gives_no_wrong_sample_and_reports_what_is_missing(
    wire: Callable[..., Any], indexes: Indexes, seed: int, faults: LinkFaults, block: int
) -> None:
    line = wire(faults=faults, seed=seed, block=block)
    events = line.run(12.0)
    found = indexes(events)
    assert len(found) > 200
    assert (np.diff(found) > 0).all()
    assert (np.diff(dates(events)) > 0).all()
    missing = [event for event in events if isinstance(event, FramesMissing)]
    reported = sum(event.samples for event in missing if event.after_ns is not None)
    if not kinds(events, HubDown):
        assert reported == (np.diff(found) - 1).sum() == line.talk.counts.samples_missing
    if faults.lost == faults.bit_flips == faults.garbage == 0:
        assert missing == []
        assert len(found) >= 545
    true = START_NS + found * 20_000_000
    assert np.abs(dates(events) - true).max() < 250_000_000


def test_a_reset_is_reported_and_the_samples_go_on(
    wire: Callable[..., Any], indexes: Indexes
) -> None:
    line = wire()
    events = line.run(8.0, at={4.0: lambda line: line.offer(line.program.reset(line.now_ns))})
    ups_and_downs = kinds(events, HubUp, HubDown)
    assert [type(event) for event in ups_and_downs] == [HubUp, HubDown, HubUp]
    assert "reset" in getattr(ups_and_downs[1], "reason", "")
    found = indexes(events)
    assert (np.diff(found) >= 0).all()
    assert found[-1] >= 345
    assert np.diff(found).max() <= 2


@pytest.mark.parametrize("uptime_ticks", (0, 2**31 + 10**6, 2**32 - 3 * 10**6))
def test_a_reset_whose_hello_was_lost_is_noticed(
    wire: Callable[..., Any], indexes: Indexes, uptime_ticks: int
) -> None:
    line = wire(first_tick=uptime_ticks)
    events = line.run(10.0, at={4.0: lambda line: line.program.reset(line.now_ns)})
    ups_and_downs = kinds(events, HubUp, HubDown)
    assert [type(event) for event in ups_and_downs] == [HubUp, HubDown, HubUp]
    found = indexes(events)
    assert (np.diff(found) >= 0).all()
    assert found[-1] >= 440
    true = START_NS + found * 20_000_000
    assert np.abs(dates(events) - true).max() < 25_000_000


@pytest.mark.parametrize("is_hello_lost", (False, True))
def test_a_reset_within_one_read_loses_nothing(
    wire: Callable[..., Any], indexes: Indexes, is_hello_lost: bool
) -> None:
    line = wire()
    events = line.run(4.0)
    read = bytearray()

    def offer(data: bytes) -> bool:
        read.extend(data)
        return True

    line.offer = offer
    for ms in range(1, 401):
        if ms == 200:
            hello = line.program.reset(line.now_ns + ms * 1_000_000)
            if not is_hello_lost:
                line.offer(hello)
        line.program.take(line.now_ns + ms * 1_000_000, line.offer)
    line.now_ns += 400_000_000
    events += line.talk.receive(bytes(read), elapsed_ns=line.now_ns, boot_ns=line.now_ns)
    del line.offer
    events += line.run(2.0)
    found = indexes(events)
    assert np.diff(found).tolist().count(0) <= 1
    assert np.unique(found).tolist() == list(range(found[-1] + 1))
    assert line.talk.counts.samples_undated == 0
    true = START_NS + found * 20_000_000
    assert np.abs(dates(events) - true).max() < 25_000_000


def test_ticks_may_wrap(wire: Callable[..., Any], indexes: Indexes) -> None:
    line = wire(first_tick=2**32 - 500_000)
    events = line.run(6.0)
    assert indexes(events).tolist() == list(range(251))
    assert kinds(events, HubDown) == []


def test_a_seat_without_sensor_is_missing(wire: Callable[..., Any]) -> None:
    line = wire()
    line.program.seats_missing.add(1)
    events = line.run(2.0)
    (first, *_) = [event for event in events if isinstance(event, HubSamples)]
    assert np.isnan(first.acceleration[:, 1]).all()
    assert not np.isnan(first.acceleration[:, [0, 2]]).any()


def test_what_a_full_hub_dropped_is_reported(wire: Callable[..., Any], indexes: Indexes) -> None:
    line = wire()
    line.run(3.0)
    offer = line.offer
    line.offer = lambda data: False
    events = line.run(0.5)
    line.offer = offer
    events += line.run(2.5)
    # A clock reply in between reports some of the frames: 25 of samples and 4 of levels.
    reported = [event for event in events if isinstance(event, FramesMissing)]
    assert sum(event.frames for event in reported) == line.talk.counts.frames_missing == 29
    missing = reported[-1]
    assert missing.samples == 25
    assert missing.after_ns is not None
    assert 0.5e9 < missing.before_ns - missing.after_ns < 0.54e9
    (status, *_) = [event.status for event in events if isinstance(event, HubStatus)]
    assert status.samples_dropped == 25
    assert (np.diff(indexes(events)) == 1).all()


def test_what_was_missed_between_two_connections_is_reported(wire: Callable[..., Any]) -> None:
    line = wire()
    line.run(3.0)
    line.talk.close()
    line.talk._before = None  # the ticks may have begun again
    line.program.has_host = False
    line.now_ns += 2_000_000_000
    events = line.run(2.0)
    (missing,) = [event for event in events if isinstance(event, FramesMissing)]
    assert 98 <= missing.samples <= 102
    assert missing.undated == 0


@pytest.mark.parametrize("drift_ppm", (0.0, 200.0, -200.0))
def test_what_a_silent_hub_has_kept_is_dated_without_a_seam(
    wire: Callable[..., Any], indexes: Indexes, drift_ppm: float
) -> None:
    line = wire(drift_ppm=drift_ppm, block=5)
    events = line.run(20.0)
    line.talk.close()
    # A connection of which nothing is heard leaves on what was known before it.
    line.talk.close()
    line.now_ns += 60_000_000_000
    events += line.run(3.0)
    found = indexes(events)
    assert (np.diff(found) == 1).all()
    assert kinds(events, FramesMissing) == []
    steps = np.diff(dates(events))
    assert steps.min() > 19_000_000
    assert steps.max() < 21_000_000
    true = START_NS + found * 20_000_000 / (1 + drift_ppm * 1e-6)
    assert np.abs(dates(events) - true).max() < 3_000_000


def test_a_hub_that_began_anew_while_nobody_listened_is_not_dated_by_its_old_ticks(
    wire: Callable[..., Any], indexes: Indexes
) -> None:
    line = wire()
    events = line.run(20.0)
    line.talk.close()
    line.now_ns += 10_000_000_000
    line.program.reset(line.now_ns)  # its HELLO is lost
    events += line.run(5.0)
    found = indexes(events)
    true = START_NS + found * 20_000_000
    assert np.abs(dates(events) - true).max() < 25_000_000
    assert found[-1] > 1650


def test_what_came_and_could_not_be_dated_is_counted_apart(wire: Callable[..., Any]) -> None:
    line = wire()
    line.talk = Conversation(hub="h", max_held=2)
    line.run(3.0)
    line.talk.close()
    line.talk._before = None
    undated = line.talk.counts.samples_undated
    # The hub speaks and can't be asked: its samples wait, and all but two are given up.
    hear, line.program.receive = line.program.receive, lambda data, boot_ns: b""
    line.run(1.0)
    line.program.receive = hear
    events = line.run(2.0)
    holes = [event for event in events if isinstance(event, FramesMissing) and event.samples]
    assert line.talk.counts.samples_undated - undated > 40
    assert sum(hole.undated for hole in holes) > 40
    assert all(hole.undated <= hole.samples for hole in holes)


def test_another_protocol_version_is_reported_once() -> None:
    talk = Conversation(hub="h")
    foreign = frame(b"\x01\x00\x07later")
    events = talk.receive(foreign, elapsed_ns=0, boot_ns=0)
    events += talk.receive(frame(b"\x01\x01\x07later"), elapsed_ns=1, boot_ns=1)
    (down,) = events
    assert isinstance(down, HubDown)
    assert "version 7, this program version 1; update Roomtone" in down.reason
    assert dict(talk.refused) == {"version": 2}


def a_hello(*, takes_sense: bool, is_start: bool = True) -> bytes:
    hello = Hello(
        is_start=is_start, has_levels=False, tick_hz=250_000, sample_rate_hz=50.0,
        counts_per_g=1000, seats=2, hub_id="x", firmware="f", firmware_version="1",
        takes_sense=takes_sense,
    )  # fmt: skip
    return frame(encode(hello))


def test_a_hub_that_takes_sense_hears_each_second_and_at_once_what_may_be_read() -> None:
    talk = Conversation(hub="h")
    assert talk.sense(0b11, elapsed_ns=0) == b"", "nothing before its HELLO"
    talk.receive(a_hello(takes_sense=True), elapsed_ns=0, boot_ns=0)
    assert talk.sense(0b11, elapsed_ns=0) == frame(encode(Sense(seats=0b11)))
    assert talk.sense(0b11, elapsed_ns=999_999_999) == b""
    assert talk.sense(0b11, elapsed_ns=1_000_000_000) == frame(encode(Sense(seats=0b11)))
    assert talk.sense(0b01, elapsed_ns=1_000_000_001) == frame(encode(Sense(seats=0b01)))
    assert talk.sense(0, elapsed_ns=1_000_000_002) == frame(encode(Sense(seats=0)))
    # A hub that was reset reads nothing until it hears it again.
    talk.receive(a_hello(takes_sense=True), elapsed_ns=1_000_000_003, boot_ns=0)
    talk.receive(frame(encode(Identify(seconds=1), 1)), elapsed_ns=0, boot_ns=0)
    talk.receive(a_hello(takes_sense=True), elapsed_ns=1_000_000_004, boot_ns=0)
    assert talk.sense(0, elapsed_ns=1_000_000_005) == frame(encode(Sense(seats=0)))


def test_another_hub_is_not_asked_what_it_does_not_know() -> None:
    talk = Conversation(hub="h")
    talk.receive(a_hello(takes_sense=False), elapsed_ns=0, boot_ns=0)
    assert talk.sense(0, elapsed_ns=0) == b""


def test_what_does_not_fit_is_counted() -> None:
    talk = Conversation(hub="h")
    hello = Hello(
        is_start=True,
        has_levels=False,
        tick_hz=250_000,
        sample_rate_hz=50.0,
        counts_per_g=1000,
        seats=2,
        hub_id="x",
        firmware="f",
        firmware_version="1",
    )
    talk.receive(frame(encode(hello)), elapsed_ns=0, boot_ns=0)
    for payload in (b"\x77\x01", encode(HelloRequest(), 2), b"\x02\x03abc"):
        assert talk.receive(frame(payload), elapsed_ns=0, boot_ns=0) == []
    assert dict(talk.refused) == {"type": 2, "body": 1}
    assert talk.frames_good == 1


@pytest.mark.parametrize("most", (4096, 100))
def test_samples_that_are_never_dated_are_given_up_and_counted(most: int) -> None:
    talk = Conversation(hub="h", max_held=most)
    for i in range(5000):
        block = SampleBlock(tick=i * 5000, step=5000, count=1, seats=1, raw=bytes(6))
        assert talk.receive(frame(encode(block, i)), elapsed_ns=0, boot_ns=0) == []
    assert talk.counts.samples_undated == talk.undated == 5000 - most
    talk.close()
    # The next connection reports them as soon as it knows when that was.
    assert talk.counts.samples_undated == talk.undated == 5000


@given(data=st.lists(st.binary(max_size=80), max_size=20))
def test_garbage_never_raises(data: list[bytes]) -> None:
    talk = Conversation(hub="h")
    for i, piece in enumerate(data):
        talk.receive(piece + b"\0", elapsed_ns=i, boot_ns=i)
        talk.request(elapsed_ns=i, boot_ns=i)
