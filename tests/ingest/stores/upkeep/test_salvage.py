"""A damaged main.db: what can be read goes on, what can't is a gap, and nothing is a wrong reading."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.errors import StoreError
from contract.wire.messages import Birth, Timebase
from contract.wire.payload import Batch, Gap, Layout
from ingest.stores import open_period_reader, open_period_store
from ingest.stores.format.schema import is_sound, packed_row
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import Arrival, Tick
from ingest.stores.upkeep.salvage import salvage

LAYOUT = Layout((1, 2, 3, 4, 5))
PERIODS = 400
NODES = ("pi-0", "pi-1")
UTC_NS = 1_772_445_600 * 10**9


def value_of(seq: int) -> int:
    return 1 + seq % 5_000


def filled(directory: Path) -> None:
    """Two nodes, each with `PERIODS` periods, one of which is a gap of its own."""
    store = open_period_store(directory)
    births = [
        ("s", "r", Birth(
            node=node, run=7, boot="b", software="x", period_ns=10**9, run_boot_ns=0, hubs=(),
            seat_codes=LAYOUT.seat_codes, room_codes=LAYOUT.room_codes, units={},
            synchronised=True,
        ))
        for node in NODES
    ]  # fmt: skip
    clocks = [
        Timebase(
            node=node, run=7, boot="b", boot_ns=0, utc_ns=UTC_NS, error_ns=1, synchronised=True
        )
        for node in NODES
    ]
    store.commit(Tick(received_utc_ns=1, births=births, timebases=clocks))
    for first in range(0, PERIODS, 10):
        rows = np.stack([np.full(LAYOUT.width, value_of(first + i), np.uint16) for i in range(10)])
        messages: list[Batch | Gap] = [
            Batch(
                node=node, run=7, first_seq=first, boot_ns=first * 10**9, period_ns=10**9,
                synchronised=True, waited_ms=0, layout=LAYOUT, values=rows,
            )
            for node in NODES
        ]  # fmt: skip
        arrivals = [Arrival(site="s", room="r", message=m, is_live=True) for m in messages]
        store.commit(Tick(received_utc_ns=1, arrivals=arrivals))
    gap = Gap(
        node="pi-0", run=7, first_seq=PERIODS, n=5, boot_ns=PERIODS * 10**9, period_ns=10**9,
        synchronised=True, seats=LAYOUT.seats, reason="paused",
    )  # fmt: skip
    arrival = Arrival(site="s", room="r", message=gap, is_live=True)
    store.commit(Tick(received_utc_ns=1, arrivals=[arrival]))
    store.close()


def check(reader: PeriodReader) -> int:
    """Every seq is kept with its own values or in a gap; returns how many are gone."""
    gone = 0
    for stream in reader.streams():
        kept = [seq for periods in reader.read(stream.id, 0, 10_000) for seq in periods.seqs]
        assert kept == sorted(set(kept))
        for periods in reader.read(stream.id, 0, 10_000):
            wanted = np.array([value_of(int(seq)) for seq in periods.seqs], np.uint16)
            assert (periods.values == wanted[:, None]).all()
        damaged = [
            seq
            for gap in reader.gaps(stream.id)
            if gap.reason == "damaged"
            for seq in range(gap.first_seq, gap.last_seq + 1)
        ]
        assert sorted([*kept, *damaged]) == list(range(PERIODS))
        assert all(gap.seats == LAYOUT.seats for gap in reader.gaps(stream.id))
        gone += len(damaged)
    return gone


def damage(path: Path, change: Callable[[bytearray], None]) -> None:
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


def test_a_store_that_is_whole_is_left_alone(tmp_path: Path) -> None:
    assert not salvage(tmp_path)
    filled(tmp_path)
    assert not salvage(tmp_path)
    with closing(open_period_reader(tmp_path)) as reader:
        assert check(reader) == 0


def test_broken_pages_cost_their_periods_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filled(tmp_path)
    with closing(sqlite3.connect(tmp_path / "main.db")) as database:
        (row,) = database.execute("SELECT v FROM live LIMIT 1 OFFSET ?", (PERIODS,)).fetchone()
        database.execute("UPDATE streams SET cell = 0")
        database.commit()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def spoil(data: bytearray) -> None:
        page = data.index(row) // 4096 * 4096
        data[page : page + 4096] = b"\xa5" * 4096

    damage(tmp_path / "main.db", spoil)
    with closing(open_period_store(tmp_path)) as store:
        gone = check(store)
        assert 0 < gone < PERIODS // 4
        assert [stream.node for stream in store.streams()] == list(NODES)
        assert [gap.reason for gap in store.gaps(1)].count("paused") == 1
        assert store.streams_between("r", UTC_NS, UTC_NS + 10**9) == store.streams()
    assert f"{gone} are gone" in caplog.text
    assert (tmp_path / "main.db-damaged-1").exists()
    assert not salvage(tmp_path)


def test_a_file_that_lost_its_end_goes_on(tmp_path: Path) -> None:
    filled(tmp_path)
    path = tmp_path / "main.db"
    os.truncate(path, path.stat().st_size // 4096 * 7 // 8 * 4096)
    with closing(open_period_store(tmp_path)) as store:
        assert 0 < check(store) < len(NODES) * PERIODS // 2


def test_a_flipped_bit_in_a_value_is_a_gap_and_no_reading(tmp_path: Path) -> None:
    filled(tmp_path)
    needle = np.full(20, value_of(123), "<u2").tobytes()

    def flip(data: bytearray) -> None:
        data[data.index(needle) + 7] ^= 4

    damage(tmp_path / "main.db", flip)
    with closing(open_period_reader(tmp_path)) as reader:
        kept = reader.read(1, 123, 123) + reader.read(2, 123, 123)
        assert sum(len(periods.seqs) for periods in kept) == 1
    with closing(open_period_store(tmp_path)) as store:
        assert check(store) == 1


def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    filled(tmp_path)
    damage(tmp_path / "main.db", lambda data: data.__setitem__(slice(0, 100), b"\0" * 100))
    with pytest.raises(StoreError, match="is damaged"):
        open_period_store(tmp_path)
    assert not (tmp_path / "main.db-damaged-1").exists()


def test_whoever_reads_goes_on_with_the_new_file(tmp_path: Path) -> None:
    filled(tmp_path)
    with closing(open_period_reader(tmp_path)) as reader:
        assert check(reader) == 0
    needle = np.full(20, value_of(77), "<u2").tobytes()
    damage(tmp_path / "main.db", lambda data: data.__setitem__(data.index(needle), 0xEE))
    with closing(open_period_reader(tmp_path)) as reader:
        assert reader.gaps(1)[0].reason == "paused"
        version = reader.version()
        with closing(open_period_store(tmp_path)):
            assert check(reader) == 1
            assert reader.version() != version


def test_what_is_gone_can_come_again(tmp_path: Path) -> None:
    filled(tmp_path)
    needle = np.full(20, value_of(50), "<u2").tobytes()
    damage(tmp_path / "main.db", lambda data: data.__setitem__(data.index(needle), 0xEE))
    with closing(open_period_store(tmp_path)) as store:
        rows = np.full((1, LAYOUT.width), value_of(50), np.uint16)
        again = [
            Arrival(site="s", room="r", is_live=False, message=Batch(
                node=node, run=7, first_seq=50, boot_ns=50 * 10**9, period_ns=10**9,
                synchronised=True, waited_ms=None, layout=LAYOUT, values=rows,
            ))
            for node in NODES
        ]  # fmt: skip
        store.commit(Tick(received_utc_ns=2, arrivals=again))
        assert check(store) == 0


@pytest.mark.parametrize("text", ("[[1,2(3,4,5],[1],[1]]", "[[1],[2]]", ""))
@pytest.mark.parametrize("is_more_damaged", (False, True))
def test_a_layout_that_can_not_be_read_makes_a_gap(
    tmp_path: Path, text: str, is_more_damaged: bool
) -> None:
    filled(tmp_path)
    with closing(sqlite3.connect(tmp_path / "main.db")) as database:
        database.execute("UPDATE layouts SET body = ?", (text,))
        if is_more_damaged:
            database.execute("UPDATE live SET v = zeroblob(length(v)) WHERE rowid % 7 = 0")
        database.commit()
    with closing(open_period_store(tmp_path)) as store:
        for stream in store.streams():
            assert not store.read(stream.id, 0, 10_000)
            kept = [span for span in store.kept(stream.id) if span[0] < PERIODS]
            assert kept, "what was acknowledged stays so"
            lost = [gap for gap in store.gaps(stream.id) if gap.reason == "damaged"]
            assert sum(gap.last_seq - gap.first_seq + 1 for gap in lost) == PERIODS


@example(seed=1803)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_flipped_bits_anywhere_never_make_a_wrong_reading(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("flipped")
    filled(directory)
    draw = random.Random(seed)

    def flip(data: bytearray) -> None:
        for _ in range(4):
            data[draw.randrange(8192, len(data))] ^= 1 << draw.randrange(8)

    damage(directory / "main.db", flip)
    with closing(open_period_store(directory)) as store:
        for stream in store.streams():
            for periods in store.read(stream.id, 0, 10_000):
                wanted = np.array([value_of(int(seq)) for seq in periods.seqs], np.uint16)
                assert (periods.values == wanted[:, None]).all()


def test_every_single_flip_of_a_row_is_noticed() -> None:
    row = packed_row(3, np.arange(40, dtype="<u2").tobytes(), is_live=True)
    assert is_sound(row)
    for at in range(len(row) * 8):
        flipped = bytearray(row)
        flipped[at // 8] ^= 1 << at % 8
        assert not is_sound(bytes(flipped))
    assert not is_sound(row[:3])
