"""The same logic on a Raspberry Pi Pico, as far as its emulator goes.

rp2040py has no boot ROM, and its bus and its line take no time, so what is seen here of timing is the
program's. A Pico takes the very file; its first step, the boot ROM's check of the second stage, is computed
here beside it.
"""

from __future__ import annotations

import math
import zlib

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
from tests.emulator import pico
from tests.emulator.emulated_hub import TICK_US, Bench, of, values

pytestmark = [pytest.mark.pico, pytest.mark.slow]

FLAT = (0, 0, 1000)
NOTHING = (SEAT_MISSING,) * 3


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("pico"))


@pytest.fixture
def hub(bench: Bench) -> pico.PicoBoard:
    """A Pico with eight seats that has said hello."""
    board = pico.PicoBoard(bench.flash(image="rp2040-hub.uf2"))
    board.meet()
    return board


def test_it_says_hello_when_it_is_asked(bench: Bench) -> None:
    board = pico.PicoBoard(bench.flash("hub-pico", 6, image="rp2040-hub.uf2"))
    assert not board.run_bytes(300)
    board.send(HelloRequest())
    first, *_ = board.run(5)
    assert first.sequence == 0
    assert first.content == Hello(
        is_start=True, has_levels=False, tick_hz=250_000, sample_rate_hz=50.0, counts_per_g=1000,
        seats=6, hub_id="hub-pico", firmware="roomtone-rp2040", firmware_version="1.0",
        takes_sense=True,
    )  # fmt: skip


def test_samples_come_at_exact_distances_with_what_the_seats_feel(hub: pico.PicoBoard) -> None:
    hub.do("seat 3 -0.25 0.5 0.75")
    hub.do("wave 6 1.0 2.0")
    hub.run(50)
    heard = hub.run(1_500)
    samples = values(of(SampleBlock, heard))
    assert len(samples) == 75
    assert set(np.diff([tick for tick, _ in samples])) == {5_000}
    for tick, axes in samples:
        assert axes[3] == (-250, 500, 750)
        assert axes[0] == FLAT
        read_s = tick * TICK_US / 1e6
        assert axes[6][0] / 1000 == pytest.approx(math.sin(4 * math.pi * read_s), abs=0.007)
    (status,) = of(Status, heard)
    assert (status.samples_dropped, status.frames_dropped, status.seats_missing) == (0, 0, 0)
    assert not hub.unframer.refused


def test_a_sensor_that_is_away_or_stands_still_is_missing(hub: pico.PicoBoard) -> None:
    hub.do("unplug 5")
    hub.do("freeze 2")
    away = hub.run(1_100)
    _, axes = values(of(SampleBlock, away))[-1]
    assert [seat for seat, xyz in enumerate(axes) if xyz == NOTHING] == [2, 5]
    assert of(Status, away)[-1].seats_missing == 1 << 5 | 1 << 2
    hub.do("plug 5")
    hub.do("thaw 2")
    _, axes = values(of(SampleBlock, hub.run(1_100)))[-1]
    assert axes == [FLAT] * 8


def test_clock_requests_are_answered_with_the_tick_of_their_last_byte(hub: pico.PicoBoard) -> None:
    for nonce in range(10):
        hub.run(7.3)
        asked_us = hub.now_us
        hub.send(ClockRequest(nonce=nonce))
        (reply,) = of(ClockReply, hub.run(3))
        assert reply.nonce == nonce
        assert 140 <= reply.receive_tick * TICK_US - asked_us + TICK_US <= 170


def test_a_held_line_gets_the_reply_before_the_backlog(hub: pico.PicoBoard) -> None:
    hub.do("hold 1")
    hub.run(500)
    hub.send(ClockRequest(nonce=7))
    hub.run(2)
    hub.do("hold 0")
    heard = hub.run(1_000)
    kinds = [type(each.content) for each in heard]
    assert kinds.index(ClockReply) <= 1
    assert 5 in [block.count for block in of(SampleBlock, heard)]
    ticks = [tick for tick, _ in values(of(SampleBlock, heard))]
    lost = int((np.diff(ticks) // 5_000 - 1).sum())
    assert lost == of(Status, heard)[-1].samples_dropped > 0


def test_the_watchdog_restarts_a_program_that_hangs(hub: pico.PicoBoard) -> None:
    hub.run(200)
    hub.do("hang")
    assert not hub.run(300)
    assert hub.resets == 1
    hub.send(HelloRequest())
    hub.send(Sense(seats=0xFF))
    heard = hub.run(200)
    assert [hello.is_start for hello in of(Hello, heard)] == [True]
    assert values(of(SampleBlock, heard))[-1][1] == [FLAT] * 8


def test_seats_that_are_not_wanted_are_not_read(hub: pico.PicoBoard) -> None:
    hub.send(Sense(seats=0b11))
    hub.run(100)
    before = [hub.reads(seat) for seat in range(8)]
    heard = hub.run(400)
    assert [hub.reads(seat) - before[seat] for seat in range(8)] == [20] * 2 + [0] * 6
    assert values(of(SampleBlock, heard))[-1][1] == [FLAT] * 2 + [NOTHING] * 6


def test_identify_blinks(hub: pico.PicoBoard) -> None:
    hub.send(Sense(seats=0))
    hub.run(50)
    assert hub.state()["led"] == 0
    hub.send(Identify(seconds=1))
    lights = set()
    for _ in range(10):
        hub.run(50)
        lights.add(hub.state()["led"])
    assert lights == {0.0, 1.0}


def test_the_second_stage_has_the_checksum_that_the_boot_rom_asks_for(bench: Bench) -> None:
    pages = dict(pico.uf2_pages(bench.flash(image="rp2040-hub.uf2").read_bytes()))
    first = pages[0x10000000]
    # The boot ROM's CRC-32 is zlib's with each byte's bits, and the result's, the other way round.
    mirrored = bytes(int(f"{byte:08b}"[::-1], 2) for byte in first[:252])
    expected = int(f"{zlib.crc32(mirrored) ^ 0xFFFFFFFF:032b}"[::-1], 2)
    assert int.from_bytes(first[252:256], "little") == expected
    assert pages[0x10010000][:4] == bytes((0xA7, 8, 0, 8)), "the setup has a page of its own"
