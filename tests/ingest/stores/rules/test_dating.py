from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from contract.wire.messages import Timebase
from ingest.stores.records import Stream
from ingest.stores.rules.dating import UNDATED, seqs_between, utc_of

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
UTC = 1_772_445_600 * SECOND
STREAM = Stream(
    id=1,
    site="s",
    room="r",
    node="n",
    run=1,
    boot="b",
    run_boot_ns=100 * SECOND,
    period_ns=SECOND,
)


def record(boot_s: float, offset_ns: int, *, synchronised: bool = True) -> Timebase:
    boot_ns = round(boot_s * SECOND)
    return Timebase(
        node="n",
        run=1,
        boot="b",
        boot_ns=boot_ns,
        utc_ns=boot_ns + offset_ns,
        error_ns=0,
        synchronised=synchronised,
    )


def test_a_period_is_dated_by_its_start() -> None:
    found = utc_of(STREAM, [0, 1, 3600], [record(100, UTC)])
    assert found.tolist() == [UTC + 100 * SECOND, UTC + 101 * SECOND, UTC + 3700 * SECOND]


def test_without_a_synchronised_record_nothing_is_dated() -> None:
    assert utc_of(STREAM, [0, 1], []).tolist() == [UNDATED, UNDATED]
    wrong = [record(100, UTC - 2 * 365 * 24 * HOUR, synchronised=False)]
    assert utc_of(STREAM, [0], wrong).tolist() == [UNDATED]
    assert seqs_between(STREAM, wrong, 0, UTC + HOUR) == []


def test_what_came_before_the_time_was_known_is_dated_afterwards() -> None:
    wrong = record(100, UTC - 1000 * HOUR, synchronised=False)
    assert utc_of(STREAM, [0], [wrong, record(400, UTC)]).tolist() == [UTC + 100 * SECOND]


def test_each_period_takes_the_nearest_record() -> None:
    records = [record(100, UTC), record(200, UTC + 7)]
    offsets = utc_of(STREAM, np.arange(100), records) - (100 + np.arange(100)) * SECOND - UTC
    assert offsets.tolist() == [0] * 50 + [7] * 50


def test_of_two_records_at_one_moment_the_surer_one_counts() -> None:
    sure, unsure = record(100, UTC), record(100, UTC + 5).model_copy(update={"error_ns": 9})
    for records in ([sure, unsure], [unsure, sure]):
        assert utc_of(STREAM, [0], records).tolist() == [UTC + 100 * SECOND]


def test_a_span_is_found_again() -> None:
    start = UTC + 110 * SECOND
    assert seqs_between(STREAM, [record(100, UTC)], start, start + 5 * SECOND) == [(10, 14)]
    assert seqs_between(STREAM, [record(100, UTC)], start - 1, start + 1) == [(10, 10)]
    assert seqs_between(STREAM, [record(100, UTC)], start, start) == []
    assert seqs_between(STREAM, [record(100, UTC)], 0, UTC) == []


records = st.lists(
    st.builds(
        record,
        st.integers(0, 400),
        # Steps of up to a minute either way, and slow drifts.
        st.one_of(st.integers(-60, 60).map(lambda s: UTC + s * SECOND), st.integers(UTC, UTC + 99)),
    ),
    max_size=6,
)


@given(records=records, begin=st.integers(-100, 500), length=st.integers(0, 300))
def test_seqs_between_finds_exactly_the_seqs_that_utc_of_puts_there(
    records: list[Timebase], begin: int, length: int
) -> None:
    begin_ns = UTC + begin * SECOND + 3
    end_ns = begin_ns + length * SECOND
    numbers = np.arange(1000)
    dated = utc_of(STREAM, numbers, records)
    expected = numbers[(dated >= begin_ns) & (dated < end_ns)].tolist()
    ranges = seqs_between(STREAM, records, begin_ns, end_ns)
    assert [seq for a, b in ranges for seq in range(a, b + 1)] == expected
    assert all(b + 1 < c for (_, b), (c, _) in pairwise(ranges))


@given(records=records, order=st.randoms())
def test_the_order_of_the_records_does_not_matter(records: list[Timebase], order: object) -> None:
    shuffled = list(records)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    numbers = np.arange(500)
    assert (utc_of(STREAM, numbers, records) == utc_of(STREAM, numbers, shuffled)).all()
