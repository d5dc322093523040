"""The watch over UTC: once a second, with news only when there are some."""

from __future__ import annotations

from contract.clock import ManualClock
from contract.wire.messages import Timebase
from edge_agent.identity import Identity
from edge_agent.timebase import ClockQuality
from edge_agent.utc_watch import UtcWatch

SECOND_NS = 1_000_000_000
HOUR_NS = 3600 * SECOND_NS


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
    timebase = watch.timebase()
    assert (timebase.synchronised, timebase.error_ns, timebase.utc_ns) == (True, 7, clock.utc_ns())


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
