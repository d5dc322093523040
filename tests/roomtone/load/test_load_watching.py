"""When a score can be seen, and what a process takes."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from contract.clock import SECOND_NS
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.records import EpochRecord, ZoneEpoch
from roomtone.load import watching
from roomtone.load.delays import Delays
from roomtone.load.plan import LoadPlan
from roomtone.load.processes import ProcessCosts
from roomtone.load.watching import ScoreWatch, lesson_id

START_NS = 1_000 * SECOND_NS
PLAN = LoadPlan(rooms=4, seats=5, periods=10, site="load", is_in_step=True)


def test_percentiles_of_many_delays() -> None:
    delays = Delays()
    assert delays.percentile_s(99) == 0.0
    draw = np.random.default_rng(3).exponential(0.2, 5_000)
    for each in draw.tolist():
        delays.add(each)
    for share in (1, 50, 99):
        assert delays.percentile_s(share) == pytest.approx(np.percentile(draw, share), abs=0.005)
    assert delays.percentile_s(100) == draw.max()
    delays.add(500.0)
    delays.add(-0.001)  # two clocks
    assert delays.percentile_s(100) == 500.0
    delays.clear()
    assert (delays.n, delays.percentile_s(50)) == (0, 0.0)


class Wall:
    """The clock on the wall."""

    now_s = 0.0

    def __call__(self) -> int:
        return START_NS + round(self.now_s * SECOND_NS)


def epoch(room: int, first_seq: int) -> EpochRecord:
    zone = ZoneEpoch("room", 5, 0.0, 0.0, 0.0, 0.5, 0.4, 0.6)
    return EpochRecord(
        lesson=lesson_id(room), stream_id=room, first_seq=first_seq, utc_ns=first_seq * SECOND_NS,
        model="m", zones=(zone,),
    )  # fmt: skip


def test_the_delay_runs_from_the_end_of_the_epochs_last_second() -> None:
    wall, scores = Wall(), MemoryScoreStore()
    watch = ScoreWatch(PLAN, starts_ns=START_NS, utc_ns=wall)
    wall.now_s = 5.6
    watch.look(scores)
    assert not watch.late.n
    scores.commit(cursor=1, epochs=[epoch(0, 0), epoch(1, 0)])
    watch.look(scores)  # room 1's five seconds end a quarter of a second later
    assert watch.late.n == 2
    assert watch.late.percentile_s(100) == pytest.approx(0.6)
    assert watch.late.percentile_s(50) == pytest.approx(0.35, abs=0.001)
    assert watch.scored == 10
    assert not watch.is_over


def test_each_epoch_is_seen_once_and_all_of_them_in_the_end() -> None:
    wall, scores = Wall(), MemoryScoreStore()
    watch = ScoreWatch(PLAN, starts_ns=START_NS, utc_ns=wall)
    wall.now_s = 11.0
    for first_seq in (0, 5):
        scores.commit(cursor=1, epochs=[epoch(room, first_seq) for room in range(4)])
        watch.look(scores)
        watch.look(scores)
    assert watch.is_over
    assert watch.late.n == watch.recent.n == 8
    assert watch.late.percentile_s(100) == pytest.approx(6.0)
    assert watch.late.percentile_s(1) == pytest.approx(0.25, abs=0.001)


def test_a_look_that_can_not_take_all_continues_with_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "_MAX_AT_ONCE", 2)
    wall, scores = Wall(), MemoryScoreStore()
    watch = ScoreWatch(PLAN, starts_ns=START_NS, utc_ns=wall)
    wall.now_s = 6.0
    scores.commit(cursor=1, epochs=[epoch(2, 0), epoch(3, 0)])
    watch.look(scores)
    assert not watch.late.n
    watch.look(scores)
    assert watch.scored == 10


def test_a_process_is_measured_from_the_first_look_and_over_a_restart() -> None:
    costs = ProcessCosts()
    costs.look({"me": os.getpid()}, share_done=0.0)
    sum(i * i for i in range(3_000_000))
    costs.look({"me": os.getpid()}, share_done=1.0)
    (mine,) = costs.uses(2.0)
    assert 0.02 <= mine.cpu_s <= 10.0
    assert mine.cpu_share == pytest.approx(mine.cpu_s / 2, abs=0.001)
    assert 5.0 < mine.memory_quarter_mb <= mine.memory_peak_mb < 4_000.0
    work = "sum(i * i for i in range(2_000_000)); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        costs.look({"me": other.pid}, share_done=1.0)
        other.kill()
    costs.look({"me": other.pid}, share_done=1.0)  # ended: what is known of it stays
    (both,) = costs.uses(2.0)
    assert both.cpu_s > mine.cpu_s
