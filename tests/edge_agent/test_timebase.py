"""What is known of UTC."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from contract.clock import ManualClock, ScaledClock, SystemClock
from edge_agent import timebase
from edge_agent.identity import Identity
from edge_agent.timebase import ClockQuality, quality_from, quality_of, system_quality

UNSET = ClockQuality(synchronised=False, error_ns=365 * 86_400 * 1_000_000_000)


@pytest.mark.parametrize(
    ("state", "status", "max_error_us", "expected"),
    (
        (0, 0x0001, 2_500, ClockQuality(synchronised=True, error_ns=2_500_000)),
        (0, 0x0041, 2_500, UNSET),  # STA_UNSYNC
        (5, 0x0000, 16_000_000, UNSET),  # TIME_ERROR
    ),
)
def test_adjtimex_is_read(
    state: int, status: int, max_error_us: int, expected: ClockQuality
) -> None:
    assert quality_from(state, status, max_error_us) == expected


def test_this_machine_can_be_asked() -> None:
    assert isinstance(timebase._adjtimex(), ClockQuality)
    assert system_quality().error_ns > 0


def test_asking_each_second_for_a_day_takes_no_memory() -> None:
    timebase._adjtimex()
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(200):
            timebase._adjtimex()
        # Not collected: what has to be is left behind for a while, and some of it for good.
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 5_000


def test_timesyncds_mark_counts_where_the_kernel_says_no(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = tmp_path / "synchronized"
    monkeypatch.setattr(timebase, "_TIMESYNCD", mark)
    for answer in (None, UNSET):
        mark.unlink(missing_ok=True)
        monkeypatch.setattr(timebase, "_adjtimex", lambda answer=answer: answer)
        assert not system_quality().synchronised
        mark.touch()
        assert system_quality().synchronised


def test_a_simulated_clock_is_right_by_definition() -> None:
    clock = ScaledClock(speed=20, anchor_ns=5, utc_at_anchor_ns=7)
    assert quality_of(clock)() == ClockQuality(synchronised=True, error_ns=0)
    assert quality_of(SystemClock()) is system_quality


def test_runs_differ_and_runs_on_one_clock_share_a_boot() -> None:
    clock = ScaledClock(speed=20, anchor_ns=5, utc_at_anchor_ns=7)
    one, other = Identity.new_run("pi-1", clock), Identity.new_run("pi-1", clock)
    assert one.run != other.run
    assert one.boot == other.boot
    assert Identity.new_run("pi-1", SystemClock()).boot == timebase.boot_id()
    assert Identity.new_run("pi-1", ManualClock(now_ns=9)).run_boot_ns == 1_000_000_000
