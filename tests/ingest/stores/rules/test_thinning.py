"""Thinned clock records date as all of them do, to within what is stated."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.wire.messages import Timebase
from ingest.stores.records import Stream
from ingest.stores.rules.dating import utc_of
from ingest.stores.rules.thinning import HOLE_NS, TOLERANCE_NS, ClockMark, insert

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
UTC = 1_772_445_600 * SECOND
STREAM = Stream(
    id=1, site="s", room="r", node="n", run=1, boot="b", run_boot_ns=0, period_ns=SECOND
)


def mark(boot_ns: int, offset_ns: int, error_ns: int = 50_000_000) -> ClockMark:
    return ClockMark(boot_ns, UTC + offset_ns + boot_ns, error_ns, 1, 0)


def thinned(marks: list[ClockMark]) -> list[ClockMark]:
    kept: list[ClockMark] = []
    for each in marks:
        insert(kept, each)
    return kept


def dated(marks: list[ClockMark], seqs: np.ndarray) -> np.ndarray:
    records = [
        Timebase(
            node="n", run=1, boot="b", boot_ns=each.boot_ns, utc_ns=each.utc_ns,
            error_ns=each.error_ns, synchronised=True,
        )
        for each in marks
    ]  # fmt: skip
    return utc_of(STREAM, seqs, records)


def test_a_boot_that_says_the_same_each_minute_needs_two_records() -> None:
    marks = [mark(i * MINUTE, i % 3 * 1_000_000) for i in range(30 * 24 * 60)]
    kept = thinned(marks)
    assert [each.boot_ns for each in kept] == [0, marks[-1].boot_ns]


def test_slow_drift_is_followed_and_not_swallowed_step_by_step() -> None:
    marks = [mark(i * MINUTE, i * 1_000_000) for i in range(2_000)]  # 1 ms a minute: 2 s in all
    kept = thinned(marks)
    assert 180 <= len(kept) <= 220
    seqs = np.arange(0, 2_000 * 60, 7)
    off = np.abs(dated(kept, seqs) - dated(marks, seqs))
    assert 0 < off.max() <= 2 * TOLERANCE_NS


def test_records_beside_a_hole_stay_because_a_late_one_may_place_a_step_there() -> None:
    before = [mark(i * MINUTE, 0) for i in range(40)]
    after = [mark(i * MINUTE, 0) for i in range(60, 100)]
    late = mark(50 * MINUTE, 3_600 * SECOND)
    kept = thinned([*before, *after, late])
    seqs = np.arange(0, 100 * 60)
    every = sorted([*before, late, *after], key=lambda each: each.boot_ns)
    assert np.abs(dated(kept, seqs) - dated(every, seqs)).max() <= 2 * TOLERANCE_NS
    assert len(kept) == 5


def test_a_record_without_a_stated_error_is_only_left_out_where_it_says_the_very_same() -> None:
    same = [mark(i * MINUTE, 0, 0) for i in range(9)]
    assert len(thinned(same)) == 2
    assert len(thinned([mark(i * MINUTE, i % 2, 0) for i in range(9)])) == 9


def test_what_contradicts_the_records_on_both_sides_of_it_is_refuted() -> None:
    kept = thinned([mark(i * MINUTE, 0) for i in range(60)])
    assert thinned([*kept, mark(30 * MINUTE + 1, 3_600 * SECOND)]) == kept


def test_of_two_records_at_one_place_the_surer_one_holds() -> None:
    first, surer = mark(0, 0, 9_000), mark(0, 5_000_000, 1_000)
    assert thinned([first, surer]) == thinned([surer, first]) == [surer]


clocks = st.lists(
    st.one_of(
        st.integers(-3_000_000, 3_000_000),  # jitter and drift
        st.integers(-(2**45), 2**45),  # a step: up to ten hours
    ),
    min_size=2,
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), changes=clocks)
def test_dates_differ_by_at_most_the_stated_error_in_any_order_of_arrival(
    data: st.DataObject, changes: list[int]
) -> None:
    """Records one a minute or rarer, as kits send them, with drifts and steps, some twice."""
    offset = at = 0
    marks = []
    for change in changes:
        # More than half of HOLE_NS apart: then each that is missing leaves a hole.
        at += data.draw(st.integers(HOLE_NS // 2 + 1, HOLE_NS)) + data.draw(
            st.sampled_from([0, 0, 0, 0, 10 * MINUTE])
        )
        offset += change
        marks.append(
            mark(at, offset, data.draw(st.sampled_from([50_000_000, 50_000_000, 8_000_000])))
        )
    arriving = data.draw(st.permutations(marks)) if data.draw(st.booleans()) else marks
    twice = data.draw(st.lists(st.sampled_from(marks), max_size=5))
    kept = thinned([*arriving, *twice])
    assert {each.boot_ns for each in kept} <= {each.boot_ns for each in marks}
    seqs = np.arange(0, at // SECOND + 120, 3)
    off = np.abs(dated(kept, seqs) - dated(marks, seqs))
    stated = min(2 * TOLERANCE_NS, max(each.error_ns for each in marks))
    assert off.max() <= stated
