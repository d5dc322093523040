"""What the server sees of a kit's boot clock, whatever delays the messages."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.wire.payload import Batch, Layout
from ingest.clocks.seen import SeenClocks

SECOND = 1_000_000_000
ZERO = 1_772_445_600 * SECOND
LAYOUT = Layout((1,), (1,), (1,))


def batch(first: int, *, waited_ms: int | None = 0, node: str = "pi-1", run: int = 1) -> Batch:
    return Batch(
        node=node, run=run, first_seq=first, boot_ns=first * SECOND, period_ns=SECOND,
        synchronised=True, waited_ms=waited_ms, layout=LAYOUT,
        values=np.zeros((1, LAYOUT.width), np.uint16),
    )  # fmt: skip


def see(seen: SeenClocks, first: int, delay_s: float, *, waited_ms: int | None = 0) -> int | None:
    """A period that arrives `delay_s` after it has ended and been sent."""
    after_ns = round(delay_s * SECOND) + (waited_ms or 0) * 1_000_000
    return seen.see(
        [batch(first, waited_ms=waited_ms)],
        received_utc_ns=ZERO + (first + 1) * SECOND + after_ns,
        elapsed_ns=first * SECOND,
    )


def test_what_arrives_live_shows_where_the_boot_clock_stands() -> None:
    seen = SeenClocks()
    assert see(seen, 100, 0.0, waited_ms=1_500) == ZERO
    assert see(seen, 101, 0.4) is None


def test_what_did_not_arrive_live_shows_nothing() -> None:
    assert see(SeenClocks(), 100, 0.0, waited_ms=None) is None


def test_a_smaller_value_counts_at_once_and_a_larger_one_after_a_minute() -> None:
    seen = SeenClocks()
    assert see(seen, 0, 20.0) == ZERO + 20 * SECOND
    assert see(seen, 1, 3.0) == ZERO + 3 * SECOND
    assert see(seen, 2, 2.5) is None  # less than a second
    for first in range(3, 60):
        assert see(seen, first, 9.0) is None
    # The next minute says nothing smaller than 9 s.
    found = [see(seen, first, 9.0) for first in range(60, 130)]
    assert [offset for offset in found if offset is not None] == [ZERO + 9 * SECOND]


def test_of_the_batches_of_one_tick_the_smallest_value_counts() -> None:
    seen = SeenClocks()
    tick = [batch(first, waited_ms=5) for first in (7, 9, 8)]
    assert seen.see(tick, received_utc_ns=ZERO + 10 * SECOND, elapsed_ns=0) == ZERO - 5_000_000


def test_a_minute_of_few_messages_raises_nothing() -> None:
    seen = SeenClocks()
    assert see(seen, 0, 0.0) == ZERO
    assert [see(seen, first, 20.0) for first in range(60, 2_000, 30)] == [None] * 65


def test_memory_is_bounded() -> None:
    seen = SeenClocks()
    for run in range(10_000):
        seen.see([batch(0, run=run)], received_utc_ns=ZERO, elapsed_ns=0)
    assert len(seen) == 8_192


@settings(max_examples=100, deadline=None)
@given(delays=st.lists(st.floats(0, 25), min_size=1, max_size=200))
def test_no_delay_moves_it_by_more_than_itself(delays: list[float]) -> None:
    seen = SeenClocks()
    offset = 0
    for first, delay_s in enumerate(delays):
        found = see(seen, first, delay_s)
        offset = offset if found is None else found
        assert ZERO - SECOND <= offset <= ZERO + 26 * SECOND
