"""A site that has moved is in the new store as it was in the old one, and nowhere else."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from contract.clock import ManualClock
from contract.errors import StoreError, UsageError
from contract.ranges import SeqRanges
from contract.wire.parts import late_part
from ingest.moving import site_move
from ingest.moving.site_move import move_site
from ingest.receiving.keeper import Keeper
from ingest.replicas.progress import KnownLesson, Progress, SentRun
from ingest.settings import IngestSettings
from ingest.stores.records import AlertRecord, EpochRecord, Purge, ZoneEpoch
from ingest.stores.sqlite.periods import SqlitePeriodStore
from ingest.stores.sqlite.reader import SqlitePeriodReader
from ingest.stores.sqlite.scores import SqliteScoreStore
from tests.ingest.node import SECOND_NS, Node, Sent

DAY_NS = 86_400 * SECOND_NS
FIRST = Node(site="north", room="north-1", node="north-a", run=11, seats=tuple(range(1, 9)))
SECOND = Node(site="north", room="north-2", node="north-b", run=12, boot="boot-b")
OLDER = FIRST.again(9)
STAYS = Node(site="stay", room="stay-1", node="stay-a", run=13, seats=(4, 5, 6, 7, 8))
OTHER = Node(site="other", room="other-1", node="other-a", run=14, seats=(1, 2))
ZONE = ZoneEpoch(
    zone="room", seats=8, movement_db=1.0, movement_low_db=0.5, movement_high_db=1.5, off_task=0.25,
    off_task_low=0.1, off_task_high=0.5, moving_seats=0.5, fidgets=2.0, noise_db=3.0,
)  # fmt: skip


def batches(node: Node, first: int, n: int, *, waited_ms: int = 5) -> list[Sent]:
    """Messages with ten periods each, the most that one may have."""
    return [
        node.batch(at, min(10, first + n - at), waited_ms=waited_ms)
        for at in range(first, first + n, 10)
    ]


class Keeping:
    """A data directory with messages in it; sealed on two days, and live rows above."""

    def __init__(self, directory: Path, *nodes: Node) -> None:
        self.clock = ManualClock()
        self.directory = directory
        with closing(SqlitePeriodStore(directory)) as store:
            keeper = self.keeper(store)
            for node in nodes:
                keeper.keep([node.birth(), node.timebase(self.clock.utc_at_boot_ns)])
                keeper.keep(batches(node, 0, 60) + batches(node, 60, 500, waited_ms=90_000))
                keeper.keep([node.gap(560, 40), node.batch(575, 5)])
                keeper.keep([node.of_part(late_part(1)).batch(100, 7)])
                keeper.keep([node.health(sampled=9)])
            self.clock.now_ns += DAY_NS
            store.seal(before_utc_ns=self.clock.utc_ns(), now_utc_ns=self.clock.utc_ns())
            for node in nodes:
                keeper.keep(batches(node, 600, 400))
            self.clock.now_ns += DAY_NS
            store.seal(
                before_utc_ns=self.clock.utc_ns(), now_utc_ns=self.clock.utc_ns(), max_stretches=2
            )
            for node in nodes:
                keeper.keep([*batches(node, 1_000, 30), node.batch(1_040, 5)])
            keeper.keep([nodes[-1].death()])
            for number, node in enumerate(nodes[:2]):
                whole = Purge(id=f"p-{node.node}-{number}", room=node.room, seat=3,
                              from_utc_ns=self.clock.utc_at_boot_ns,
                              to_utc_ns=self.clock.utc_at_boot_ns + 90 * SECOND_NS)  # fmt: skip
                for _ in store.purge(whole):
                    pass
            keeper.keep([Sent(node.topic("data"), b"rubbish") for node in nodes])
            self.cursor = store.newest_cursor()
            keeper.keep([node.batch(1_045, 5) for node in nodes])

    def keeper(self, store: SqlitePeriodStore) -> Keeper:
        return Keeper(
            store=store, site="north", more_sites=("stay", "other"), clock=self.clock,
            settings=IngestSettings(),
        )  # fmt: skip

    def score(self, *lessons: tuple[str, str]) -> None:
        """An epoch and an alert of each (lesson, room), of the room's newest run."""
        with (
            closing(SqlitePeriodReader(self.directory)) as reader,
            closing(SqliteScoreStore(self.directory, is_writer=True)) as scores,
        ):
            for lesson, room in lessons:
                stream = reader.newest_runs(room)[0]
                epoch = EpochRecord(
                    lesson=lesson, stream_id=stream.id, first_seq=600, utc_ns=7 * SECOND_NS,
                    model="m-1", zones=(ZONE, replace(ZONE, zone=f"left of {room}")),
                )  # fmt: skip
                alert = AlertRecord(
                    id=f"alert-{lesson}", lesson=lesson, room=room, zone="room",
                    raised_utc_ns=8 * SECOND_NS, cleared_utc_ns=None, because=("loud",), off_task=0.5,
                    model="m-1",
                )  # fmt: skip
                scores.commit(
                    cursor=self.cursor, epochs=[epoch], alerts=[alert], written_utc_ns=9 * SECOND_NS
                )


def runs_of(reader: SqlitePeriodReader, site: str) -> dict[object, object]:
    """All that can be read of a site's runs, without the store's own numbers."""
    found: dict[object, object] = {}
    for run in reader.streams():
        if run.site != site:
            continue
        for stream in (run, *reader.parts(run.id)):
            for own in (True, False) if stream is run else (True,):
                found[stream.key, own] = (
                    [
                        (p.seqs.tolist(), p.values.tolist(), p.is_live.tolist(), p.layout)
                        for p in reader.read(stream.id, 0, 2_000, own=own)
                    ],
                    [replace(gap, stream_id=0) for gap in reader.gaps(stream.id, own=own)],
                )
            found[stream.key, "kept"] = list(reader.kept(stream.id))
        found[run.key] = (
            replace(run, id=0), reader.birth(run.id), reader.is_up(run.id), reader.health(run.id),
            reader.timebases(run), reader.clock_claim(run),
            [s.key for s in reader.streams_between(run.room, 0, 1 << 62)],
        )  # fmt: skip
    return found


def rest_of(reader: SqlitePeriodReader, site: str) -> dict[str, object]:
    """What hangs on a site beside its runs."""
    ask = reader.database.execute
    rooms = {stream.room for stream in reader.streams() if stream.site == site}
    sealed = ask(
        "SELECT node, run, part, sealed.first, last, day, kinds, damaged, substr(held, 3) FROM sealed "
        "JOIN streams ON streams.id = stream WHERE site = ? ORDER BY 1, 2, 3, 4, 6",
        (site,),
    ).fetchall()
    purges = ask("SELECT * FROM purges").fetchall()
    return {
        "sealed": sealed,
        "purges": sorted(row for row in purges if row[1] in rooms),
        "aside": [
            (a.received_utc_ns, a.topic, a.reason, a.payload)
            for a in reader.aside() if f"/1/{site}/" in a.topic
        ],
        "notices": [n for room in sorted(rooms) for n in reader.notices(room)],
    }  # fmt: skip


def scores_of(directory: Path, *lessons: str) -> dict[str, object]:
    with closing(SqliteScoreStore(directory)) as scores:
        stamps = dict(scores.database.execute("SELECT lesson, utc_ns FROM written").fetchall())
        return {
            lesson: (
                [replace(epoch, stream_id=0) for epoch in scores.epochs(lesson)],
                scores.alerts(lesson),
                stamps.get(lesson),
            )
            for lesson in lessons
        }


@pytest.fixture
def school(tmp_path: Path) -> Keeping:
    keeping = Keeping(tmp_path / "old", FIRST, SECOND, OLDER, STAYS)
    keeping.score(("l-north", "north-1"), ("l-stay", "stay-1"))
    return keeping


@pytest.fixture
def target(tmp_path: Path) -> Path:
    keeping = Keeping(tmp_path / "new", OTHER)
    keeping.score(("l-other", "other-1"))
    return tmp_path / "new"


Picture = tuple[dict[object, object], dict[str, object]]


def picture(directory: Path, site: str) -> Picture:
    with closing(SqlitePeriodReader(directory)) as reader:
        return runs_of(reader, site), rest_of(reader, site)


def test_a_site_is_in_the_new_store_as_it_was_and_the_others_stay(
    school: Keeping, target: Path
) -> None:
    before = {site: picture(school.directory, site) for site in ("north", "stay")}
    other = picture(target, "other")
    scores = scores_of(school.directory, "l-north", "l-stay")
    other_scores = scores_of(target, "l-other")
    assert len(before["north"][0]) == 3 * 6
    for what in ("sealed", "purges", "aside"):
        assert before["north"][1][what]
    moved = move_site("north", school.directory, target)
    assert (moved.runs, moved.lessons) == (3, 1)
    assert moved.periods == 3 * (1_000 + 30 + 10)
    assert picture(target, "north") == before["north"]
    assert picture(target, "other") == other
    assert picture(school.directory, "stay") == before["stay"]
    assert scores_of(target, "l-north") == {"l-north": scores["l-north"]}
    assert scores_of(target, "l-other") == other_scores
    assert scores_of(school.directory, "l-stay") == {"l-stay": scores["l-stay"]}
    # Nothing of it is left where it was.
    assert picture(school.directory, "north") == ({}, {what: [] for what in before["north"][1]})
    assert scores_of(school.directory, "l-north") == {"l-north": ([], [], None)}
    with closing(SqlitePeriodReader(school.directory)) as reader:
        known = {stream.id for stream in reader.every_stream("stay-1")}
        for kind in ("seat", "room"):
            for day in reader.days.days(kind):
                assert {row[1] for row in reader.days.held(kind, day)} <= known
        for table in ("ledger", "stretches", "gaps", "births", "sealed"):
            found = reader.database.execute(f"SELECT DISTINCT stream FROM {table}").fetchall()
            assert {number for (number,) in found} <= known
        left = len(reader.read(reader.newest_runs("stay-1")[0].id, 1_000, 2_000)[0].seqs)
        live = reader.database.execute("SELECT count(*) FROM live").fetchone()[0]
        assert live >= left > 0
        nodes = reader.database.execute("SELECT DISTINCT node FROM timebases").fetchall()
        assert nodes == [("stay-a",)]
    with pytest.raises(UsageError, match="holds nothing of the site north"):
        move_site("north", school.directory, target)


def test_what_is_sent_again_is_trimmed_and_what_is_new_is_kept(
    school: Keeping, target: Path
) -> None:
    runs, _ = picture(school.directory, "north")
    move_site("north", school.directory, target)
    with closing(SqlitePeriodStore(target)) as store:
        keeper = school.keeper(store)
        for node in (FIRST, SECOND, OLDER):
            kept = keeper.keep([*batches(node, 0, 300), node.gap(560, 40), node.batch(1_040, 10)])
            assert kept.acks[0].ack.without_hole >= 999
        assert keeper.counters.kept == 0
        assert runs_of(store, "north") == runs
        keeper.keep([OLDER.batch(1_050, 5)])
        assert keeper.counters.kept == 5
        # A purge that stands keeps seat 3 away in its new store too.
        (stream,) = store.newest_runs("north-1")
        (periods,) = store.read(stream.id, 30, 59)
        assert (periods.layout.seat_values(periods.values)[:, 2] == 65_535).all()
        store.seal(before_utc_ns=1 << 62)
        (again,) = store.newest_runs("north-1")
        assert list(store.kept(again.id))[-1] == (1_040, 1_054)


def test_followers_read_what_those_of_the_old_store_had_not(school: Keeping, target: Path) -> None:
    with closing(SqlitePeriodReader(target)) as reader:
        cursor = reader.newest_cursor()
    move_site("north", school.directory, target)
    with closing(SqlitePeriodReader(target)) as reader:
        _, changes = reader.changes(cursor, own=True)
        found = {(reader.stream(c.stream_id).node, c.first_seq, c.last_seq) for c in changes}
    assert found >= {("north-a", 1_045, 1_049), ("north-b", 1_045, 1_049)}
    assert all(first >= 1_045 for _, first, _ in found)
    with closing(SqlitePeriodReader(school.directory)) as reader:
        _, left = reader.changes(0, own=True)
        assert {reader.stream(change.stream_id).site for change in left} == {"stay"}


def test_a_site_comes_back_as_it_went(school: Keeping, target: Path) -> None:
    before = picture(school.directory, "north")
    move_site("north", school.directory, target)
    move_site("north", target, school.directory)
    assert picture(school.directory, "north") == before
    assert picture(target, "north")[0] == {}


@pytest.mark.slow
@pytest.mark.parametrize("at", range(9))
def test_a_move_that_was_cut_short_is_done_again(
    school: Keeping, target: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies before its n-th step; whatever that leaves, the next move ends well."""
    before = picture(school.directory, "north")
    scores = scores_of(school.directory, "l-north")
    steps = iter(range(100))

    def cut(name: str) -> None:
        real = getattr(site_move, name)

        def maybe(*args: object, **named: object) -> object:
            if next(steps) == at:
                raise KeyboardInterrupt
            return real(*args, **named)

        monkeypatch.setattr(site_move, name, maybe)

    for name in ("copy_rows", "copy_scores", "remove_scores", "remove_rows", "emptied_log"):
        cut(name)
    real = site_move._Move._copy_chunks

    def chunks(self: site_move._Move, *args: object) -> None:
        if next(steps) == at:
            raise KeyboardInterrupt
        real(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(site_move._Move, "_copy_chunks", chunks)
    with pytest.raises(KeyboardInterrupt):
        move_site("north", school.directory, target)
    monkeypatch.undo()
    with suppress(UsageError):  # the last step: it was over but for the log
        move_site("north", school.directory, target)
    assert picture(target, "north") == before
    assert scores_of(target, "l-north") == scores
    assert picture(school.directory, "north")[0] == {}


def test_what_replicas_have_of_a_site_goes_with_it(school: Keeping, target: Path) -> None:
    """The feeds of the new server delete its lessons after their days, and those of the old one don't."""
    lessons = [
        KnownLesson(
            lesson=f"l-{room}", room=room, starts_utc_ns=5, over_utc_ns=9, shape="s", total=7
        )
        for room in ("north-1", "stay-1")
    ]
    sent = SentRun(SeqRanges([(0, 999)]), [(0, 17)])
    with closing(SqlitePeriodReader(school.directory)) as reader:
        streams = {room: reader.newest_runs(room)[0].id for room in ("north-1", "stay-1")}
    with closing(Progress(school.directory, "district")) as progress:
        progress.keep(
            runs=[("north-a 11", sent), ("stay-a 13", sent)], lessons=lessons,
            cursor=school.cursor - 2,
        )  # fmt: skip
        progress.owe(["l-north-1"], is_deletion=True)
        for number in streams.values():
            progress.note_undated(number)
        with pytest.raises(StoreError, match="Another program writes"):
            move_site("north", school.directory, target)
    with closing(SqlitePeriodReader(target)) as reader:
        cursor = reader.newest_cursor()
    move_site("north", school.directory, target)
    with closing(Progress(target, "district")) as progress:
        assert progress.cursor()[0] == 0  # it has sent nothing of its other sites
        assert progress.lessons() == ["l-north-1"]
        assert progress.lesson("l-north-1") == lessons[0]
        assert list(progress.run("north-a 11").sent) == [(0, 999)]
        assert progress.run("stay-a 13").dates == []
        assert progress.owed() == [("l-north-1", True)]
        (undated,) = progress.undated()
    with closing(SqlitePeriodReader(target)) as reader:
        assert reader.stream(undated).room == "north-1"
        _, changes = reader.changes(cursor, own=True)
        assert changes  # what the replica had not got, too
    with closing(Progress(school.directory, "district")) as progress:
        assert progress.lessons() == ["l-stay-1"]
        assert progress.owed() == []
        assert progress.undated() == [streams["stay-1"]]


def test_a_store_in_use_and_a_site_kept_twice_are_refused(school: Keeping, target: Path) -> None:
    before = picture(school.directory, "north")
    for directory in (school.directory, target):
        with closing(SqlitePeriodStore(directory)), pytest.raises(StoreError, match="Another"):
            move_site("north", school.directory, target)
    with pytest.raises(UsageError, match="is already"):
        move_site("north", school.directory, school.directory)
    with closing(SqlitePeriodStore(target)) as store:
        school.keeper(store).keep([FIRST.birth(), FIRST.batch(0, 3)])
    with pytest.raises(StoreError, match="two ingests have kept it"):
        move_site("north", school.directory, target)
    assert picture(school.directory, "north") == before


def test_a_damaged_chunk_is_a_recorded_gap_before_it_moves(school: Keeping, target: Path) -> None:
    with closing(SqlitePeriodReader(school.directory)) as reader:
        number, day = reader.database.execute(
            "SELECT sealed.id, day FROM sealed JOIN streams ON streams.id = stream "
            "WHERE node = 'north-b' AND part = 0 ORDER BY sealed.first LIMIT 1"
        ).fetchone()
        path = reader.days.path("seat", day)
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE chunks SET chunk = x'00' WHERE id = ?", (number,))
    move_site("north", school.directory, target)
    with closing(SqlitePeriodReader(target)) as reader:
        (stream,) = reader.newest_runs("north-2")
        assert any(gap.reason == "damaged" and gap.kind == "seat" for gap in reader.gaps(stream.id))
        assert next(iter(reader.kept(stream.id))) == (0, 1_029)
