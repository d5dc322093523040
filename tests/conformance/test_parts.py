"""What every store makes of a run and its parts: what hubs brought in time, late, or never."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from contract.quantities.table import MISSING
from contract.wire.messages import Birth, Health, Timebase
from contract.wire.parts import IN_TIME, SOUND_LINE, gap_part, late_part
from contract.wire.payload import Batch, Gap, GapReason, Layout
from ingest.stores import PERIOD_STORES, open_period_reader, open_period_store
from ingest.stores.memory.periods import MemoryPeriodStore
from ingest.stores.protocol import PeriodReader, PeriodStore
from ingest.stores.records import Arrival, Change, GapRecord, Purge, Tick

SECOND = 1_000_000_000
BOOT_NS = 5_000 * SECOND
UTC_NS = 1_772_445_600 * SECOND  # 2026-03-02 10:00
DAY_NS = 24 * 3600 * SECOND
LAYOUT = Layout((1, 2, 5), (1, 2), (1,))
LINES = {1: (1, 2), 2: (5,), SOUND_LINE: ()}
RUN = 7
EVERYTHING = 1 << 30


@pytest.fixture(params=sorted(PERIOD_STORES))
def pair(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[PeriodStore, PeriodReader]]:
    if request.param == "memory":
        memory = MemoryPeriodStore()
        yield memory, memory
        memory.close()
        return
    store = open_period_store(tmp_path / "data")
    reader = open_period_reader(tmp_path / "data")
    yield store, reader
    reader.close()
    store.close()


def whole(seq: int) -> NDArray[np.uint16]:
    return ((seq * 31 + np.arange(LAYOUT.width)) % 60_000).astype(np.uint16)


def row(seq: int, *lines: int) -> NDArray[np.uint16]:
    """A second's row with the values of some lines."""
    seats = {seat for line in lines for seat in LINES[line]}
    columns = [seat in seats for _ in LAYOUT.seat_codes for seat in LAYOUT.seats]
    return np.where([*columns, SOUND_LINE in lines], whole(seq), np.uint16(MISSING))


def batch(first: int, *lines: int, n: int = 1, part: int = IN_TIME) -> Batch:
    return Batch(
        node="pi-1", run=RUN, part=part, first_seq=first, boot_ns=BOOT_NS + first * SECOND,
        period_ns=SECOND,
        synchronised=True, waited_ms=None, layout=LAYOUT,
        values=np.stack([row(seq, *lines) for seq in range(first, first + n)]),
    )  # fmt: skip


def late(first: int, line: int, n: int = 1) -> Batch:
    return batch(first, line, n=n, part=late_part(line))


def gap(first: int, n: int, reason: GapReason, part: int, seats: tuple[int, ...]) -> Gap:
    return Gap(
        node="pi-1", run=RUN, part=part, first_seq=first, n=n, boot_ns=BOOT_NS + first * SECOND,
        period_ns=SECOND, synchronised=True, seats=seats, reason=reason,
    )  # fmt: skip


def lack(first: int, line: int, n: int = 1) -> Gap:
    return gap(first, n, "serial", gap_part(line), LINES[line])


def tick(*messages: Batch | Gap, is_live: bool = False) -> Tick:
    return Tick(
        received_utc_ns=UTC_NS,
        arrivals=[Arrival(site="s", room="room-a", message=m, is_live=is_live) for m in messages],
    )


def birth() -> Birth:
    return Birth(
        node="pi-1", run=RUN, boot="boot-1", software="1", period_ns=SECOND, run_boot_ns=BOOT_NS,
        hubs=(), seat_codes=(1,), room_codes=(1,), units={}, synchronised=True,
    )  # fmt: skip


def dated() -> Tick:
    timebase = Timebase(
        node="pi-1", run=RUN, boot="boot-1", boot_ns=BOOT_NS, utc_ns=UTC_NS, error_ns=0,
        synchronised=True,
    )  # fmt: skip
    births = [("s", "room-a", birth())]
    return Tick(received_utc_ns=UTC_NS, births=births, timebases=[timebase])


def rows_of(reader: PeriodReader, stream_id: int) -> dict[int, NDArray[np.uint16]]:
    return {
        seq: values
        for periods in reader.read(stream_id, 0, EVERYTHING)
        for seq, values in zip(periods.seqs.tolist(), periods.values, strict=True)
    }


def test_what_comes_late_of_a_hub_takes_its_place(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    store.commit(tick(lack(1, 2), batch(0, 1, 2, SOUND_LINE), batch(1, 1, SOUND_LINE)))
    (stream,) = reader.streams()
    assert reader.gaps(stream.id) == [
        GapRecord(stream_id=stream.id, first_seq=1, last_seq=1, seats=(5,), reason="serial",
                  kind="seat", line=2)
    ]  # fmt: skip
    cursor = reader.newest_cursor()
    store.commit(tick(late(1, 2)))
    assert reader.gaps(stream.id) == []
    assert np.array_equal(rows_of(reader, stream.id)[1], whole(1))
    # Followers hear of the run alone, and that it has more than it had.
    assert reader.changes(cursor)[1] == [Change(stream.id, 1, 1, False, False, True)]
    assert len(reader.streams()) == 1
    assert [part.part for part in reader.parts(stream.id)] == [gap_part(2), late_part(2)]
    assert all(part.main_id == stream.id for part in reader.parts(stream.id))


def test_late_values_are_kept_once_and_acknowledged_by_their_own_part(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    ids = store.commit(tick(lack(0, 1, n=5), batch(0, 2, n=5), late(0, 1, n=3)))
    assert len(set(ids)) == 3
    assert [list(store.kept(number)) for number in ids] == [[(0, 4)], [(0, 4)], [(0, 2)]]
    store.commit(tick(late(1, 1, n=4), late(0, 1, n=5)))
    assert list(store.kept(ids[2])) == [(0, 4)]
    assert sum(len(p.seqs) for p in reader.read(ids[2], 0, EVERYTHING, own=True)) == 5


def test_late_values_of_a_second_that_is_still_to_come_wait_for_it(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    store.commit(tick(late(4, 1)))
    (stream,) = reader.streams()
    assert rows_of(reader, stream.id) == {}
    store.commit(tick(batch(4, 2)))
    assert np.array_equal(rows_of(reader, stream.id)[4], row(4, 1, 2))


def test_in_a_gap_of_the_whole_second_late_values_stand_alone(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    lacks = [lack(3, line) for line in LINES]
    store.commit(tick(*lacks, gap(3, 1, "serial", IN_TIME, ()), late(3, 2)))
    (stream,) = reader.streams()
    assert np.array_equal(rows_of(reader, stream.id)[3], row(3, 2))
    reported = {(g.line, g.seats) for g in reader.gaps(stream.id)}
    assert reported == {(0, ()), (1, (1, 2)), (SOUND_LINE, ())}


def test_a_gap_for_a_given_up_second_names_only_who_was_in_it(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    store.commit(
        tick(
            lack(2, 1, n=3),
            gap(0, 6, "outbox_full", IN_TIME, (1, 2, 5)),
            late(2, 1),
            gap(3, 1, "outbox_full", late_part(1), (1, 2, 5)),
        )
    )
    (stream,) = reader.streams()
    seat_seconds = Counter[tuple[str, int]]()
    for record in reader.gaps(stream.id):
        n = record.last_seq - record.first_seq + 1
        seat_seconds.update({(record.reason, seat): n for seat in record.seats})
    assert seat_seconds == {
        ("outbox_full", 1): 4, ("outbox_full", 2): 4, ("outbox_full", 5): 6,
        ("serial", 1): 1, ("serial", 2): 1,
    }  # fmt: skip


def test_neighbouring_gaps_of_one_kind_are_one(pair: tuple[PeriodStore, PeriodReader]) -> None:
    store, reader = pair
    for seq in range(50):
        store.commit(tick(lack(seq, 1)))
    (stream,) = reader.streams()
    (record,) = reader.gaps(stream.id)
    assert (record.first_seq, record.last_seq) == (0, 49)


def test_a_purge_takes_what_came_late_as_well_and_keeps_it_away(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    store, reader = pair
    store.commit(dated())
    store.commit(tick(lack(0, 1, n=300), batch(0, 2, SOUND_LINE, n=300), late(0, 1, n=200)))
    store.seal(before_utc_ns=UTC_NS + DAY_NS)
    for seat, left in ((1, {2, 5}), (None, set())):
        purge = Purge(id=f"p-{seat}", room="room-a", seat=seat, to_utc_ns=UTC_NS + DAY_NS)
        for _ in store.purge(purge):
            pass
        store.commit(tick(late(150, 1, n=150)))
        (stream,) = reader.streams()
        there = set()
        for periods in reader.read(stream.id, 0, EVERYTHING):
            seats = (periods.layout.seat_values(periods.values) != MISSING).any(axis=(0, 2))
            there |= {seat for seat, is_there in zip(LAYOUT.seats, seats, strict=True) if is_there}
        assert there == left


def test_a_purge_of_a_room_leaves_the_health_of_a_run_that_is_up(
    pair: tuple[PeriodStore, PeriodReader],
) -> None:
    """Its parts are never up by themselves."""
    store, reader = pair
    health = Health(
        node="pi-1", run=RUN, sampled=3, published=3, acked=0, waiting=3, gap=0, unsampled=0,
        is_sampling=True, is_finished=False, outbox_bytes=0, ack_age_ms=None, hubs={},
    )  # fmt: skip
    store.commit(replace(dated(), healths=[health]))
    store.commit(tick(batch(0, 1), late(0, 2)))
    for _ in store.purge(Purge(id="p", room="room-a", to_utc_ns=UTC_NS + DAY_NS)):
        pass
    (stream,) = reader.streams()
    assert reader.health(stream.id) == health


fates = st.lists(
    st.tuples(*(st.sampled_from(["in time", "late", "never", "given up"]) for _ in LINES)),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(fates=fates, seed=st.integers(0, 1 << 30), seals=st.booleans())
@pytest.mark.parametrize("kind", sorted(PERIOD_STORES))
def test_each_seat_second_is_kept_or_in_one_gap_in_whatever_order_it_comes(
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    fates: list[tuple[str, ...]],
    seed: int,
    seals: bool,
) -> None:
    draw = random.Random(seed)
    store: PeriodStore = MemoryPeriodStore()
    if kind != "memory":
        store = open_period_store(tmp_path_factory.mktemp("store") / "data")
    messages: list[Batch | Gap] = []
    wanted: dict[int, NDArray[np.uint16]] = {}
    missing = Counter[str]()
    for seq, fate in enumerate(fates):
        by_line = dict(zip(LINES, fate, strict=True))
        in_time = [line for line, what in by_line.items() if what == "in time"]
        for line, what in by_line.items():
            if what != "in time":
                messages.append(lack(seq, line))
            if what == "late":
                messages.append(late(seq, line))
            elif what == "given up":
                there = late_part(line)
                messages.append(gap(seq, 1, "outbox_full", there, LINES[line]))
                missing["outbox_full"] += len(LINES[line])
            elif what == "never":
                missing["serial"] += len(LINES[line])
        messages.append(batch(seq, *in_time) if in_time else gap(seq, 1, "serial", IN_TIME, ()))
        there = [line for line, what in by_line.items() if what in ("in time", "late")]
        if there:
            wanted[seq] = row(seq, *there)
    messages += draw.sample(messages, draw.randint(0, len(messages)))
    draw.shuffle(messages)
    store.commit(dated())
    while messages:
        some, messages = messages[:4], messages[4:]
        store.commit(tick(*some))
        if seals and draw.random() < 0.3:
            store.seal(before_utc_ns=UTC_NS + DAY_NS)
    (stream,) = store.streams()
    found = rows_of(store, stream.id)
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[seq], wanted[seq]) for seq in wanted)
    reported = Counter[str]()
    for record in store.gaps(stream.id):
        reported[record.reason] += (record.last_seq - record.first_seq + 1) * len(record.seats)
    assert +reported == +missing
    store.close()
