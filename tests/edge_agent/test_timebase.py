"""What is known of UTC, and the watch over it: once a second, with news only if there are some."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import pytest

from contract.clock import SECOND_NS, ManualClock, ScaledClock, SystemClock
from contract.wire.messages import Timebase
from edge_agent import timebase
from edge_agent.identity import Identity, boot_id
from edge_agent.timebase import ClockQuality, UtcWatch, quality_from, quality_of, system_quality

HOUR_NS = 3600 * SECOND_NS
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
    assert Identity.new_run("pi-1", SystemClock()).boot == boot_id()
    assert Identity.new_run("pi-1", ManualClock(now_ns=9)).run_boot_ns == 1_000_000_000


def a_watch(clock: ManualClock, quality: list[ClockQuality]) -> UtcWatch:
    return UtcWatch(identity=Identity.new_run("pi-1", clock), clock=clock, ask=lambda: quality[-1])


def test_it_looks_once_a_second() -> None:
    clock, asked = ManualClock(), [ClockQuality(synchronised=False, error_ns=5)]
    watch = a_watch(clock, asked)
    assert watch.look(clock.elapsed_ns()) is not None
    clock.advance(0.9)
    assert watch.look(clock.elapsed_ns()) is None
    clock.advance(0.1)
    news = watch.look(clock.elapsed_ns())
    assert news is not None
    assert not news.has_changed
    assert news.step is None


def test_a_clock_that_is_set_is_news_and_no_step() -> None:
    clock, quality = ManualClock(), [ClockQuality(synchronised=False, error_ns=5)]
    watch = a_watch(clock, quality)
    watch.look(clock.elapsed_ns())
    clock.advance(1)
    clock.utc_at_boot_ns += 2 * 365 * 24 * HOUR_NS
    quality.append(ClockQuality(synchronised=True, error_ns=7))
    news = watch.look(clock.elapsed_ns())
    assert news is not None
    assert news.has_changed
    assert news.step is None
    now = watch.timebase()
    assert (now.synchronised, now.error_ns, now.utc_ns) == (True, 7, clock.utc_ns())


def test_a_step_is_reported_with_the_offset_before_and_after() -> None:
    clock = ManualClock(now_ns=50 * SECOND_NS)
    watch = a_watch(clock, [ClockQuality(synchronised=True, error_ns=1)])
    watch.look(clock.elapsed_ns())
    utc_before_ns = clock.utc_ns()
    clock.advance(1)
    clock.utc_at_boot_ns += HOUR_NS
    news = watch.look(clock.elapsed_ns())
    assert news is not None
    assert news.step is not None
    before, after = (Timebase.decode(payload) for payload in news.step)
    assert (before.boot_ns, before.utc_ns) == (50 * SECOND_NS, utc_before_ns)
    assert (after.boot_ns, after.utc_ns) == (51 * SECOND_NS, utc_before_ns + SECOND_NS + HOUR_NS)
    assert before.synchronised
    assert after.synchronised


def test_a_step_is_noticed_once_and_back_again() -> None:
    clock = ManualClock()
    watch = a_watch(clock, [ClockQuality(synchronised=True, error_ns=1)])
    stepped = []
    for step_ns in (0, 1, HOUR_NS, 0, -HOUR_NS):
        clock.advance(1)
        clock.utc_at_boot_ns += step_ns
        news = watch.look(clock.elapsed_ns())
        assert news is not None
        stepped.append(news.step is not None)
    assert stepped == [False, False, True, False, True]


def test_slewing_and_clocks_that_are_not_set_are_no_steps() -> None:
    clock, quality = ManualClock(), [ClockQuality(synchronised=True, error_ns=1)]
    watch = a_watch(clock, quality)
    for _ in range(100):
        clock.advance(1)
        clock.utc_at_boot_ns += 500_000
        news = watch.look(clock.elapsed_ns())
        assert news is not None
        assert news.step is None
    for synchronised in (False, True):
        clock.advance(1)
        clock.utc_at_boot_ns += HOUR_NS
        quality.append(ClockQuality(synchronised=synchronised, error_ns=1))
        news = watch.look(clock.elapsed_ns())
        assert news is not None
        assert news.step is None
