"""What every period store does, durable or in memory, written or only read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.errors import StoreError
from contract.quantities.table import MISSING
from contract.ranges import SeqRanges
from contract.wire.messages import Birth, Death, Health, Timebase
from contract.wire.payload import Batch, Gap, GapReason, Layout
from ingest.stores import PERIOD_STORES, open_period_reader, open_period_store
from ingest.stores.clock_records import ClockNote
from ingest.stores.joined.periods import JoinedPeriodReader
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.protocol import PeriodReader, PeriodStore
from ingest.stores.records import Arrival, Aside, Change, GapRecord, Tick

SECOND = 1_000_000_000
BOOT_NS = 5_000 * SECOND
UTC_NS = 1_772_445_600 * SECOND  # 2026-03-02 10:00
DAY_NS = 24 * 3600 * SECOND
LAYOUT = Layout((1, 2, 5), (1, 2, 11), (1, 2))


@pytest.fixture(params=(*sorted(PERIOD_STORES), "joined"))
def pair(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[PeriodStore, PeriodReader]]:
    """A store, and what reads it."""
    if request.param == "memory":
        memory = MemoryPeriodStore()
        yield memory, memory
        memory.close()
        return
    store = open_period_store(tmp_path / "data")
    reader = open_period_reader(tmp_path / "data")
    if request.param == "joined":  # tests/ingest/stores/joined has what is not in the first shard
        reader = JoinedPeriodReader([reader, open_period_reader(tmp_path / "other")])
    yield store, reader
    reader.close()
    store.close()


def values_of(first: int, n: int, width: int = LAYOUT.width) -> NDArray[np.uint16]:
    """Values that tell of which seq they are."""
    seqs = np.arange(first, first + n)[:, None]
    return ((seqs * 31 + np.arange(width)) % 60_000).astype(np.uint16)


def batch(
    first: int, n: int = 1, *, node: str = "pi-1", run: int = 7, layout: Layout = LAYOUT
) -> Batch:
    return Batch(
        node=node,
        run=run,
        first_seq=first,
        boot_ns=BOOT_NS + first * SECOND,
        period_ns=SECOND,
        synchronised=True,
        waited_ms=10,
        layout=layout,
        values=values_of(first, n, layout.width),
    )


def gap(first: int, n: int, reason: GapReason = "off", *, run: int = 7) -> Gap:
    return Gap(
        node="pi-1",
        run=run,
        first_seq=first,
        n=n,
        boot_ns=BOOT_NS + first * SECOND,
        period_ns=SECOND,
        synchronised=True,
        seats=LAYOUT.seats,
        reason=reason,
    )


def tick(*messages: Batch | Gap, is_live: bool = True, room: str = "room-a") -> Tick:
    return Tick(
        received_utc_ns=UTC_NS,
        arrivals=[Arrival(site="school", room=room, message=m, is_live=is_live) for m in messages],
    )


def birth(run: int = 7, software: str = "1") -> Birth:
    return Birth(
        node="pi-1",
        run=run,
        boot="boot-1",
        software=software,
        period_ns=SECOND,
        run_boot_ns=BOOT_NS,
        hubs=(),
        seat_codes=(1,),
        room_codes=(1,),
        units={},
        synchronised=True,
    )


def timebase(boot_ns: int = BOOT_NS, utc_ns: int = UTC_NS) -> Timebase:
    return Timebase(
        node="pi-1",
        run=7,
        boot="boot-1",
        boot_ns=boot_ns,
        utc_ns=utc_ns,
        error_ns=1000,
        synchronised=True,
    )


def health(sampled: int) -> Health:
    return Health(
        node="pi-1",
        run=7,
        sampled=sampled,
        published=0,
        acked=0,
        waiting=0,
        gap=0,
        unsampled=0,
        is_sampling=True,
        is_finished=False,
        outbox_bytes=0,
        ack_age_ms=None,
        hubs={},
    )


def seqs(reader: PeriodReader, stream_id: int, first: int = 0, last: int = 1 << 36) -> list[int]:
    """The seqs that are read, after checking that each has its own values."""
    found: list[int] = []
    for periods in reader.read(stream_id, first, last):
        assert periods.values.shape == (len(periods.seqs), periods.layout.width)
        assert periods.is_live.shape == periods.seqs.shape
        for seq, row in zip(periods.seqs.tolist(), periods.values, strict=True):
            np.testing.assert_array_equal(row, values_of(seq, 1, periods.layout.width)[0])
        found += periods.seqs.tolist()
    return found


def dated(store: PeriodStore) -> None:
    """Tell the store where run 7 of pi-1 stands in time."""
    store.commit(
        Tick(
            received_utc_ns=UTC_NS,
            births=[("school", "room-a", birth())],
            timebases=[timebase()],
        )
    )


def test_what_is_committed_is_read_back(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    assert reader.streams() == []
    (stream,) = store.commit(tick(batch(3, 4)))
    (periods,) = reader.read(stream, 0, 100)
    assert periods.layout == LAYOUT
    assert periods.seqs.tolist() == [3, 4, 5, 6]
    np.testing.assert_array_equal(periods.values, values_of(3, 4))
    assert periods.is_live.all()
    identity = reader.stream(stream)
    assert (identity.site, identity.room, identity.node, identity.run) == (
        "school",
        "room-a",
        "pi-1",
        7,
    )
    assert (identity.boot, identity.run_boot_ns, identity.period_ns) == (None, BOOT_NS, SECOND)
    assert periods.stream == identity


def test_read_keeps_to_the_span(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    (stream,) = store.commit(tick(batch(295, 10)))
    assert seqs(reader, stream, 298, 301) == [298, 299, 300, 301]
    assert seqs(reader, stream, 0, 294) == []
    assert seqs(reader, stream, 305, 400) == []


def test_streams_are_told_apart_by_node_and_run(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    ids = store.commit(tick(batch(0), batch(0, run=8), batch(0, node="pi-2"), batch(1)))
    assert ids[0] == ids[3]
    assert len(set(ids)) == 3
    store.commit(tick(batch(0, node="pi-3"), room="room-b"))
    assert [s.id for s in reader.streams("room-a")] == ids[:3]
    assert [s.node for s in reader.streams("room-b")] == ["pi-3"]
    assert len(reader.streams()) == 4
    assert reader.streams("room-c") == []


def test_each_seq_is_kept_once_and_the_first_wins(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    (stream,) = store.commit(tick(batch(10, 5)))
    other = batch(8, 10)
    other.values[:] = 1
    other.values[[0, 1, 7, 8, 9]] = values_of(8, 10)[[0, 1, 7, 8, 9]]
    store.commit(tick(other, is_live=False))
    assert seqs(reader, stream) == list(range(8, 18))
    is_live = np.concatenate([p.is_live for p in reader.read(stream, 0, 99)])
    assert is_live.tolist() == [False] * 2 + [True] * 5 + [False] * 3
    store.commit(tick(batch(10, 5), batch(8)))
    assert seqs(reader, stream) == list(range(8, 18))
    assert list(reader.kept(stream)) == [(8, 17)]


def test_the_same_batch_twice_in_one_tick(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    (stream, _) = store.commit(tick(batch(0, 3), batch(0, 3)))
    assert seqs(reader, stream) == [0, 1, 2]


def test_a_new_layout_begins_a_new_element(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    fewer = Layout((1, 2), LAYOUT.seat_codes, LAYOUT.room_codes)
    (stream, *_) = store.commit(tick(batch(0, 2), batch(2, 2, layout=fewer), batch(4, 1)))
    assert [(p.layout, p.seqs.tolist()) for p in reader.read(stream, 0, 9)] == [
        (LAYOUT, [0, 1]),
        (fewer, [2, 3]),
        (LAYOUT, [4]),
    ]
    assert seqs(reader, stream) == [0, 1, 2, 3, 4]


def test_a_room_without_seats(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    sound = Layout((), (), (1, 2))
    (stream,) = store.commit(tick(batch(0, 2, layout=sound)))
    assert seqs(reader, stream) == [0, 1]


def test_gaps_count_as_kept_and_are_listed(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    (stream, _) = store.commit(tick(gap(0, 100), batch(100)))
    assert reader.gaps(stream) == [
        GapRecord(stream_id=stream, first_seq=0, last_seq=99, seats=LAYOUT.seats, reason="off")
    ]
    assert reader.kept(stream).without_hole() == 100
    assert seqs(reader, stream) == [100]


def test_a_gap_over_data_or_another_gap_is_trimmed(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    (stream, _) = store.commit(tick(batch(10, 5), gap(0, 5)))
    store.commit(tick(gap(0, 20, "died")))
    assert [(g.first_seq, g.last_seq, g.reason) for g in reader.gaps(stream)] == [
        (0, 4, "off"),
        (5, 9, "died"),
        (15, 19, "died"),
    ]
    assert seqs(reader, stream) == list(range(10, 15))


@pytest.mark.parametrize("reason", ("off", "died", "damaged", "serial", "paused", "outbox_full"))
def test_data_inside_a_gap_is_kept_and_the_gap_gives_way(
    pair: tuple[PeriodStore, PeriodReader], reason: GapReason
) -> None:
    store, reader = pair
    (stream,) = store.commit(tick(gap(0, 20, reason)))
    store.commit(tick(batch(5, 3)))
    store.commit(tick(batch(0, 1)))
    assert seqs(reader, stream) == [0, 5, 6, 7]
    assert [(g.first_seq, g.last_seq) for g in reader.gaps(stream)] == [(1, 4), (8, 19)]
    assert list(reader.kept(stream)) == [(0, 19)]


def test_births_deaths_and_what_was_last_said(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    store.commit(Tick(received_utc_ns=UTC_NS, births=[("school", "room-a", birth())]))
    (stream,) = reader.streams()
    assert stream.boot == "boot-1"
    assert reader.birth(stream.id) == birth()
    assert reader.is_up(stream.id)
    death = Death(node="pi-1", run=7, boot="boot-1", reason="lost")
    store.commit(Tick(received_utc_ns=UTC_NS, deaths=[("school", "room-a", death)]))
    assert not reader.is_up(stream.id)
    newer = birth(software="2")
    store.commit(Tick(received_utc_ns=UTC_NS, births=[("school", "room-a", newer)]))
    assert reader.is_up(stream.id)
    assert reader.birth(stream.id) == newer
    assert store.commit(tick(batch(0))) == [stream.id]


def test_a_death_of_an_unknown_run_changes_nothing(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    death = Death(node="pi-1", run=7, boot="boot-1", reason="lost")
    store.commit(Tick(received_utc_ns=UTC_NS, deaths=[("school", "room-a", death)]))
    assert reader.streams() == []


def test_a_stream_without_a_birth_is_down(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    (stream,) = store.commit(tick(batch(0)))
    assert reader.birth(stream) is None
    assert not reader.is_up(stream)
    assert reader.health(stream) is None


def test_the_latest_health_may_come_before_its_stream(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    store.commit(Tick(received_utc_ns=UTC_NS, healths=[health(1), health(2)]))
    (stream,) = store.commit(tick(batch(0)))
    assert reader.health(stream) == health(2)


def test_timebases_of_a_boot_each_once(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    later = timebase(BOOT_NS + 60 * SECOND, UTC_NS + 60 * SECOND)
    for _ in range(2):
        store.commit(Tick(received_utc_ns=UTC_NS, timebases=[later, timebase()]))
    store.commit(Tick(received_utc_ns=UTC_NS, births=[("school", "room-a", birth())]))
    stream = reader.stream(1)
    assert reader.timebases(stream) == [timebase(), later]
    assert reader.timebases(replace(stream, boot="boot-2")) == []
    assert reader.timebases(replace(stream, boot=None)) == []


def test_kept_aside_listed_taken_once(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    bad = [
        Aside(received_utc_ns=UTC_NS, topic=f"t/{i}", reason="not CBOR", payload=bytes([i]))
        for i in range(3)
    ]
    store.commit(Tick(received_utc_ns=UTC_NS, aside=bad))
    listed = reader.aside()
    assert [(a.topic, a.reason, a.payload) for a in listed] == [
        (f"t/{i}", "not CBOR", bytes([i])) for i in range(3)
    ]
    assert len({a.id for a in listed}) == 3
    assert len(reader.aside(limit=2)) == 2
    assert store.take_aside([listed[1].id]) == [listed[1]]
    assert store.take_aside([listed[1].id, 999]) == []
    assert reader.count_aside() == 2
    store.commit(Tick(received_utc_ns=UTC_NS, aside=bad[:1]))
    assert reader.aside()[-1].id > listed[-1].id


def test_a_follower_is_told_what_is_new(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    assert reader.changes(0) == (reader.newest_cursor(), [])
    (stream, *_) = store.commit(tick(batch(0, 3), batch(3, 2), gap(5, 5)))
    cursor, changes = reader.changes(0)
    assert cursor == reader.newest_cursor()
    assert changes == [
        Change(stream, 0, 4, is_gap=False, is_live=True),
        Change(stream, 5, 9, is_gap=True, is_live=True),
    ]
    assert reader.changes(cursor) == (cursor, [])
    store.commit(tick(batch(3, 9), is_live=False))
    cursor, changes = reader.changes(cursor)
    assert changes == [Change(stream, 5, 11, is_gap=False, is_live=False)]
    cursor = reader.newest_cursor()
    store.commit(tick(batch(12)))
    store.commit(tick(batch(13), is_live=False))
    store.commit(tick(gap(14, 1), is_live=False))
    cursor, changes = reader.changes(cursor)
    assert [(c.first_seq, c.is_gap, c.is_live) for c in changes] == [
        (12, False, True),
        (13, False, False),
        (14, True, False),
    ]
    store.commit(tick(batch(0, 3)))
    assert reader.changes(cursor)[1] == []


def test_a_cursor_from_another_store_is_told_everything(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    (stream,) = store.commit(tick(batch(0, 3)))
    cursor, changes = reader.changes(10_000)
    assert cursor == reader.newest_cursor()
    assert [(c.stream_id, c.first_seq, c.last_seq) for c in changes] == [(stream, 0, 2)]


def test_version_moves_with_a_commit(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    before = reader.version()
    assert reader.version() == before
    store.commit(tick(batch(0)))
    assert reader.version() != before


def test_an_unknown_stream_is_named(pair: tuple[PeriodStore, PeriodReader]) -> None:
    _, reader = pair
    for ask in (reader.stream, reader.kept, reader.gaps, reader.is_up):
        with pytest.raises(StoreError, match="no stream 5"):
            ask(5)
    with pytest.raises(StoreError, match="no stream 5"):
        reader.read(5, 0, 1)


def test_what_no_store_can_hold_is_refused_and_the_tick_with_it(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    with pytest.raises(ValueError, match="above"):
        store.commit(tick(batch(0), gap((1 << 36) - 1, 5)))
    assert reader.streams() == []
    assert store.commit(tick(batch(0)))
    with pytest.raises(ValueError, match="above"):
        store.commit(tick(batch(1), gap((1 << 36) - 1, 5)))
    assert seqs(reader, 1) == [0]
    store.commit(tick(batch(1)))
    assert seqs(reader, 1) == [0, 1]


def test_sealing_moves_whole_stretches_and_nobody_notices(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    dated(store)
    (stream, *_) = store.commit(
        tick(*(batch(s, 10) for s in range(0, 400, 10)), gap(400, 50), batch(450, 10))
    )
    everything = [*range(400), *range(450, 460)]
    before = UTC_NS + 420 * SECOND
    assert store.seal(before_utc_ns=before) == 300
    assert store.seal(before_utc_ns=before) == 0
    assert seqs(reader, stream) == everything
    assert seqs(reader, stream, 290, 310) == list(range(290, 311))
    assert store.seal(before_utc_ns=before + 180 * SECOND) == 110
    assert seqs(reader, stream) == everything
    assert list(reader.kept(stream)) == [(0, 459)]
    store.commit(tick(batch(0, 10), batch(455, 10)))
    assert seqs(reader, stream) == [*everything, *range(460, 465)]


def test_sealing_at_most_so_many(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    dated(store)
    (stream, *_) = store.commit(tick(*(batch(s) for s in (0, 300, 600))))
    later = UTC_NS + DAY_NS
    assert store.seal(before_utc_ns=later, max_stretches=2) == 2
    assert store.seal(before_utc_ns=later, max_stretches=2) == 1
    assert seqs(reader, stream) == [0, 300, 600]


def test_late_data_for_a_sealed_stretch(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    dated(store)
    (stream, *_) = store.commit(tick(batch(0, 2), batch(7, 2)))
    later = UTC_NS + DAY_NS
    assert store.seal(before_utc_ns=later) == 4
    fewer = Layout((1, 2), LAYOUT.seat_codes, LAYOUT.room_codes)
    store.commit(tick(batch(3, 2), batch(5, 1, layout=fewer), is_live=False))
    assert seqs(reader, stream) == [0, 1, 3, 4, 5, 7, 8]
    assert store.seal(before_utc_ns=later) == 3
    store.commit(tick(batch(2)))
    assert seqs(reader, stream) == [0, 1, 2, 3, 4, 5, 7, 8]
    parts = reader.read(stream, 0, 99)
    assert [p.layout for p in parts] == [LAYOUT, fewer, LAYOUT]
    assert np.concatenate([p.is_live for p in parts]).tolist() == [
        True, True, True, False, False, False, True, True,
    ]  # fmt: skip


def test_what_nothing_dates_is_sealed_a_day_after_it_came(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    (stream,) = store.commit(tick(batch(0, 5)))
    assert store.seal(before_utc_ns=UTC_NS + DAY_NS - 1) == 0
    assert store.seal(before_utc_ns=UTC_NS + DAY_NS) == 5
    assert seqs(reader, stream) == list(range(5))
    assert store.retire("seat", before=date(2026, 3, 3)) == 0
    assert seqs(reader, stream) == list(range(5))
    assert store.retire("seat", before=date(2026, 3, 4)) == 1
    assert (reader.read(stream, 0, 0)[0].values[0, :9] == MISSING).all()


def test_what_is_dated_after_it_was_received_is_sealed_by_its_own_day(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    (stream,) = store.commit(tick(batch(0, 5)))
    assert store.seal(before_utc_ns=UTC_NS + 600 * SECOND) == 0
    dated(store)
    assert store.seal(before_utc_ns=UTC_NS + 600 * SECOND) == 5
    assert store.retire("seat", before=date(2026, 3, 2)) == 0
    assert store.retire("seat", before=date(2026, 3, 3)) == 1
    assert seqs(reader, stream, 5) == []


def test_retiring_a_kind_leaves_the_other(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    dated(store)
    a_day = 24 * 3600
    (stream, *_) = store.commit(tick(batch(0, 5), batch(a_day, 5), batch(2 * a_day, 5)))
    for days in (0.5, 1.5, 2.0):
        store.seal(before_utc_ns=UTC_NS + round(days * DAY_NS))
    cut = len(LAYOUT.seat_codes) * len(LAYOUT.seats)
    assert store.retire("seat", before=date(2026, 3, 3)) == 1
    assert store.retire("seat", before=date(2026, 3, 3)) == 0
    periods = reader.read(stream, 0, 9)[0]
    assert (periods.values[:, :cut] == MISSING).all()
    np.testing.assert_array_equal(periods.values[:, cut:], values_of(0, 5)[:, cut:])
    assert seqs(reader, stream, 10) == [*range(a_day, a_day + 5), *range(2 * a_day, 2 * a_day + 5)]
    assert store.retire("room", before=date(2026, 3, 4)) == 2
    assert reader.read(stream, 0, 9) == []
    assert reader.read(stream, a_day, a_day + 9)[0].values[0, cut] == MISSING
    assert store.retire("seat", before=date(2030, 1, 1)) == 1
    # Not sealed yet, so not retired yet; and what is gone is still accounted for.
    assert seqs(reader, stream, 2 * a_day) == list(range(2 * a_day, 2 * a_day + 5))
    assert 0 in reader.kept(stream)
    store.commit(tick(batch(0, 5)))
    assert reader.read(stream, 0, 9) == []


def test_retention_goes_by_the_day_of_sealing_not_by_a_date_that_a_kit_claims(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    (stream, *_) = store.commit(tick(batch(0, 5)))
    store.commit(
        Tick(
            received_utc_ns=UTC_NS,
            births=[("school", "room-a", birth())],
            timebases=[timebase(utc_ns=UTC_NS - 400 * DAY_NS)],
        )
    )
    assert store.seal(before_utc_ns=UTC_NS) == 5
    assert store.retire("seat", before=date(2026, 3, 2)) == 0
    assert seqs(reader, stream) == list(range(5))
    # Nor by the name of the file, while something was sealed into it later.
    assert store.retire("seat", before=date(2026, 3, 3)) == 1


def test_what_a_wrong_server_clock_stamped_is_stamped_again(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    wrong = UTC_NS - 400 * DAY_NS
    odd = Aside(received_utc_ns=wrong + 5, topic="t", reason="odd", payload=b"")
    (stream,) = store.commit(replace(tick(batch(0, 5)), received_utc_ns=wrong, aside=[odd]))
    assert store.seal(before_utc_ns=wrong + DAY_NS, now_utc_ns=wrong + DAY_NS) == 5
    store.clock_was_set(from_utc_ns=wrong, to_utc_ns=wrong + 2 * DAY_NS, now_utc_ns=UTC_NS)
    assert store.retire("seat", before=date(2026, 3, 2)) == 0
    assert store.retire_aside(before_utc_ns=UTC_NS, max_messages=9) == 0
    assert seqs(reader, stream) == list(range(5))
    assert store.retire("seat", before=date(2026, 3, 3)) == 1
    assert store.retire_aside(before_utc_ns=UTC_NS + 1, max_messages=9) == 1


def test_what_is_noted_of_the_server_clock_is_there_again(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    assert reader.clock_note() is None
    note = ClockNote(
        boot="b", zero_utc_ns=1, began_utc_ns=2, newest_utc_ns=3, retention_from_utc_ns=4
    )
    store.note_clock(note)
    assert reader.clock_note() == note


spans = st.tuples(
    st.booleans(), st.one_of(st.integers(0, 40), st.integers(0, 700)), st.integers(1, 10)
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.one_of(spans, st.just("seal")), max_size=25))
@example(steps=[(False, 0, 5), (False, 10, 10), (False, 5, 5), (False, 20, 5)])
def test_any_order_of_messages_and_sealings_keeps_each_seq_once(
    steps: list[tuple[bool, int, int] | str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("any")
    memory = MemoryPeriodStore()
    durable = open_period_store(directory)
    reader = open_period_reader(directory)
    data: set[int] = set()
    covered: set[int] = set()
    for store in (memory, durable):
        dated(store)
    for step in steps:
        if isinstance(step, str):
            later = UTC_NS + DAY_NS
            assert memory.seal(before_utc_ns=later) == durable.seal(before_utc_ns=later)
            continue
        is_gap, first, n = step
        covered |= set(range(first, first + n))
        if not is_gap:
            data |= set(range(first, first + n))
        for store in (memory, durable):
            store.commit(tick(gap(first, n) if is_gap else batch(first, n)))
    for each in (memory, durable, reader):
        assert seqs(each, 1) == sorted(data)
        kept = {seq for a, b in each.kept(1) for seq in range(a, b + 1)}
        assert kept == covered
        in_gaps = [s for g in each.gaps(1) for s in range(g.first_seq, g.last_seq + 1)]
        assert sorted(in_gaps) == sorted(covered - data)
    assert memory.gaps(1) == durable.gaps(1)
    assert memory.changes(0)[1] == reader.changes(0)[1]
    reader.close()
    durable.close()
    again = open_period_store(directory)
    assert list(again.kept(1)) == list(memory.kept(1))
    assert again._ranges("ledger", 1) == list(SeqRanges((seq, seq) for seq in data))  # type: ignore[attr-defined]
    assert again.commit(tick(batch(0, 10))) == [1]
    assert seqs(again, 1) == sorted(data | set(range(10)))
    again.close()


def test_a_birth_with_an_absurd_period_stops_nothing(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    for period_ns in (0, (1 << 63) - 1):
        odd = birth().model_copy(update={"period_ns": period_ns})
        store.commit(
            Tick(
                received_utc_ns=UTC_NS,
                births=[("school", "room-a", odd)],
                timebases=[timebase()],
            )
        )
        (stream,) = store.commit(tick(batch(900)))
        store.seal(before_utc_ns=UTC_NS + DAY_NS)
        assert seqs(reader, stream) == [900]


def test_some_runs_are_listed_without_the_others(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    assert [reader.runs(which) for which in ("up", "newest")] == [[], []]
    first = tick(batch(0), batch(0, node="pi-2", run=3))
    store.commit(replace(first, births=[("school", "room-a", birth())]))
    assert [stream.run for stream in reader.runs("up")] == [7]
    assert [(stream.node, stream.run) for stream in reader.runs("newest")] == [
        ("pi-1", 7), ("pi-2", 3),
    ]  # fmt: skip
    assert [reader.stream(number).run for number in reader.undated()] == [7, 3]
    unsure = timebase().model_copy(update={"synchronised": False})
    store.commit(Tick(received_utc_ns=UTC_NS, timebases=[unsure]))
    assert [reader.stream(number).run for number in reader.undated()] == [7, 3]
    death = Death(node="pi-1", run=7, boot="boot-1", reason="stopped")
    store.commit(
        replace(
            tick(batch(0, run=8)), timebases=[timebase(BOOT_NS + SECOND)],
            deaths=[("school", "room-a", death)], births=[("school", "room-a", birth(8))],
        )
    )  # fmt: skip
    assert [reader.stream(number).run for number in reader.undated()] == [3]
    assert [stream.run for stream in reader.runs("up")] == [8]
    assert [(stream.node, stream.run) for stream in reader.runs("newest")] == [
        ("pi-2", 3), ("pi-1", 8),
    ]  # fmt: skip
    assert reader.runs("newest")[1] == reader.stream(reader.runs("newest")[1].id)
