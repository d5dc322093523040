"""`roomtone purge`: what it removes is in no file afterwards, whoever runs meanwhile."""

from __future__ import annotations

import argparse
import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select

from contract.clock import SystemClock
from contract.errors import StoreError, UsageError
from contract.wire.messages import Birth, Hub, Timebase
from contract.wire.payload import Batch, Layout
from ingest.purge import command as purge_command
from ingest.purge.log import PurgeLog
from ingest.purge.maintenance import KeptUpkeep
from ingest.purge.requests import PurgeFolder
from ingest.scoring.service import Scorer
from ingest.settings import ServerSettings
from ingest.stores import open_period_reader, open_period_store, open_score_store
from ingest.stores.format.chunks import decode_chunk
from ingest.stores.format.day_files import DayFiles
from ingest.stores.records import AlertRecord, Arrival, Aside, EpochRecord, Tick, ZoneEpoch
from ingest.stores.rules.seal_schedule import KINDS
from school import open_lesson_store, open_school
from school.audit.reading import events_of_lesson
from school.database import open_school_database
from school.lessons.records import Lesson
from school.moments.records import Moment
from school.schema import METADATA
from school.video.files import VideoFiles
from school.video.keys import VideoGoneError, VideoKeys
from tests.ingest.school import LevelModel
from tests.videos import add_video

SECOND = 1_000_000_000
LAYOUT = Layout(tuple(range(1, 7)))
N = 900
SEALED = 600
SEED = {"quill-room": 1, "other-room": 2}


class School:
    """A data directory with two rooms, a day old, in which every byte is known."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.config = folder / "server.toml"
        self.config.write_text(
            f'site = "s"\ndata_dir = "{self.data}"\n[video]\ndirectory = "{folder}/videos"\n'
            f'key_directory = "{folder}/keys"\n',
            encoding="utf-8",
        )
        self.videos = VideoFiles(folder / "videos", VideoKeys(folder / "keys"))
        self.starts_ns = (SystemClock().utc_ns() // SECOND - 86_400) * SECOND
        self.values = {room: values_of(seed) for room, seed in SEED.items()}
        with closing(open_period_store(self.data)) as store:
            for room in SEED:
                store.commit(self.births(room))
                store.commit(self.tick(room, 0, N))
                store.commit(self.asides(room))
            store.seal(before_utc_ns=self.starts_ns + SEALED * SECOND)
        with closing(open_lesson_store(self.data)) as lessons:
            for room in SEED:
                lessons.put(self.lesson(room))
                lessons.put_moment(
                    Moment(
                        id=f"m-{room}", lesson=f"{room}-1", start_s=100, end_s=130,
                        note=f"notetext {room}", author=f"coach of {room}", role="coach",
                    )
                )  # fmt: skip
        with closing(open_score_store(self.data)) as scores:
            scores.commit(
                cursor=0,
                epochs=[self.epoch(room, i) for room in SEED for i in range(N // 5)],
                alerts=[self.alert(room) for room in SEED],
            )

    def node(self, room: str) -> str:
        return f"kit-of-{room}"

    def births(self, room: str) -> Tick:
        birth = Birth(
            node=self.node(room), run=7, boot=f"boot-{room}", software="1", period_ns=SECOND,
            run_boot_ns=0, seat_codes=(1,), room_codes=(1,), units={}, synchronised=True,
            hubs=(
                Hub(
                    hub="hub-a", firmware="1", seats=LAYOUT.seats, sample_rate_hz=50.0,
                    has_sound=True,
                ),
            ),
        )  # fmt: skip
        timebase = Timebase(
            node=self.node(room), run=7, boot=f"boot-{room}", boot_ns=0, utc_ns=self.starts_ns,
            error_ns=0, synchronised=True,
        )  # fmt: skip
        return Tick(
            received_utc_ns=self.starts_ns, births=[("s", room, birth)], timebases=[timebase]
        )

    def tick(self, room: str, first: int, n: int) -> Tick:
        batch = Batch(
            node=self.node(room), run=7, first_seq=first, boot_ns=first * SECOND,
            period_ns=SECOND, synchronised=True, waited_ms=None, layout=LAYOUT,
            values=self.values[room][first : first + n],
        )  # fmt: skip
        return Tick(
            received_utc_ns=self.starts_ns,
            arrivals=[Arrival(site="s", room=room, message=batch, is_live=False)],
        )

    def asides(self, room: str) -> Tick:
        aside = Aside(
            received_utc_ns=self.starts_ns + SECOND, topic=f"roomtone/1/s/{room}/x/data",
            reason="why", payload=f"aside payload {room}".encode(),
        )  # fmt: skip
        return Tick(received_utc_ns=self.starts_ns, aside=[aside])

    def lesson(self, room: str) -> Lesson:
        return Lesson(
            id=f"{room}-1", room=room, teacher=f"teacher of {room}", title=f"title {room}",
            starts_utc_ns=self.starts_ns, ends_utc_ns=self.starts_ns + N * SECOND,
            source="timetable", video=f"/videos/{room}.mp4",
        )  # fmt: skip

    def epoch(self, room: str, i: int) -> EpochRecord:
        mark = SEED[room] * 1_000.0 + i / 7
        zone = ZoneEpoch(
            zone=f"zone {room}", seats=6, movement_db=mark, movement_low_db=mark,
            movement_high_db=mark, off_task=0.5, off_task_low=0.4, off_task_high=0.6,
        )  # fmt: skip
        return EpochRecord(
            lesson=f"{room}-1", stream_id=SEED[room], first_seq=5 * i,
            utc_ns=self.starts_ns + 5 * i * SECOND, model="m", zones=(zone,),
        )  # fmt: skip

    def alert(self, room: str) -> AlertRecord:
        return AlertRecord(
            id=f"{room}-1.1.z", lesson=f"{room}-1", room=room, zone=f"zone {room}",
            raised_utc_ns=self.starts_ns + 100 * SECOND,
            cleared_utc_ns=self.starts_ns + 120 * SECOND, because=(f"because {room}",),
            off_task=0.9, model="m",
        )  # fmt: skip

    def purge(self, *words: str) -> int:
        parser = argparse.ArgumentParser()
        purge_command.add_arguments(parser)
        return purge_command.run(parser.parse_args(["--config", str(self.config), *words]))

    def iso(self, seq: int) -> str:
        return datetime.fromtimestamp(self.starts_ns / 1e9 + seq, UTC).isoformat()

    def seqs(self, room: str) -> list[int]:
        with closing(open_period_reader(self.data)) as reader:
            (stream,) = reader.streams(room)
            found = []
            for periods in reader.read(stream.id, 0, 1_000_000):
                np.testing.assert_array_equal(periods.values, self.values[room][periods.seqs])
                found += periods.seqs.tolist()
            return found

    def bytes_of(self, room: str, first: int, end: int) -> list[bytes]:
        """What would betray periods: live rows as they are, and the bytes of sealed chunks."""
        rows = [row.tobytes()[8:40] for row in self.values[room][max(first, SEALED) : end : 3]]
        return rows + self.chunk_bytes(room, first, end)

    def chunks(self, room: str, first: int, end: int) -> list[bytes]:
        """The chunks in day files that lie within first … end - 1."""
        days = DayFiles(self.data)
        with closing(open_period_reader(self.data)) as reader:
            (stream,) = reader.streams(room)
        return [
            chunk.chunk
            for kind in KINDS
            for day in days.days(kind)
            for chunk in days.read(kind, day, range(100)).values()
            if chunk.stream_id == stream.id and chunk.first >= first and chunk.last < end
        ]

    def chunk_bytes(self, room: str, first: int, end: int) -> list[bytes]:
        """Pieces from all over these chunks."""
        return [
            chunk[at : at + 32]
            for chunk in self.chunks(room, first, end)
            for at in range(128, len(chunk) - 32, 448)
        ]


def values_of(seed: int) -> NDArray[np.uint16]:
    """Rows as no others are: random, so that no part of them is in two places by chance."""
    return np.random.default_rng(seed).integers(0, 65_000, (N, LAYOUT.width), dtype=np.uint16)


def found_in(data: Path, needles: list[bytes]) -> list[tuple[str, bytes]]:
    """Which of some bytes are in any file of a directory, free pages, logs and all."""
    files = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    assert files
    return [
        (path.name, needle)
        for path, content in files.items()
        for needle in needles
        if needle in content
    ]


def share_found(data: Path, needles: list[bytes]) -> float:
    """A search that finds nothing beforehand would prove nothing afterwards."""
    return len({needle for _, needle in found_in(data, needles)}) / len(set(needles))


def rows_in_chunks(data: Path) -> set[bytes]:
    """Every row of every chunk that is in a day file, listed or not, as bytes."""
    days = DayFiles(data)
    rows = set()
    for kind in KINDS:
        for day in days.days(kind):
            for chunk in days.read(kind, day, range(100)).values():
                rows |= {row.tobytes() for row in decode_chunk(chunk.chunk, chunk.key(kind))[2]}
    return rows


def epoch_bytes(room: str) -> list[bytes]:
    return [np.float64(SEED[room] * 1_000.0 + i / 7).tobytes() * 3 for i in range(N // 5)]


def words_of(room: str) -> list[bytes]:
    """What people wrote, and what alerts said."""
    return [
        f"{what} {room}".encode()
        for what in ("notetext", "coach of", "teacher of", "title", "because", "aside payload")
    ]


@contextmanager
def running(school: School, *, is_scoring: bool = True) -> Iterator[None]:
    """Ingest's and the scorer's writing, as the programs do it, on threads."""
    settings = ServerSettings.load(school.config)
    stop, ready = threading.Event(), threading.Barrier(3 if is_scoring else 2)
    clock = SystemClock()

    def keep() -> None:
        with closing(open_period_store(school.data)) as store:
            upkeep = KeptUpkeep(settings=settings, clock=clock, store=store)
            ready.wait(60)
            while not stop.is_set():
                upkeep.step()
                stop.wait(0.005)

    class Begun(Scorer):
        def _begun(self, *stores: object) -> object:  # type: ignore[override]
            made = super()._begun(*stores)  # type: ignore[arg-type]
            if not is_begun.is_set():
                is_begun.set()
                ready.wait(60)
            return made

    is_begun = threading.Event()
    scorer = Begun(settings=settings, model=LevelModel(), clock=clock)
    threads = [threading.Thread(target=keep)]
    if is_scoring:
        threads.append(threading.Thread(target=scorer.run, args=(stop,)))
    for thread in threads:
        thread.start()
    try:
        ready.wait(60)
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()


@contextmanager
def stopped(_: School) -> Iterator[None]:
    yield


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)


@pytest.mark.parametrize("programs", (stopped, running))
def test_a_room_is_in_no_file_afterwards(
    school: School, programs: Callable[[School], object], capsys: pytest.CaptureFixture[str]
) -> None:
    needles = [
        *school.bytes_of("quill-room", 0, N),
        *epoch_bytes("quill-room"),
        *words_of("quill-room"),
    ]
    assert share_found(school.data, needles) > 0.98
    with programs(school):  # type: ignore[attr-defined]
        assert school.purge("--room", "quill-room", "--yes") == 0
        assert found_in(school.data, needles) == []
    assert found_in(school.data, needles) == []
    assert "900 periods" in capsys.readouterr().out
    assert school.seqs("quill-room") == []
    # The name stands in the ledger, the record of the purge and the audit log, and nowhere else.
    named = {name for name, _ in found_in(school.data, [b"quill-room"])}
    assert named == {"main.db", "purge-log.jsonl", "school.db"}
    with closing(open_school_database(school.data)) as database, database.reading() as connection:
        for table in METADATA.sorted_tables:
            rows = str(connection.execute(select(table)).all())
            assert ("quill-room" in rows) == (table.name == "audit_events")
        (entry,) = events_of_lesson(connection, "quill-room-1")
        assert entry.sentence == "The command “roomtone purge” removed lesson quill-room-1 for good"
    assert school.seqs("other-room") == list(range(N))
    if programs is stopped:  # else it has been scored anew
        assert found_in(school.data, epoch_bytes("other-room"))
    assert len({w for _, w in found_in(school.data, words_of("other-room"))}) == 6


@pytest.mark.parametrize("programs", (stopped, running))
def test_a_span_is_in_no_file_afterwards(
    school: School, programs: Callable[[School], object]
) -> None:
    needles = [
        *school.bytes_of("quill-room", 250, 700),
        *epoch_bytes("quill-room")[50:140],
        b"because quill-room",
    ]
    with programs(school):  # type: ignore[attr-defined]
        assert share_found(school.data, needles) > 0.98
        words = ("--from", school.iso(250), "--to", school.iso(700), "--yes")
        assert school.purge("--room", "quill-room", *words) == 0
    assert found_in(school.data, needles[:-1]) == []
    assert school.seqs("quill-room") == [*range(250), *range(700, N)]
    seat_rows = {row[: 6 * 13].tobytes() for row in school.values["quill-room"][250:700]}
    assert not seat_rows & rows_in_chunks(school.data)
    with closing(open_lesson_store(school.data)) as lessons:
        assert lessons.get("quill-room-1") is not None
        assert lessons.moments("quill-room-1")  # it lay before


def test_a_lesson_is_in_no_file_afterwards(school: School) -> None:
    needles = [
        *school.bytes_of("quill-room", 0, N),
        *epoch_bytes("quill-room"),
        *words_of("quill-room"),
    ]
    (school.data / "main.db-damaged-1").write_bytes((school.data / "main.db").read_bytes())
    assert share_found(school.data, needles) > 0.98
    assert school.purge("--lesson", "quill-room-1", "--yes") == 0
    assert found_in(school.data, needles) == []


def test_a_lesson_s_video_goes_with_it_its_key_first(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(open_school(school.data)) as opened:
        gone = add_video(opened.videos, school.videos, "quill-room-1", b"film of quill")
        stays = add_video(opened.videos, school.videos, "other-room-1", b"film of others")
    sealed = school.videos.path(gone.file).read_bytes()
    assert school.purge("--lesson", "quill-room-1", "--yes") == 0
    assert "with its moments and video" in (said := capsys.readouterr().out)
    assert "1 videos" in said
    assert school.videos.names() == {stays.file} == set(school.videos.keys.names())
    school.videos.path(gone.file).write_bytes(sealed)  # as an old copy would
    with pytest.raises(VideoGoneError):
        school.videos.source(gone.file)


@pytest.mark.parametrize("programs", (stopped, running))
def test_a_seat_is_in_no_file_afterwards(
    school: School, programs: Callable[[School], object]
) -> None:
    values = school.values["quill-room"]
    # In a live row the seat's values stand between its neighbours', in a chunk they are packed.
    live = [
        values[seq, column - 1 : column + 2].tobytes()
        for seq in range(SEALED, N, 5)
        for column in range(3, 6 * 13, 6)
    ]
    sealed = school.chunk_bytes("quill-room", 0, SEALED)
    assert share_found(school.data, live + sealed) > 0.98
    with programs(school):  # type: ignore[attr-defined]
        assert school.purge("--seat", "quill-room:4", "--yes") == 0
    assert found_in(school.data, live) == []
    chunks = b"".join(school.chunks("quill-room", 0, SEALED))
    rewritten = [piece for piece in sealed if piece not in chunks]
    assert len(rewritten) > 0.05 * len(sealed)
    assert found_in(school.data, rewritten) == []
    if programs is stopped:  # else it has been scored again
        assert found_in(school.data, epoch_bytes("quill-room")) == []
    with closing(open_period_reader(school.data)) as reader:
        (stream,) = reader.streams("quill-room")
        for periods in reader.read(stream.id, 0, N):
            cube = periods.layout.seat_values(periods.values)
            assert (cube[:, 3] == 65_535).all()
            others = [0, 1, 2, 4, 5]
            expected = LAYOUT.seat_values(values[periods.seqs])[:, others]
            np.testing.assert_array_equal(cube[:, others], expected)


def test_the_scorer_scores_again_without_what_is_gone(school: School) -> None:
    with running(school):
        assert school.purge("--seat", "quill-room:4", "--yes") == 0
        with closing(open_score_store(school.data)) as scores:
            until = SystemClock().elapsed_ns() + 60 * SECOND
            while len(scores.epochs("quill-room-1")) < N // 5 or scores.to_score_again():
                assert SystemClock().elapsed_ns() < until
                threading.Event().wait(0.05)


def test_nothing_purged_comes_back(school: School) -> None:
    assert school.purge("--room", "quill-room", "--yes") == 0
    with closing(open_period_store(school.data)) as store:
        (stream,) = store.commit(school.tick("quill-room", 0, N))
        assert store.kept(stream).without_hole() >= N - 1  # the node may forget it
    assert school.seqs("quill-room") == []
    rows = [row.tobytes()[8:40] for row in school.values["quill-room"]]
    assert found_in(school.data, rows) == []


def test_a_purge_that_was_cut_short_is_taken_up(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("ingest.purge.run.purge_scores", dies)
        with pytest.raises(KeyboardInterrupt):
            school.purge("--room", "quill-room", "--yes")
    assert PurgeLog(school.data).verified() == []
    assert len(PurgeFolder(school.data).waiting()) == 1
    assert school.purge("--resume") == 0
    assert PurgeFolder(school.data).waiting() == []
    (record,) = PurgeLog(school.data).verified()
    assert record.removed["periods"] == 900
    assert found_in(school.data, epoch_bytes("quill-room")) == []


def test_it_asks_first(
    school: School, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Person(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    with pytest.raises(UsageError, match="--yes"):
        school.purge("--room", "quill-room")
    monkeypatch.setattr(sys, "stdin", Person("no\n"))
    assert school.purge("--room", "quill-room") == 1
    assert school.seqs("quill-room") == list(range(N))
    said = capsys.readouterr().out
    assert "900 recorded seconds" in said
    assert "title quill-room" in said
    monkeypatch.setattr(sys, "stdin", Person("yes\n"))
    assert school.purge("--room", "quill-room") == 0
    assert school.seqs("quill-room") == []


@pytest.mark.parametrize(
    ("words", "reason"),
    (
        (("--room", "nowhere"), "there is no data of room 'nowhere'"),
        (("--lesson", "none"), "no lesson 'none'"),
        (("--seat", "quill-room"), "ROOM:N"),
        (("--seat", "quill-room:9"), "no seat 9; it has 1, 2, 3, 4, 5, 6"),
        (("--room", "quill-room", "--from", "monday"), "expected a date and time"),
        (("--room", "quill-room", "--from", "2999-01-01"), "in the future"),
        (("--room", "quill-room", "--from", "9999-12-31T23:59"), "in the future"),
        (("--room", "quill-room", "--from", "0001-01-01"), "year 0001, expected 1990 to 2200"),
        (("--room", "quill-room", "--to", "1026-03-02"), "year 1026, expected 1990 to 2200"),
        (("--room", "quill-room", "--from", "2026-01-02", "--to", "2026-01-01"), "not later"),
        (("--lesson", "quill-room-1", "--from", "2026-01-02"), "its own span"),
    ),
)
def test_what_makes_no_sense_is_refused(
    school: School, words: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        school.purge(*words, "--yes")
    assert school.seqs("quill-room") == list(range(N))


def test_a_seat_that_only_earlier_runs_had_can_be_purged(school: School) -> None:
    """Values of it may be kept; and no message says that the room has only today's seats."""
    later = school.births("quill-room")
    _, _, birth = later.births[0]
    fewer = birth.hubs[0].model_copy(update={"seats": (1, 2)})
    born = birth.model_copy(update={"run": 8, "boot": "later", "hubs": (fewer,)})
    with closing(open_period_store(school.data)) as store:
        store.commit(Tick(received_utc_ns=school.starts_ns, births=[("s", "quill-room", born)]))
    with pytest.raises(UsageError, match="no seat 9; it has 1, 2, 3, 4, 5, 6"):
        school.purge("--seat", "quill-room:9", "--yes")
    assert school.purge("--seat", "quill-room:5", "--yes") == 0


def test_a_purge_of_a_span_says_that_undated_periods_stay(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--room", "quill-room", "--from", school.iso(0), "--yes")
    assert school.purge(*words) == 0
    dated = capsys.readouterr().out
    batch = school.tick("quill-room", 0, 10).arrivals[0].message
    other = replace(batch, run=9)  # no birth, and so no boot that a record could date
    arrival = Arrival(site="s", room="quill-room", message=other, is_live=False)
    with closing(open_period_store(school.data)) as store:
        store.commit(Tick(received_utc_ns=school.starts_ns, arrivals=[arrival]))
    assert school.purge(*words) == 0
    assert "Some periods of that room have no date and stay" in capsys.readouterr().out
    assert "have no date" not in dated


def test_a_lesson_that_is_on_is_refused(school: School) -> None:
    with closing(open_lesson_store(school.data)) as lessons:
        now_ns = SystemClock().utc_ns()
        lessons.put(
            Lesson(
                id="on", room="quill-room", teacher="t", title="", starts_utc_ns=now_ns - SECOND,
                ends_utc_ns=None, source="button",
            )
        )  # fmt: skip
    for words in (("--room", "quill-room"), ("--lesson", "on")):
        with pytest.raises(UsageError, match="the lesson on is on; stop it first"):
            school.purge(*words, "--yes")


def test_the_record_is_signed_and_chained(
    school: School, capsys: pytest.CaptureFixture[str]
) -> None:
    assert school.purge("--lesson", "quill-room-1", "--yes") == 0
    assert school.purge("--room", "other-room", "--yes") == 0
    assert school.purge("--verify") == 0
    said = capsys.readouterr().out
    assert "2 records, all unchanged" in said
    log, key = school.data / "purge-log.jsonl", school.data / "purge-key"
    assert [path.stat().st_mode & 0o777 for path in (log, key)] == [0o600, 0o600]
    assert key.stat().st_size == 32
    first, second = log.read_text(encoding="utf-8").splitlines()
    assert json.loads(first)["purge"]["lesson"] == "quill-room-1"
    assert "title" not in first
    assert "teacher" not in first

    def wrong(*lines: str) -> str:
        log.write_text("".join(lines), encoding="utf-8")
        with pytest.raises(StoreError) as raised:
            school.purge("--verify")
        return str(raised.value)

    assert "line 1 is not" in wrong(second + "\n")
    assert "line 1 is not" in wrong(first.replace("other", "quill").replace("1", "2"), "\n")
    assert "line 2 is not" in wrong(first + "\n", second.replace("other", "quill") + "\n")
    assert "line 2 is not" in wrong(first + "\n", second)  # cut off
    assert "line 3 is not" in wrong(first + "\n", second + "\n", first + "\n")
    log.write_text(f"{first}\n{second}\n", encoding="utf-8")
    key.write_bytes(bytes(32))
    with pytest.raises(StoreError, match="signature does not fit"):
        school.purge("--verify")


def test_one_purge_at_a_time(school: School) -> None:
    with PurgeFolder(school.data).alone(), pytest.raises(StoreError, match="is running"):
        school.purge("--room", "quill-room", "--yes")
