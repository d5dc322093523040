"""A run is found by any time that it touches, whatever its node says of its clock afterwards."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.wire.messages import Birth, Timebase
from contract.wire.parts import late_part
from contract.wire.payload import Batch, Gap, Layout
from ingest.stores import open_period_store
from ingest.stores.clock_records import SeenClock
from ingest.stores.protocol import PeriodStore
from ingest.stores.records import Arrival, Purge, Stream, Tick
from ingest.stores.rows.time_cells import cell_end, cell_of, cells_between
from ingest.stores.rules.dating import seqs_between, utc_of

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
NOW = 1_772_445_600 * SECOND
BOUND = 300 * SECOND
LAYOUT = Layout((1, 2, 5), (1, 2, 11), (1, 2))
ROOM = "r1"

seqs = st.one_of(st.integers(0, 3_000), st.sampled_from([10**5, 10**7, 4 * 10**9]))
offsets = st.one_of(
    st.integers(-600, 600).map(lambda s: NOW + s * SECOND),
    st.integers(-800, 800).map(lambda d: NOW + d * DAY),
    st.integers(-(1 << 61), 1 << 62),
)
runs = st.integers(1, 4)
boots = st.sampled_from(["a", "b"])
steps = st.one_of(
    st.tuples(st.just("birth"), runs, boots, st.integers(0, 9) | st.just(10**6)),
    st.tuples(st.just("data"), runs, seqs, st.integers(1, 20)),
    st.tuples(st.just("gap"), runs, seqs, st.integers(1, 20) | st.just(10**6)),
    st.tuples(st.just("late"), runs, seqs, st.integers(1, 20)),
    st.tuples(st.just("record"), boots, st.integers(0, 30).map(lambda i: i * 50), offsets),
    st.tuples(st.just("seen"), runs, offsets, st.just(0)),
    st.tuples(st.just("bound"), st.sampled_from([None, BOUND]), st.just(0), st.just(0)),
    st.tuples(st.just("set"), st.just(0), st.just(0), st.just(0)),
    st.tuples(st.just("purge"), offsets, st.integers(0, 10**6), st.just(0)),
    st.tuples(st.just("restart"), st.just(0), st.just(0), st.just(0)),
)
windows = st.tuples(offsets, st.one_of(st.integers(-10, 4_000), st.just(10**7)))
Step = tuple[str, object, object, object]


def birth(run: int, boot: str, run_boot_s: int = 0) -> Birth:
    return Birth(
        node="pi-1", run=run, boot=boot, software="1", period_ns=SECOND,
        run_boot_ns=run_boot_s * SECOND, hubs=(), seat_codes=(1,), room_codes=(1,), units={},
        synchronised=True,
    )  # fmt: skip


def batch(run: int, first: int, n: int) -> Batch:
    return Batch(
        node="pi-1", run=run, first_seq=first, boot_ns=first * SECOND, period_ns=SECOND,
        synchronised=True, waited_ms=None, layout=LAYOUT,
        values=np.ones((n, LAYOUT.width), np.uint16),
    )  # fmt: skip


def gap(run: int, first: int, n: int) -> Gap:
    return Gap(
        node="pi-1", run=run, first_seq=first, n=n, boot_ns=first * SECOND, period_ns=SECOND,
        synchronised=True, seats=LAYOUT.seats, reason="off",
    )  # fmt: skip


def record(boot: str, at_s: int, offset_ns: int) -> Timebase:
    return Timebase(
        node="pi-1", run=1, boot=boot, boot_ns=at_s * SECOND, utc_ns=offset_ns + at_s * SECOND,
        error_ns=50_000_000, synchronised=True,
    )  # fmt: skip


def kept(message: Batch | Gap) -> Tick:
    arrival = Arrival(site="school", room=ROOM, message=message, is_live=False)
    return Tick(received_utc_ns=NOW, arrivals=[arrival])


def take(store: PeriodStore, step: Step) -> None:
    """Do one step of a history; one that no store would take is left out."""
    match step:
        case ("birth", int(run), str(boot), int(run_boot_s)):
            born = [("school", ROOM, birth(run, boot, run_boot_s))]
            store.commit(Tick(received_utc_ns=NOW, births=born))
        case ("data", int(run), int(first), int(n)):
            store.commit(kept(batch(run, first, n)))
        case ("gap", int(run), int(first), int(n)):
            store.commit(kept(gap(run, first, n)))
        case ("late", int(run), int(first), int(n)):
            store.commit(kept(replace(batch(run, first, n), part=late_part(1))))
        case ("record", str(boot), int(at_s), int(offset)):
            if 0 <= offset + at_s * SECOND < 1 << 63:
                records = [record(boot, at_s, offset)]
                store.commit(Tick(received_utc_ns=NOW, timebases=records))
        case ("seen", int(run), int(offset), _):
            seen = [SeenClock(node="pi-1", run=run, offset_ns=offset)]
            store.commit(Tick(received_utc_ns=NOW, seen_clocks=seen))
        case ("bound", bound, _, _):
            assert bound is None or isinstance(bound, int)
            store.judge_clocks(bound_ns=bound)
        case ("set", *_):
            store.clock_was_set(from_utc_ns=0, to_utc_ns=NOW, now_utc_ns=NOW)
        case ("purge", int(offset), int(length_s), _):
            start = max(1, offset)
            end = start + length_s * SECOND
            list(store.purge(Purge(id=f"p{start}", room=ROOM, from_utc_ns=start, to_utc_ns=end)))


def touches(store: PeriodStore, stream: Stream, from_utc_ns: int, to_utc_ns: int) -> bool:
    """Whether a run begins before a time and ends after another, by any record of its boot."""
    spans = store.kept(stream.id).spans()
    length_ns = stream.period_ns * (spans[-1][1] + 1 if spans else 0)
    starts = (stream.run_boot_ns + each.utc_ns - each.boot_ns for each in store.timebases(stream))
    return any(start < to_utc_ns and start + length_ns > from_utc_ns for start in starts)


def check(store: PeriodStore, from_utc_ns: int, to_utc_ns: int) -> None:
    """What is found by cells and ranges is what passing over everything finds."""
    wanted = [
        stream for stream in store.streams(ROOM) if touches(store, stream, from_utc_ns, to_utc_ns)
    ]
    assert store.streams_between(ROOM, from_utc_ns, to_utc_ns) == wanted
    for stream in store.streams(ROOM):
        every, some = (
            store.timebases(stream),
            store.timebases_between(stream, from_utc_ns, to_utc_ns),
        )
        assert bool(some) == bool(every)
        ranges = seqs_between(stream, every, from_utc_ns, to_utc_ns)
        assert seqs_between(stream, some, from_utc_ns, to_utc_ns) == ranges
        for first, last in ranges:
            places = [first, (first + last) // 2, last, last + 1]
            assert utc_of(stream, places, some).tolist() == utc_of(stream, places, every).tolist()


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(steps=st.lists(steps, min_size=3, max_size=14), spans=st.lists(windows, max_size=4))
def test_runs_and_dates_by_range_are_those_that_looking_everywhere_finds(
    steps: list[Step], spans: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = tmp_path_factory.mktemp("placed")
    store = open_period_store(data)
    looks = [(0, 1 << 62), *((start, start + n * SECOND) for start, n in spans)]
    for step in steps:
        if step[0] == "restart":
            store.close()
            store = open_period_store(data)
        else:
            take(store, step)
        for start, end in looks:
            check(store, max(0, start), max(0, end))
    store.close()


def cells(data: Path) -> dict[int, int | None]:
    with closing(sqlite3.connect(data / "main.db")) as database:
        return dict(database.execute("SELECT run, cell FROM streams").fetchall())


def test_a_run_leaves_its_cell_when_it_grows_and_when_its_clock_is_judged_again(
    tmp_path: Path,
) -> None:
    with closing(open_period_store(tmp_path)) as store:
        take(store, ("birth", 1, "a", 0))
        take(store, ("data", 1, 0, 10))
        assert cells(tmp_path) == {1: None}
        store.judge_clocks(bound_ns=BOUND)
        take(store, ("record", "a", 0, NOW - 400 * DAY))
        long_ago = cells(tmp_path)[1]
        assert long_ago == cell_of(NOW - 400 * DAY, NOW - 400 * DAY + 20 * SECOND)
        take(store, ("seen", 1, NOW, 0))
        assert cells(tmp_path) == {1: None}  # refuted
        store.judge_clocks(bound_ns=None)
        assert cells(tmp_path) == {1: long_ago}
        store.judge_clocks(bound_ns=BOUND)
        assert cells(tmp_path) == {1: None}
        take(store, ("record", "a", 60, NOW))
        assert cells(tmp_path)[1] == cell_of(NOW, NOW + 70 * SECOND)
        take(store, ("data", 1, 200_000, 10))
        assert cells(tmp_path)[1] == cell_of(NOW, NOW + 200_010 * SECOND)


def found(store: PeriodStore, at_utc_ns: int) -> list[int]:
    between = store.streams_between(ROOM, at_utc_ns, at_utc_ns + SECOND)
    return [stream.run for stream in between]


def test_a_run_is_found_where_a_purge_covers_what_is_still_to_come(tmp_path: Path) -> None:
    with closing(open_period_store(tmp_path)) as store:
        take(store, ("birth", 1, "a", 0))
        take(store, ("record", "a", 0, NOW))
        take(store, ("data", 1, 0, 10))
        at = NOW + 5_000_000 * SECOND
        assert found(store, at) == []
        take(store, ("purge", at, 60, 0))
        assert found(store, at) == [1]
        take(store, ("birth", 2, "a", 0))
        take(store, ("data", 2, 0, 10))
        assert found(store, at) == [1, 2]


def test_a_birth_that_names_another_boot_moves_its_run(tmp_path: Path) -> None:
    with closing(open_period_store(tmp_path)) as store:
        take(store, ("birth", 1, "a", 0))
        take(store, ("record", "a", 0, NOW))
        take(store, ("record", "b", 0, NOW - 400 * DAY))
        take(store, ("data", 1, 0, 10))
        take(store, ("birth", 1, "b", 0))
        assert (found(store, NOW), found(store, NOW - 400 * DAY)) == ([], [1])
        take(store, ("birth", 1, "b", 10**6))
        assert found(store, NOW - 400 * DAY + 10**6 * SECOND) == [1]
        take(store, ("birth", 1, "c", 0))
        assert found(store, NOW) == []


def test_a_tick_that_is_not_kept_leaves_the_run_to_be_placed_by_the_next(tmp_path: Path) -> None:
    with closing(open_period_store(tmp_path)) as store:
        take(store, ("birth", 1, "a", 0))
        take(store, ("record", "a", 0, NOW))
        take(store, ("data", 1, 0, 10))
        before = cells(tmp_path)
        bad = kept(batch(1, 9_000_000, 10))
        bad.arrivals.append(
            Arrival(site="school", room=ROOM, message=batch(9, 1 << 36, 1), is_live=False)
        )
        with pytest.raises(ValueError, match="above"):
            store.commit(bad)
        assert cells(tmp_path) == before
        store.commit(kept(batch(1, 9_000_000, 10)))
        assert found(store, NOW + 9_000_005 * SECOND) == [1]


def test_an_agent_that_restarts_and_a_clock_that_wanders_write_few_cells(tmp_path: Path) -> None:
    """Nearly all ticks and clock records leave every run where it is."""
    with closing(open_period_store(tmp_path)) as store:
        for run in range(1, 30):
            take(store, ("birth", run, "a", run))
        written: list[str] = []
        store.database.set_trace_callback(written.append)  # type: ignore[attr-defined]
        for minute in range(30):
            wander = minute * 20_000_000
            take(store, ("record", "a", minute * 60, NOW + wander))
            take(store, ("data", 29, minute * 60, 20))
        moved = [text for text in written if text.startswith("UPDATE streams SET cell")]
    assert 29 <= len(moved) <= 32


instants = st.integers(-(1 << 61), 1 << 63)


@given(one=instants, length=st.integers(0, 1 << 62), other=instants, span=st.integers(0, 1 << 62))
def test_spans_that_touch_share_a_cell(one: int, length: int, other: int, span: int) -> None:
    cell = cell_of(one, one + length)
    is_found = any(first <= cell <= last for first, last in cells_between(other, other + span))
    if one <= other + span and other <= one + length:
        assert is_found
    end = cell_end(cell)
    assert end is None or end >= one + length
    if end is not None:
        assert cell_of(one, end) == cell
        assert cell_of(one, end + 1) != cell


def test_cells_keep_what_is_long_past_apart() -> None:
    """Of a year of lessons, one hour finds those of the same hours and next to no others."""
    lessons = [NOW + day * DAY + hour * 3_600 * SECOND for day in range(365) for hour in (8, 13)]
    placed = [cell_of(starts, starts + 3_000 * SECOND) for starts in lessons]
    for starts in lessons[::7]:
        ranges = cells_between(starts, starts + 3_000 * SECOND)
        shared = [
            cell
            for cell, (first, last) in itertools.product(placed, ranges)
            if first <= cell <= last
        ]
        assert 1 <= len(shared) <= 6
