"""A damaged day file: what can be read goes on, what can't is a gap, nothing is a wrong reading."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.clock import ManualClock
from contract.quantities.table import MISSING
from contract.wire.messages import Birth, Timebase
from contract.wire.payload import Batch, Layout
from dashboard_api.views.readings import read_room
from ingest.nodes.accounting import SeatSeconds
from ingest.receiving.sealed_check import SealedChecking
from ingest.stores import open_period_reader, open_period_store
from ingest.stores.protocol import PeriodReader, PeriodStore
from ingest.stores.records import Arrival, Purge, Tick

SECOND = 1_000_000_000
UTC_NS = 1_772_445_600 * SECOND  # 2026-03-02 10:00
LAYOUT = Layout((1, 2, 5), (1, 2, 11))
STRETCHES, STRETCH = 4, 300
N = STRETCHES * STRETCH
NODES = ("pi-0", "pi-1")
DAY = "2026-03-02"
ABSENT = range(40, 90)
"""Seqs in which seat 5 had no values."""


def row_of(node: str, seq: int) -> np.ndarray:
    row = (np.arange(LAYOUT.width) * 17 + seq * 7 + 1_000 * int(node[-1])) % 60_000 + 1
    if seq in ABSENT:
        row[2:9:3] = MISSING
    return row.astype(np.uint16)


def batch(node: str, first: int, n: int) -> Arrival:
    message = Batch(
        node=node, run=7, first_seq=first, boot_ns=first * SECOND, period_ns=SECOND,
        synchronised=True, waited_ms=None, layout=LAYOUT,
        values=np.stack([row_of(node, seq) for seq in range(first, first + n)]),
    )  # fmt: skip
    return Arrival(site="s", room="r", message=message, is_live=False)


def filled(directory: Path) -> None:
    """Two nodes, all of whose periods lie in the two day files of one day."""
    with closing(open_period_store(directory)) as store:
        births = [
            ("s", "r", Birth(
                node=node, run=7, boot=f"b-{node}", software="x", period_ns=SECOND, run_boot_ns=0,
                hubs=(), seat_codes=LAYOUT.seat_codes, room_codes=LAYOUT.room_codes, units={},
                synchronised=True,
            ))
            for node in NODES
        ]  # fmt: skip
        timebases = [
            Timebase(
                node=node, run=7, boot=f"b-{node}", boot_ns=0, utc_ns=UTC_NS, error_ns=0,
                synchronised=True,
            )
            for node in NODES
        ]  # fmt: skip
        store.commit(Tick(received_utc_ns=UTC_NS, births=births, timebases=timebases))
        store.commit(Tick(received_utc_ns=UTC_NS, arrivals=[batch(node, 0, N) for node in NODES]))
        assert store.seal(before_utc_ns=UTC_NS + N * SECOND) == 2 * N


def checked(store: PeriodStore) -> None:
    """A whole round."""
    is_busy = store.check_sealed(max_chunks=3, from_start=True)
    while is_busy:
        is_busy = store.check_sealed(max_chunks=3)


def account(reader: PeriodReader, n: int = N) -> tuple[int, int]:
    """Each value of each seat, and of the room, is as it was or in a gap that says so.

    Returns how many seat-seconds, and how many seconds of the room, are in gaps.
    """
    seats_gone = room_gone = 0
    for stream in reader.streams():
        seats: dict[tuple[int, int], bool] = {}
        room: dict[int, bool] = {}
        for periods in reader.read(stream.id, 0, 1 << 30):
            for seq, row in zip(periods.seqs.tolist(), periods.values, strict=True):
                true = row_of(stream.node, seq)
                assert ((row == true) | (row == MISSING)).all()
                if (row[9:] != MISSING).any():
                    room[seq] = False
                for i, seat in enumerate(LAYOUT.seats):
                    if (row[i:9:3] != MISSING).any():
                        seats[seat, seq] = False
        for gap in reader.gaps(stream.id):
            assert gap.reason == "damaged"
            for seq in range(gap.first_seq, gap.last_seq + 1):
                for seat in gap.seats:
                    assert (seat, seq) not in seats, "both kept and a gap, or twice a gap"
                    seats[seat, seq] = True
                if gap.kind != "seat":
                    assert seq not in room
                    room[seq] = True
        assert set(room) == set(range(n))
        assert set(seats) == {
            (seat, seq)
            for seat in LAYOUT.seats
            for seq in range(n)
            if seat != 5 or seq not in ABSENT
        }
        seats_gone += sum(seats.values())
        room_gone += sum(room.values())
        assert (0, n - 1) in list(reader.kept(stream.id))
    return seats_gone, room_gone


def spoil_chunk(path: Path, number: int) -> None:
    with closing(sqlite3.connect(path)) as day:
        chunk = bytearray(
            day.execute("SELECT chunk FROM chunks WHERE id = ?", (number,)).fetchone()[0]
        )
        chunk[len(chunk) // 2] ^= 16
        day.execute("UPDATE chunks SET chunk = ? WHERE id = ?", (bytes(chunk), number))
        day.commit()


def paths(directory: Path) -> tuple[Path, Path]:
    return directory / "days" / f"seat-{DAY}.db", directory / "days" / f"room-{DAY}.db"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    filled(tmp_path)
    return tmp_path


def test_whole_files_stay_as_they_are(data: Path) -> None:
    with closing(open_period_store(data)) as store:
        checked(store)
        assert store.take_damage() == []
        assert account(store) == (0, 0)


def test_a_damaged_chunk_of_the_seats_is_a_gap_of_the_seats_alone(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spoil_chunk(paths(data)[0], 1)
    with closing(open_period_store(data)) as store:
        checked(store)
        assert [(d.stream_id, d.kind, d.periods) for d in store.take_damage()] == [(1, "seat", 300)]
        assert account(store) == (3 * 300 - len(ABSENT), 0)
        assert [(g.first_seq, g.last_seq, g.seats, g.kind) for g in store.gaps(1)] == [
            (0, 39, (1, 2, 5), "seat"), (40, 89, (1, 2), "seat"), (90, 299, (1, 2, 5), "seat"),
        ]  # fmt: skip
        assert store.read(1, 0, 0)[0].values[0, 9:].tolist() == row_of("pi-0", 0)[9:].tolist()
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "7 of its 8 chunks could be read" in caplog.text
    with closing(open_period_store(data)) as store:  # after a restart
        checked(store)
        assert store.take_damage() == []
        assert account(store) == (3 * 300 - len(ABSENT), 0)


def test_a_damaged_chunk_of_the_room_is_a_gap_of_the_room_alone(data: Path) -> None:
    spoil_chunk(paths(data)[1], 2)
    with closing(open_period_store(data)) as store:
        checked(store)
        assert account(store) == (0, 300)
        assert [(g.first_seq, g.last_seq, g.seats, g.kind) for g in store.gaps(1)] == [
            (300, 599, (), "room")
        ]


@pytest.mark.parametrize("order", ((0, 1), (1, 0)))
def test_when_the_other_kind_goes_too_it_is_one_whole_gap(
    data: Path, order: tuple[int, int]
) -> None:
    with closing(open_period_store(data)) as store:
        for which in order:
            spoil_chunk(paths(data)[which], 1)
            checked(store)
        assert account(store) == (3 * 300 - len(ABSENT), 300)
        assert {gap.kind for gap in store.gaps(1)} == {None}
        # What comes again after all takes the gap's place.
        store.commit(Tick(received_utc_ns=UTC_NS, arrivals=[batch("pi-0", 100, 50)]))
        assert account(store) == (3 * 250 - len(ABSENT), 250)


def overwrite(path: Path, start: int, n: int) -> None:
    content = bytearray(path.read_bytes())
    content[start : start + n] = b"\xa5" * n
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no database": lambda path: overwrite(path, 0, 4096),
    "another schema": lambda path: overwrite(path, 60, 4),
    "broken pages": lambda path: overwrite(path, 3 * 4096, 4096),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 5]),
    "cut within a page": lambda path: path.write_bytes(path.read_bytes()[:-700]),
    "emptied": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("which", (0, 1), ids=("seat", "room"))
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_goes_on(data: Path, which: int, damage: str) -> None:
    path = paths(data)[which]
    DAMAGES[damage](path)
    with closing(open_period_store(data)) as store:
        checked(store)
        gone = account(store)
        assert gone[1 - which] == 0
        if damage == "another schema":
            assert gone == (0, 0)
        elif which == 0 or damage in ("no database", "emptied", "gone"):
            assert gone[which] > 0
        # Sealing goes on in the same day, and so does reading.
        more = [batch(node, N, STRETCH) for node in NODES]
        store.commit(Tick(received_utc_ns=UTC_NS, arrivals=more))
        assert store.seal(before_utc_ns=UTC_NS + 2 * N * SECOND) == 2 * STRETCH
        checked(store)
        assert account(store, N + STRETCH) == gone


@pytest.mark.parametrize("which", (0, 1), ids=("seat", "room"))
@pytest.mark.parametrize("damage", DAMAGES)
def test_sealing_into_a_damaged_file_goes_on(data: Path, which: int, damage: str) -> None:
    """Sealing meets the damage first."""
    path = paths(data)[which]
    DAMAGES[damage](path)
    with closing(open_period_store(data)) as store:
        more = [batch(node, N, STRETCH) for node in NODES]
        store.commit(Tick(received_utc_ns=UTC_NS, arrivals=more))
        assert store.seal(before_utc_ns=UTC_NS + 2 * N * SECOND) == 2 * STRETCH
        checked(store)
        assert account(store, N + STRETCH)[1 - which] == 0
        store.retire("seat", before=date(2026, 4, 1))
        store.retire("room", before=date(2026, 4, 1))
    assert list((data / "days").iterdir()) == []


def test_a_file_set_aside_keeps_its_bytes_until_retention(data: Path) -> None:
    path = paths(data)[0]
    overwrite(path, 3 * 4096, 4096)
    content = path.read_bytes()
    with closing(open_period_store(data)) as store:
        checked(store)
        (aside,) = (data / "days").glob("*-damaged-*")
        assert aside.read_bytes() == content
        store.retire("seat", before=date(2026, 3, 2))
        assert aside.exists()


def test_a_reader_leaves_a_note_and_ingest_looks_there_first(data: Path) -> None:
    spoil_chunk(paths(data)[0], 8)
    with closing(open_period_store(data)) as store, closing(open_period_reader(data)) as reader:
        (first, second) = (reader.read(2, 0, 1 << 30), reader.read(2, 0, 1 << 30))
        for (periods,) in (first, second):
            assert (LAYOUT.seat_values(periods.values)[900:] == MISSING).all()
            assert (LAYOUT.room_values(periods.values) != MISSING).all()
        assert len(list((data / "days").glob("*-suspect"))) == 1
        assert reader.gaps(2) == []
        version = reader.version()
        while store.check_sealed(max_chunks=2):
            pass
        assert reader.version() != version
        assert account(reader) == (900, 0)
        assert list((data / "days").glob("*-suspect")) == []


def test_a_note_without_damage_is_nothing(data: Path) -> None:
    paths(data)[1].with_suffix(".db-suspect").touch()
    with closing(open_period_store(data)) as store:
        while store.check_sealed(max_chunks=2):
            pass
        assert account(store) == (0, 0)


def test_seat_seconds_add_up_before_and_after(data: Path) -> None:
    clock = ManualClock()
    with closing(open_period_store(data)) as store:
        counted = SeatSeconds(store=store, clock=clock, max_runs=10)
        counted.begin()
        checking = SealedChecking(store=store, clock=clock, seat_seconds=counted)

        def rest() -> dict[str, int]:
            for _ in range(30):
                checking.step()
                clock.advance(1)
            while counted.is_behind:
                counted.count_on(1)
            runs = counted.runs()
            assert all(run.is_counted for run in runs)
            return {
                "kept": sum(run.kept for run in runs),
                "gap": sum(sum(run.gap.values()) for run in runs),
            }

        sampled = 2 * (3 * N - len(ABSENT))
        assert rest() == {"kept": sampled, "gap": 0}
        assert not checking.damaged
        spoil_chunk(paths(data)[0], 1)
        spoil_chunk(paths(data)[1], 6)
        clock.advance(86_400)
        gone = 3 * STRETCH - len(ABSENT)
        assert rest() == {"kept": sampled - gone, "gap": gone}
        assert checking.damaged == {"seat": 300, "room": 300}
        spoil_chunk(paths(data)[0], 6)
        clock.advance(86_400)
        gone += 3 * STRETCH
        assert rest() == {"kept": sampled - gone, "gap": gone}
        again = SeatSeconds(store=store, clock=clock, max_runs=10)
        again.begin()
        while again.is_behind:
            again.count_on(1 << 40)
        assert sum(run.kept for run in again.runs()) == sampled - gone


def test_a_live_row_that_goes_bad_is_a_gap_when_it_is_sealed(tmp_path: Path) -> None:
    filled(tmp_path)
    with closing(open_period_store(tmp_path)) as store:
        more = [batch(node, N, STRETCH) for node in NODES]
        store.commit(Tick(received_utc_ns=UTC_NS, arrivals=more))
        with closing(sqlite3.connect(tmp_path / "main.db")) as database:
            keys = [key for (key,) in database.execute("SELECT k FROM live ORDER BY k")]
            database.execute("UPDATE live SET v = zeroblob(length(v)) WHERE k = ?", (keys[7],))
            database.commit()
        assert store.seal(before_utc_ns=UTC_NS + 2 * N * SECOND) == 2 * STRETCH
        assert [damage.kind for damage in store.take_damage()] == ["live"]
        assert account(store, N + STRETCH) == (3, 1)
        with closing(sqlite3.connect(tmp_path / "main.db")) as database:
            assert database.execute("SELECT count(*) FROM live").fetchone() == (0,)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_purge_goes_through_a_damaged_file_and_leaves_nothing_of_it(
    data: Path, damage: str
) -> None:
    DAMAGES[damage](paths(data)[0])
    with closing(open_period_store(data)) as store:
        at = 100_000
        for _ in store.purge(Purge(id="p", room="r", to_utc_ns=UTC_NS + 90_000 * SECOND)):
            # Keeping goes on in between.
            store.commit(Tick(received_utc_ns=UTC_NS, arrivals=[batch("pi-0", at, 5)]))
            at += 5
        assert store.purges_due() == []
        assert bool(store.take_damage()) == (damage not in ("another schema", "gone"))
        assert store.read(1, 0, N) == store.read(2, 0, N) == []
    assert [each for each in (data / "days").iterdir() if each.suffix != ".db-suspect"] == []


def test_a_purge_of_a_seat_is_known_when_the_file_is_damaged_later(data: Path) -> None:
    with closing(open_period_store(data)) as store:
        from_ns, to_ns = UTC_NS + 100 * SECOND, UTC_NS + 200 * SECOND
        for _ in store.purge(Purge(id="p", room="r", seat=2, from_utc_ns=from_ns, to_utc_ns=to_ns)):
            pass
        spoil_chunk(paths(data)[0], 1)
        checked(store)
        assert [(g.first_seq, g.last_seq, g.seats) for g in store.gaps(1)] == [
            (0, 39, (1, 2, 5)), (40, 89, (1, 2)), (90, 99, (1, 2, 5)), (100, 199, (1, 5)),
            (200, 299, (1, 2, 5)),
        ]  # fmt: skip


def test_the_lesson_page_shows_it_beside_what_is_left(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil_chunk(paths(data)[0], 1)
    spoil_chunk(paths(data)[1], 3)
    with closing(open_period_store(data)) as store:
        checked(store)
        # The room's other node would fill the gaps on the page.
        monkeypatch.setattr(store, "streams_between", lambda *_: [store.stream(1)])
        readings = read_room(store, "r", UTC_NS, UTC_NS + N * SECOND)
    assert [(gap.start_s, gap.end_s, gap.reason) for gap in readings.gaps] == [
        (0, 300, "damaged"), (600, 900, "damaged"),
    ]  # fmt: skip
    levels = readings.levels["laeq_1s"]
    assert not np.isnan(levels[:300]).any()  # the seats are gone, the sound is not
    assert np.isnan(levels[600:900]).all()
    assert (readings.seats_sensed[:300] == 0).all()
    assert (readings.seats_sensed[600:900] == 3).all()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 100_000), which=st.integers(0, 1))
def test_flipped_bits_anywhere_never_make_a_wrong_reading(
    seed: int, which: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("flipped")
    filled(directory)
    draw = random.Random(seed)
    path = paths(directory)[which]
    content = bytearray(path.read_bytes())
    for _ in range(draw.randrange(1, 12)):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)
    with closing(open_period_reader(directory)) as reader:
        for stream in reader.streams():
            for periods in reader.read(stream.id, 0, 1 << 30):
                for seq, row in zip(periods.seqs.tolist(), periods.values, strict=True):
                    assert ((row == row_of(stream.node, seq)) | (row == MISSING)).all()
    with closing(open_period_store(directory)) as store:
        more = [batch(node, N, STRETCH) for node in NODES]
        store.commit(Tick(received_utc_ns=UTC_NS, arrivals=more))
        assert store.seal(before_utc_ns=UTC_NS + 2 * N * SECOND) == 2 * STRETCH
        checked(store)
        account(store, N + STRETCH)
