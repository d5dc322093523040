"""What the reference firmware sends, byte by byte, in a time that only the test moves."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from firmware_bridge.frames import (
    SEAT_MISSING,
    ClockReply,
    ClockRequest,
    Hello,
    HelloRequest,
    Identify,
    SampleBlock,
    Sense,
    Status,
)
from tests.emulator.emulated_hub import TICK_US, Bench, Heard, SteppedBoard, of, values

pytestmark = pytest.mark.emulator

STEP = 5_000
"""Ticks from one sample to the next at 50 Hz."""
FLAT = (0, 0, 1000)
NOTHING = (SEAT_MISSING,) * 3


def last_status(heard: list[Heard]) -> Status:
    return of(Status, heard)[-1]


def test_it_is_silent_until_a_host_asks_and_says_hello_first(bench: Bench) -> None:
    with SteppedBoard(bench, bench.flash("hub-A.1", 5)) as board:
        assert not board.run_bytes(2_000)
        board.send(HelloRequest())
        first, *_ = board.run(40)
        board.send(HelloRequest())
        second = of(Hello, board.run(40))
    assert first.sequence == 0
    assert first.content == Hello(
        is_start=True, has_levels=False, tick_hz=250_000, sample_rate_hz=50.0, counts_per_g=1000,
        seats=5, hub_id="hub-A.1", firmware="roomtone-atmega328p", firmware_version="1.0",
        takes_sense=True,
    )  # fmt: skip
    assert [hello.is_start for hello in second] == [False]


def test_half_a_frame_from_before_a_reset_is_ended_by_a_delimiter(bench: Bench) -> None:
    with SteppedBoard(bench, bench.flash()) as board:
        board.run(100)
        board.send(HelloRequest())
        first, *_ = board.run_bytes(10)
    assert first[1] == b"\0"


@pytest.mark.slow
def test_samples_come_at_exact_distances_and_none_is_missing(hub: SteppedBoard) -> None:
    heard = hub.run(10_000)
    ticks = [tick for tick, _ in values(of(SampleBlock, heard))]
    assert len(ticks) == 500
    assert set(np.diff(ticks)) == {STEP}
    sequences = [each.sequence for each in heard]
    assert all((b - a) % 256 == 1 for a, b in itertools.pairwise(sequences))
    assert not hub.unframer.refused
    status = last_status(heard)
    assert (status.samples_dropped, status.frames_dropped, status.requests_refused) == (0, 0, 0)
    assert status.seats_missing == 0
    assert status.uptime_s == 10
    # One frame a sample, sent soon after it was taken.
    sent = [each for each in heard if isinstance(each.content, SampleBlock)]
    late_us = [each.at_us - each.content.tick * TICK_US for each in sent]
    assert max(late_us) < 5_000


def test_a_movement_reaches_the_host_one_sample_later(hub: SteppedBoard) -> None:
    hub.run(500)
    moved_us = hub.state()["us"]
    hub.do("seat 3 -0.25 0.5 0.75")
    for tick, axes in values(of(SampleBlock, hub.run(200))):
        is_moved = axes[3] == (-250, 500, 750)
        assert is_moved or axes[3] == FLAT
        # Ticks are the middle of the reading: half of it is on either side.
        assert is_moved or tick * TICK_US < moved_us + 21_500
        assert axes[2] == axes[4] == FLAT


def test_a_sample_is_dated_when_its_seats_were_read(hub: SteppedBoard) -> None:
    for seat in range(8):
        hub.do(f"wave {seat} 1.0 2.0")
    for tick, axes in values(of(SampleBlock, hub.run(3_000))):
        at_s = tick * TICK_US / 1e6
        # Seat by seat 0.22 ms apart on the emulated bus; the tick is the middle of all. The wave
        # moves by at most 12.6 a second, so this is half a millisecond.
        for seat, (x, _, _) in enumerate(axes):
            read_s = at_s + (seat - 3.5) * 0.22e-3
            assert x / 1000 == pytest.approx(math.sin(2 * math.pi * 2 * read_s), abs=0.0065)


def test_the_largest_values_are_kept_within_what_the_sensor_can_give(hub: SteppedBoard) -> None:
    hub.do("seat 0 -5 5 0")
    assert values(of(SampleBlock, hub.run(100)))[-1][1][0] == (-2048, 2047, 0)


def test_a_sensor_that_stops_answering_is_missing_and_comes_back(hub: SteppedBoard) -> None:
    hub.do("seat 5 0.1 0.2 0.3")
    hub.run(1_000)
    hub.do("unplug 5")
    away = hub.run(2_500)
    seen = [axes for _, axes in values(of(SampleBlock, away))]
    assert [axes[5] for axes in seen[1:]] == [NOTHING] * (len(seen) - 1)
    assert all(axes[4] == axes[6] == FLAT for axes in seen)
    assert last_status(away).seats_missing == 1 << 5
    hub.do("plug 5")
    back = [axes[5] for _, axes in values(of(SampleBlock, hub.run(1_500)))]
    returned = back.index((100, 200, 300))
    assert returned <= 51, "a missing sensor is tried each second"
    assert set(back[:returned]) == {NOTHING}
    assert set(back[returned:]) == {(100, 200, 300)}
    assert last_status(hub.run(1_100)).seats_missing == 0


@pytest.mark.parametrize("fault", ("dip", "freeze"))
def test_a_sensor_without_new_values_is_missing_not_repeated(hub: SteppedBoard, fault: str) -> None:
    hub.run(100)
    hub.do(f"{fault} 2")
    axes = [axes[2] for _, axes in values(of(SampleBlock, hub.run(100)))]
    assert NOTHING in axes
    assert set(axes) <= {NOTHING, FLAT}
    hub.do("thaw 2")
    hub.run(1_100)
    assert {axes[2] for _, axes in values(of(SampleBlock, hub.run(200)))} == {FLAT}


def test_a_sensor_may_have_either_address(bench: Bench) -> None:
    with SteppedBoard(bench, bench.flash()) as board:
        board.do("address 7 25")
        board.do("seat 7 0 0 -1")
        heard = board.meet() + board.run(100)
    assert values(of(SampleBlock, heard))[-1][1][7] == (0, 0, -1000)


def test_no_sensor_at_all_makes_no_reading_up_and_loses_no_time(bench: Bench) -> None:
    with SteppedBoard(bench, bench.flash("hub-bare", 3)) as board:
        for seat in range(8):
            board.do(f"unplug {seat}")
        board.meet()
        heard = board.run(2_000)
    samples = values(of(SampleBlock, heard))
    assert len(samples) == 100
    assert all(axes == [NOTHING] * 3 for _, axes in samples)
    assert last_status(heard).seats_missing == 0b111


def test_clock_round_trips_carry_the_tick_of_the_last_byte(hub: SteppedBoard) -> None:
    for nonce in range(40):
        hub.run(7.3)
        hub.send(ClockRequest(nonce=nonce))
        asked_us = hub.state()["us"]
        (heard,) = (each for each in hub.run(5.4) if isinstance(each.content, ClockReply))
        reply = heard.content
        assert isinstance(reply, ClockReply)
        assert reply.nonce == nonce
        # Seven bytes of 20 µs each; the emulator hands them over within a slice of 200 µs.
        assert 0 < reply.receive_tick * TICK_US - asked_us < 140 + 250
        assert reply.receive_tick <= reply.transmit_tick
        assert heard.at_us - reply.transmit_tick * TICK_US < 500


def test_clock_requests_are_answered_before_a_backlog(hub: SteppedBoard) -> None:
    hub.run(1_000)
    hub.do("hold 1")
    hub.run(220)
    hub.send(ClockRequest(nonce=7))
    hub.run(5)
    hub.do("hold 0")
    heard = hub.run(30)
    # What was under way, then the reply, then the samples that waited, in frames of five.
    kinds = [type(each.content) for each in heard]
    place = kinds.index(ClockReply)
    assert place <= 1
    assert [block.count for block in of(SampleBlock, heard[place:])][:2] == [5, 5]
    assert [(each.sequence - heard[0].sequence) % 256 for each in heard] == list(range(len(heard)))


@pytest.mark.slow
def test_an_overflow_drops_the_oldest_samples_and_counts_them(hub: SteppedBoard) -> None:
    before = values(of(SampleBlock, hub.run(1_000)))[-1][0]
    hub.do("hold 1")
    hub.run(2_000)
    hub.do("hold 0")
    heard = hub.run(1_500)
    ticks = [before, *(tick for tick, _ in values(of(SampleBlock, heard)))]
    steps = np.diff(ticks)
    assert (steps % STEP == 0).all()
    assert (steps > 0).all()
    missing = int((steps // STEP - 1).sum())
    assert missing == last_status(heard).samples_dropped
    assert 80 <= missing <= 90, "the ring holds 16 of 100 samples"


def test_requests_that_find_no_room_are_counted_and_show_in_the_sequence(
    hub: SteppedBoard,
) -> None:
    last = hub.run(100)[-1].sequence
    hub.do("hold 1")
    hub.run(25)
    for nonce in range(6):
        hub.send(ClockRequest(nonce=nonce))
        hub.run(3)
    hub.do("hold 0")
    heard = hub.run(1_200)
    assert [reply.nonce for reply in of(ClockReply, heard)] == [0, 1, 2, 3]
    assert last_status(heard).frames_dropped == 2
    sequences = [last, *(each.sequence for each in heard)]
    jumps = [(b - a - 1) % 256 for a, b in itertools.pairwise(sequences)]
    assert sum(jumps) == 2


@pytest.mark.parametrize(
    "data",
    (
        "0181020000",
        "02810100",  # a wrong CRC
        "05" * 60 + "00",  # longer than any request
        "02810300",
    ),
)
def test_what_is_no_request_is_refused_and_counted(hub: SteppedBoard, data: str) -> None:
    hub.do("send " + data)
    assert last_status(hub.run(1_100)).requests_refused == data.count("00", len(data) - 2)
    hub.send(ClockRequest(nonce=3))
    assert of(ClockReply, hub.run(10)), "and it is in step again"


def test_a_type_that_the_hub_does_not_know_is_refused(hub: SteppedBoard) -> None:
    hub.send(Status(
        tick=0, uptime_s=0, samples_dropped=0, frames_dropped=0, requests_refused=0,
        seats_missing=0, is_sound_missing=False,
    ))  # fmt: skip
    assert last_status(hub.run(1_100)).requests_refused == 1


def test_identify_blinks_for_so_long_and_not_longer(hub: SteppedBoard) -> None:
    hub.send(Sense(seats=0))

    def blinks(seconds: float) -> int:
        lights = []
        for _ in range(int(seconds * 20)):
            hub.run(50)
            lights.append(hub.state()["led"])
        return int(np.abs(np.diff(lights)).sum())

    hub.run(100)
    assert blinks(1) == 0
    hub.send(Identify(seconds=2))
    assert 8 <= blinks(2) <= 12
    assert blinks(1) == 0
    hub.send(Identify(seconds=200))
    assert blinks(1) > 2
    hub.send(Identify(seconds=0))
    hub.run(5)
    assert blinks(1) == 0


@pytest.mark.slow
def test_the_watchdog_restarts_a_program_that_hangs(hub: SteppedBoard) -> None:
    hub.run(5_000)
    hub.do("hang")
    assert not hub.run(1_000), "after a reset it waits for a host again"
    hub.send(HelloRequest())
    hub.send(Sense(seats=0xFF))
    heard = hub.run(1_500)
    (hello,) = of(Hello, heard)
    assert hello.is_start
    assert heard[0].sequence == 0
    status = last_status(heard)
    assert status.uptime_s <= 2
    # It came back within the watchdog's quarter of a second.
    assert hub.state()["us"] - status.tick * TICK_US < 5_400_000 + 500_000
    assert {tuple(axes) for _, axes in values(of(SampleBlock, heard))} == {(FLAT,) * 8}


def test_the_count_wraps_after_32_bits(bench: Bench) -> None:
    with SteppedBoard(bench, bench.flash()) as board:
        board.run(100)
        board.do(f"poke {bench.address('overflows')} 65528")  # the upper 16 bits
        board.send(HelloRequest())
        board.send(Sense(seats=0xFF))
        heard = board.run(4_000)
        board.send(ClockRequest(nonce=1))
        (reply,) = of(ClockReply, board.run(10))
    ticks = [tick for tick, _ in values(of(SampleBlock, heard))]
    assert ticks[0] > 4_294_000_000
    assert ticks[-1] < 1_000_000
    assert {(b - a) % (1 << 32) for a, b in itertools.pairwise(ticks)} == {STEP}
    assert 0 < reply.receive_tick - ticks[-1] < 10_000


@pytest.mark.slow
@pytest.mark.parametrize("seed", (1, 2, 3))
def test_a_line_that_flips_bits_gives_no_wrong_value(hub: SteppedBoard, seed: int) -> None:
    hub.do(f"flips 250 {seed}")  # of a million: two bytes in a thousand
    heard = hub.run(20_000)
    samples = values(of(SampleBlock, heard))
    assert 700 < len(samples) < 1_000
    assert sum(hub.unframer.refused.values()) > 50
    assert all(axes == [FLAT] * 8 for _, axes in samples)
    assert set(np.diff([tick for tick, _ in samples]) % STEP) == {0}


def test_nothing_is_read_before_the_host_names_seats(bench: Bench) -> None:
    with SteppedBoard(bench, bench.flash()) as board:
        board.run(100)
        board.send(HelloRequest())
        heard = board.run(2_500)
        assert not of(SampleBlock, heard)
        assert len(of(Status, heard)) == 2
        for seat in range(8):
            assert board.reads(seat) == 0
            assert board.do(f"asleep {seat}") == "1"
        assert board.state()["led"] == 0


def test_a_seat_that_is_left_out_is_never_read(hub: SteppedBoard) -> None:
    hub.run(500)
    hub.send(Sense(seats=0xFF ^ 1 << 4))
    hub.run(100)
    before = [hub.reads(seat) for seat in range(8)]
    heard = hub.run(2_000)
    assert [hub.reads(seat) - before[seat] for seat in range(8)] == [100] * 4 + [0] + [100] * 3
    assert hub.do("asleep 4") == "1"
    for _, axes in values(of(SampleBlock, heard)):
        assert axes == [FLAT] * 4 + [NOTHING] + [FLAT] * 3
    assert last_status(heard).seats_missing == 0, "its sensor is there, and sleeps"
    hub.send(Sense(seats=0xFF))
    assert values(of(SampleBlock, hub.run(200)))[-1][1] == [FLAT] * 8


def test_at_rest_no_seat_is_read_and_missing_ones_are_still_named(hub: SteppedBoard) -> None:
    assert hub.state()["led"] == 1, "the light shows that seats are read"
    hub.send(Sense(seats=0))
    hub.run(50)
    before = [hub.reads(seat) for seat in range(8)]
    hub.do("unplug 6")
    heard = hub.run(2_500)
    assert not of(SampleBlock, heard)
    assert last_status(heard).seats_missing == 1 << 6
    assert [hub.reads(seat) for seat in range(8)] == before
    assert hub.state()["led"] == 0
    hub.do("plug 6")
    hub.send(Sense(seats=0xFF))
    awake_us = hub.state()["us"]
    heard = hub.run(1_000)
    samples = values(of(SampleBlock, heard))
    assert samples[0][0] * TICK_US - awake_us < 120_000
    assert {tuple(axes) for _, axes in samples} == {(FLAT,) * 8}


@pytest.mark.slow
def test_without_a_host_the_sensors_go_to_sleep(hub: SteppedBoard) -> None:
    hub.send(Sense(seats=0xFF))
    assert len(values(of(SampleBlock, hub.run(29_000)))) == 1_450
    hub.run(1_500)
    assert not of(SampleBlock, hub.run(1_000))
    assert hub.do("asleep 0") == "1"
