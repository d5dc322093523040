"""Two shards read as one: what each has, under numbers that no other shard gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contract.clock import ManualClock
from contract.errors import UsageError
from contract.wire.parts import late_part
from ingest.receiving.keeper import Keeper
from ingest.settings import IngestSettings
from ingest.stores import open_period_reader, open_shard_periods, open_shard_scores
from ingest.stores.joined import join, split
from ingest.stores.joined.periods import JoinedPeriodReader
from ingest.stores.joined.scores import JoinedScoreReader
from ingest.stores.memory.scores import MemoryScoreStore
from ingest.stores.protocol import PeriodReader
from ingest.stores.records import AlertRecord, EpochRecord, Stream, ZoneEpoch
from ingest.stores.sqlite.periods import SqlitePeriodStore
from tests.ingest.node import Node, Sent

NORTH = Node(site="north", room="north-1", node="north-a")
SOUTH = Node(site="south", room="south-1", node="south-a", seats=(4, 5), run=8, boot="boot-s")
FAR = 1 << 62


@pytest.fixture
def shards(tmp_path: Path) -> tuple[Path, Path]:
    for number, node in enumerate((NORTH, SOUTH)):
        clock = ManualClock()
        with closing(SqlitePeriodStore(tmp_path / node.site)) as store:
            keeper = Keeper(store=store, site=node.site, clock=clock, settings=IngestSettings())
            keeper.keep([node.birth(), node.timebase(clock.utc_at_boot_ns)])
            keeper.keep([node.batch(0, 10), node.gap(10, 5), node.batch(20 + number, 5)])
            keeper.keep([node.of_part(late_part(1)).batch(0, 4), node.health(sampled=3)])
            for n in range(3):
                keeper.keep([Sent(node.topic("data"), b"rubbish %d" % n)])
    return tmp_path / "north", tmp_path / "south"


@pytest.fixture
def joined(shards: tuple[Path, Path]) -> Iterator[PeriodReader]:
    reader = open_shard_periods(shards[0], shards[1:])
    assert isinstance(reader, JoinedPeriodReader)
    with closing(reader):
        yield reader


def own(stream: Stream) -> Stream:
    main = None if stream.main_id is None else split(stream.main_id)[1]
    return replace(stream, id=split(stream.id)[1], main_id=main)


def test_a_number_says_its_shard_and_the_first_shards_are_its_own() -> None:
    for shard, number in ((0, 7), (1, 7), (5, (1 << 21) - 1)):
        assert split(join(shard, number)) == (shard, number)
    assert join(0, 7) == 7


@pytest.mark.parametrize("at", (0, 1))
def test_each_shards_runs_read_as_by_its_own_reader(
    shards: tuple[Path, Path], joined: PeriodReader, at: int
) -> None:
    room = (NORTH, SOUTH)[at].room
    with closing(open_period_reader(shards[at])) as alone:
        (stream,) = joined.streams(room)
        (plain,) = alone.streams(room)
        assert own(stream) == plain
        assert joined.stream(stream.id) == stream
        assert split(stream.id)[0] == at
        assert [own(part) for part in joined.parts(stream.id)] == alone.parts(plain.id)
        assert joined.parts(stream.id)[0].main_id == stream.id
        assert list(joined.kept(stream.id)) == list(alone.kept(plain.id))
        for is_own in (False, True):
            here = joined.read(stream.id, 0, 99, own=is_own)
            there = alone.read(plain.id, 0, 99, own=is_own)
            assert [own(each.stream) for each in here] == [each.stream for each in there]
            assert all((a.values == b.values).all() for a, b in zip(here, there, strict=True))
            gaps = joined.gaps(stream.id, own=is_own)
            assert all(gap.stream_id == stream.id for gap in gaps)
            assert [replace(gap, stream_id=plain.id) for gap in gaps] == alone.gaps(
                plain.id, own=is_own
            )
        assert joined.birth(stream.id) == alone.birth(plain.id)
        assert joined.is_up(stream.id) is alone.is_up(plain.id) is True
        assert joined.health(stream.id) == alone.health(plain.id)
        assert joined.timebases(stream) == alone.timebases(plain) != []
        assert joined.timebases_between(stream, 0, FAR) == alone.timebases_between(plain, 0, FAR)
        assert joined.clock_claim(stream) == alone.clock_claim(plain)
        assert joined.streams_between(room, 0, FAR) == [stream]
        assert joined.newest_runs(room) == [stream]
        assert isinstance(joined, JoinedPeriodReader)
        assert joined.shard_of(room) == at


def test_all_of_them_come_one_shard_after_the_other(joined: PeriodReader) -> None:
    assert [stream.room for stream in joined.streams()] == ["north-1", "south-1"]
    assert [stream.room for stream in joined.runs("up")] == ["north-1", "south-1"]
    assert joined.undated() == []
    assert joined.count_aside() == 6
    pages: list[bytes] = []
    after = 0
    while page := joined.aside(2, after=after):
        pages += [aside.payload for aside in page]
        after = page[-1].id
    assert pages == [b"rubbish %d" % n for n in (0, 1, 2)] * 2
    cursor, changes = joined.changes(0)
    assert {joined.stream(change.stream_id).room for change in changes} == {"north-1", "south-1"}
    assert cursor == joined.newest_cursor()
    assert joined.changes(cursor) == (cursor, [])


@pytest.mark.parametrize("at", (0, 1))
def test_a_commit_in_any_shard_changes_the_version_and_is_read_alone(
    shards: tuple[Path, Path], joined: PeriodReader, at: int
) -> None:
    version, cursor = joined.version(), joined.newest_cursor()
    assert joined.version() == version
    node = (NORTH, SOUTH)[at]
    with closing(SqlitePeriodStore(shards[at])) as store:
        keeper = Keeper(store=store, site=node.site, clock=ManualClock(), settings=IngestSettings())
        keeper.keep([node.batch(40, 3)])
    assert joined.version() != version
    _, (change,) = joined.changes(cursor)
    assert split(change.stream_id)[0] == at
    assert (change.first_seq, change.last_seq) == (40, 42)


def test_a_directory_without_a_store_is_named_and_not_made(tmp_path: Path) -> None:
    for opener in (open_shard_periods, open_shard_scores):
        with pytest.raises(UsageError, match=r"wrong has no main\.db; check `shards`"):
            opener(tmp_path / "north", (tmp_path / "wrong",))
    assert not (tmp_path / "wrong").exists()


def zone(level: float) -> ZoneEpoch:
    return ZoneEpoch(
        zone="room", seats=6, movement_db=level, movement_low_db=level, movement_high_db=level,
        off_task=0.5, off_task_low=0.4, off_task_high=0.6, moving_seats=0.1, fidgets=1.0,
        noise_db=2.0,
    )  # fmt: skip


def test_scores_of_all_shards_are_read_together() -> None:
    with ExitStack() as opened:
        shards = [opened.enter_context(closing(MemoryScoreStore())) for _ in range(2)]
        for at, scores in enumerate(shards):
            scores.commit(
                cursor=3,
                epochs=[
                    EpochRecord(
                        lesson=f"l-{at}", stream_id=4, first_seq=n, utc_ns=n * 10**9, model="m",
                        zones=(zone(n + 100.0 * at),),
                    )
                    for n in (0, 5)
                ],
                alerts=[
                    AlertRecord(
                        id=f"a-{at}", lesson=f"l-{at}", room="r", zone="room", raised_utc_ns=9 - at,
                        cleared_utc_ns=None, because=(), off_task=0.5, model="m",
                    )
                ],
            )  # fmt: skip
        joined = JoinedScoreReader(shards)
        version = joined.version()
        assert [(e.stream_id, e.first_seq) for e in joined.epochs("l-0")] == [(4, 0), (4, 5)]
        assert {split(e.stream_id) for e in joined.epochs("l-1")} == {(1, 4)}
        assert [alert.id for alert in joined.alerts("l-1")] == ["a-1"]
        assert {each.lesson for each in joined.scored_lessons()} == {"l-0", "l-1"}
        levels = joined.room_levels("l-1", each=5)
        assert (levels.movement_db == np.array([100.0, 105.0])).all()
        assert levels.model == ("m", "m")
        shards[1].commit(cursor=4)
        assert joined.version() != version
