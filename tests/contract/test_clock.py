"""Clocks agree on what they promise each other."""

import pytest

from contract.clock import SECOND_NS, ManualClock, ScaledClock, SystemClock, simulated_clock
from contract.errors import UsageError


def test_a_scaled_clock_is_the_same_for_everyone_with_its_three_numbers() -> None:
    anchor = SystemClock().elapsed_ns() - 2 * SECOND_NS
    a, b = (ScaledClock(speed=20, anchor_ns=anchor, utc_at_anchor_ns=10**18) for _ in range(2))
    first, second, third = a.boot_ns(), b.boot_ns(), a.boot_ns()
    assert first <= second <= third
    assert first - anchor >= 40 * SECOND_NS
    before, utc_ns, after = a.boot_ns(), a.utc_ns(), a.boot_ns()
    assert before - anchor <= utc_ns - 10**18 <= after - anchor
    # What is 20 s of observed time away is 1 s away.
    before_ns = a.elapsed_ns()
    away_s = a.elapsed_until(a.boot_ns() + 20 * SECOND_NS)
    assert 1.0 - (a.elapsed_ns() - before_ns) / SECOND_NS - 1e-6 <= away_s <= 1.0 + 1e-6


def test_a_manual_clock_stands_still_until_moved() -> None:
    clock = ManualClock()
    assert clock.elapsed_until(3 * SECOND_NS) == 3.0
    clock.advance(1.5)
    assert clock.boot_ns() == clock.elapsed_ns() == 1_500_000_000
    assert clock.elapsed_until(3 * SECOND_NS) == 1.5
    assert clock.utc_ns() == clock.utc_at_boot_ns + 1_500_000_000


def test_the_simulated_clock_is_read_or_refused() -> None:
    clock = simulated_clock("20:5:7")
    assert clock == ScaledClock(speed=20.0, anchor_ns=5, utc_at_anchor_ns=7)
    assert clock.utc_ns() > 0
    for text in ("", "20", "0:1:2", "a:1:2", "-1:1:2", "nan:1:2", "9999:1:2"):
        with pytest.raises(UsageError, match=r"--simulated-clock.*SPEED:ANCHOR_NS:UTC_NS"):
            simulated_clock(text)
