"""A hub's analog sound level meter: levels of 125 ms, and none that nobody measured."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from firmware_bridge.frames import LEVEL_MISSING, Hello, HelloRequest, LevelBlock, Sense, Status
from tests.emulator.emulated_hub import Bench, Heard, SteppedBoard, of

pytestmark = pytest.mark.emulator

STEP = 31_250


@pytest.fixture
def hub(bench: Bench) -> Iterator[SteppedBoard]:
    """A hub with a meter that shows 60 dB(A), which is 1.2 V."""
    with SteppedBoard(bench, bench.flash("hub-loud", 5, sound=True)) as board:
        board.do("sound 1200")
        board.meet()
        yield board


def levels(heard: list[Heard]) -> list[tuple[int, int]]:
    """Each level's tick and hundredths of dB(A)."""
    return [
        (block.tick + i * block.step, level)
        for block in of(LevelBlock, heard)
        for i, level in enumerate(block.hundredths)
    ]


def test_a_hub_with_a_meter_says_so(bench: Bench) -> None:
    with SteppedBoard(bench, bench.flash("hub-loud", 5, sound=True)) as board:
        board.run(100)
        board.send(HelloRequest())
        (hello,) = of(Hello, board.run(20))
    assert hello.has_levels


@pytest.mark.parametrize("millivolts", (800, 1237, 1900, 2500))
def test_levels_come_each_eighth_of_a_second_without_a_hole(
    hub: SteppedBoard, millivolts: int
) -> None:
    hub.do(f"sound {millivolts}")
    hub.run(300)
    found = levels(hub.run(2_000))
    assert len(found) == 16
    assert set(np.diff([tick for tick, _ in found])) == {STEP}
    # 10 bits of 5 V are steps of 0.25 dB.
    assert [level for _, level in found] == pytest.approx([millivolts * 5] * 16, abs=25)


def test_levels_are_averaged_as_energy(hub: SteppedBoard) -> None:
    hub.run(300)
    found = []
    for _ in range(40):  # 40 and 80 dB(A) by turns, each for one reading of the meter
        for millivolts in (800, 1600):
            hub.do(f"sound {millivolts}")
            found += levels(hub.run(20))
    mean = 10 * math.log10(np.mean([10 ** (level / 1000) for _, level in found[1:]]))
    assert mean == pytest.approx(10 * math.log10((10**4 + 10**8) / 2), abs=0.4), "not 60"


def test_a_meter_that_is_not_there_has_no_level(hub: SteppedBoard) -> None:
    hub.do("sound 0")
    hub.run(300)
    heard = hub.run(1_200)
    assert {level for _, level in levels(heard)} == {LEVEL_MISSING}
    assert of(Status, heard)[-1].is_sound_missing
    hub.do("sound 1200")
    hub.run(300)
    heard = hub.run(1_200)
    assert LEVEL_MISSING not in {level for _, level in levels(heard)}
    assert not of(Status, heard)[-1].is_sound_missing


def test_at_rest_nobody_listens(hub: SteppedBoard) -> None:
    hub.send(Sense(seats=0))
    hub.run(300)
    assert not levels(hub.run(1_000))
    hub.send(Sense(seats=1))
    assert len(levels(hub.run(1_200))) in {8, 9}


def test_a_held_line_keeps_the_newest_levels(hub: SteppedBoard) -> None:
    hub.run(500)
    hub.do("hold 1")
    hub.run(3_000)
    hub.do("hold 0")
    found = levels(hub.run(1_000))
    steps = np.diff([tick for tick, _ in found])
    assert (steps % STEP == 0).all()
    assert 15 <= len(found) <= 18
