"""The folder of purge requests: whatever lies there, no program ends, hangs or forgets the rest."""

from __future__ import annotations

import argparse
import errno
import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.clock import SECOND_NS, ManualClock
from contract.errors import StoreError, UsageError
from contract.wire.messages import Birth, Hub, Timebase
from contract.wire.payload import Batch, Layout
from ingest.backup.copy import Backup
from ingest.purge import command as purge_command
from ingest.purge import maintenance as upkeep
from ingest.purge import requests as purge_requests
from ingest.purge.maintenance import KeptUpkeep, ScoreUpkeep
from ingest.purge.requests import PartDone, PurgeFolder, PurgeRequest
from ingest.purge.run import PurgeRun
from ingest.settings import ServerSettings
from ingest.stores import open_period_store, open_score_store
from ingest.stores.records import Arrival, Tick
from school import open_lesson_store

HIGHEST = (1 << 63) - 1
GOOD_ID = "0123456789abcdef"
BAD_ID = "00000000000000ff"
BAD = f"{BAD_ID}.json"


def request(**changes: Any) -> PurgeRequest:
    fields = {"id": GOOD_ID, "asked_utc_ns": 1, "room": "r1", "to_utc_ns": 2 * SECOND_NS}
    return PurgeRequest(**fields | changes)


def text(**changes: Any) -> str:
    return json.dumps(json.loads(request().line()) | {"id": BAD_ID} | changes)


def tick(first_seq: int) -> Tick:
    """A dated node of room r1, and five of its periods."""
    layout = Layout((1, 2, 3))
    birth = Birth(
        node="n", run=7, boot="b", software="1", period_ns=SECOND_NS, run_boot_ns=0,
        seat_codes=(1,), room_codes=(1,), units={}, synchronised=True,
        hubs=(
            Hub(hub="h", firmware="1", seats=(1, 2, 3), sample_rate_hz=50.0, has_sound=True),
        ),
    )  # fmt: skip
    timebase = Timebase(
        node="n", run=7, boot="b", boot_ns=0, utc_ns=1_700_000_000 * SECOND_NS, error_ns=0,
        synchronised=True,
    )  # fmt: skip
    batch = Batch(
        node="n", run=7, first_seq=first_seq, boot_ns=first_seq * SECOND_NS, period_ns=SECOND_NS,
        synchronised=True, waited_ms=None, layout=layout,
        values=np.ones((5, layout.width), np.uint16),
    )  # fmt: skip
    return Tick(
        received_utc_ns=1_700_000_000 * SECOND_NS,
        births=[("s", "r1", birth)],
        timebases=[timebase],
        arrivals=[Arrival(site="s", room="r1", message=batch, is_live=False)],
    )


def a_file(content: str | bytes) -> Callable[[Path], object]:
    raw = content.encode() if isinstance(content, str) else content
    return lambda path: path.write_bytes(raw)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(".", os.O_RDONLY)
        os.chdir(path.parent)  # a socket's address has to be short
        listener.bind(path.name)
        os.fchdir(here)
        os.close(here)


KINDS: dict[str, Callable[[Path], object]] = {
    "a date past 2**63": a_file(text(to_utc_ns=1 << 63)),
    "a negative date": a_file(text(from_utc_ns=-1)),
    "a span that ends before it begins": a_file(text(from_utc_ns=9, to_utc_ns=8)),
    "seat 0": a_file(text(seat=0)),
    "seat 256": a_file(text(seat=256)),
    "a float where a whole number belongs": a_file(text(to_utc_ns=1.5)),
    "true where a number belongs": a_file(text(to_utc_ns=True)),
    "an integer of 5,000 digits": a_file(text().replace('"asked_utc_ns": 1', f'"n": {"9" * 5_000}')),
    "a date of 5,000 digits": a_file(text().replace("2000000000", "9" * 5_000)),
    "an infinite date": a_file(text().replace("2000000000", "1e999")),
    "a room that is none": a_file(text(room="../r1")),
    "a room with a line break": a_file(text(room="r1\n")),
    "a lone surrogate": a_file(text(lesson="\ud800")),
    "an unknown key with a line break": a_file(text(**{"a\nb": 1})),
    "too many lessons": a_file(text(lessons=["x"] * 50_001)),
    "a lesson's id without end": a_file(text(lessons=["x" * 1_000])),
    "another purge's id": a_file(text(id=GOOD_ID)),
    "too big": a_file(b" " * ((8 << 20) + 1)),
    "nothing": a_file(b""),
    "no JSON": a_file(b"\x00\xff\xfe"),
    "deep JSON": a_file("[" * 100_000),
    "deep JSON in a key": a_file(text(lessons=[]).replace("[]", "[" * 50_000 + "]" * 50_000)),
    "a list": a_file("[]"),
    "a FIFO": os.mkfifo,
    "a directory": lambda path: (path.mkdir(), (path / "inside").touch()),
    "a link to a request": lambda path: path.symlink_to(f"{GOOD_ID}.json"),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a socket": a_socket,
}  # fmt: skip


@pytest.fixture
def purges(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "purges"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def folder(purges: Path) -> PurgeFolder:
    return PurgeFolder(purges.parent)


def within(seconds: float, work: Callable[[], object]) -> None:
    """Run something on a thread, so that a hang fails and does not hang the tests."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # raised again on the test's own thread
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "it hangs"
    if failed:
        raise failed[0]


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_fit_is_put_aside_and_the_others_go_on(
    kind: str, purges: Path, folder: PurgeFolder, caplog: pytest.LogCaptureFixture
) -> None:
    folder.ask(request())
    KINDS[kind](purges / BAD)
    found: list[PurgeRequest] = []
    within(30, lambda: found.extend(folder.waiting()))
    assert found == [request()]
    (said,) = [record.getMessage() for record in caplog.records]
    assert BAD in said
    assert "\n" not in said
    assert len(said) < 1_000
    assert not os.path.lexists(purges / BAD)
    assert os.path.lexists(purges / "aside" / BAD)
    assert folder.aside.why(request(id=BAD_ID).file_name)
    caplog.clear()
    assert folder.waiting() == [request()]
    assert not caplog.records


@pytest.mark.parametrize(
    ("number", "is_aside"), ((errno.EACCES, True), (errno.EMFILE, False), (errno.EIO, False))
)
def test_a_file_that_can_not_be_read_is_put_aside_unless_the_machine_is_at_fault(
    number: int,
    is_aside: bool,
    purges: Path,
    folder: PurgeFolder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise OSError(number, os.strerror(number))

    folder.ask(request())
    with monkeypatch.context() as patch:  # root, who may run the tests, can read everything
        patch.setattr(purge_requests, "read_plain_file", fail)
        if is_aside:
            assert folder.waiting() == []
        else:
            with pytest.raises(StoreError, match=os.strerror(number)):
                folder.waiting()
    assert folder.is_asked(request()) != is_aside
    assert (folder.aside.why(request().file_name) is not None) == is_aside


@pytest.mark.parametrize("kind", ("a FIFO", "a directory", "deep JSON", "no JSON", "a socket"))
def test_a_note_that_a_part_is_done_does_not_hang_or_end_anything(
    kind: str, purges: Path, folder: PurgeFolder
) -> None:
    folder.ask(request())
    KINDS[kind](purges / f"{GOOD_ID}.ingest.json")
    within(30, lambda: folder.done(request(), "ingest"))
    assert folder.is_turn(request(), "ingest")
    KINDS[kind](purges / f"{GOOD_ID}.ingest.json")
    KINDS["a FIFO"](purges / f"{GOOD_ID}.ingest.json.new")
    within(30, lambda: folder.note_done(request(), "ingest", PartDone(removed={"x": 1})))
    assert folder.done(request(), "ingest") == PartDone(removed={"x": 1})


def test_numbers_that_no_store_can_hold_are_in_no_note(purges: Path, folder: PurgeFolder) -> None:
    (purges / f"{GOOD_ID}.ingest.json").write_text(
        json.dumps({"removed": {"x": 1 << 63}}), encoding="utf-8"
    )
    assert folder.done(request(), "ingest") is None


def test_two_of_one_name_lie_side_by_side(purges: Path, folder: PurgeFolder) -> None:
    for _ in range(3):
        (purges / BAD).write_bytes(b"")
        folder.waiting()
    assert len([p for p in (purges / "aside").iterdir() if not p.name.endswith(".why")]) == 3


def test_a_name_that_is_no_purge_is_put_aside(purges: Path, folder: PurgeFolder) -> None:
    folder.ask(request())
    for name in (
        "x.json",
        "\n.json",
        "a" * 240 + ".json",
        os.fsdecode(b"\xff.json"),
        f"{BAD_ID.upper()}.json",
    ):
        os.mkfifo(purges / name)
    within(30, folder.waiting)
    assert folder.waiting() == [request()]
    assert sorted(p.name for p in purges.iterdir()) == [f"{GOOD_ID}.json", "aside"]


@pytest.mark.parametrize("how", ("file", "link", "fifo"))
def test_without_a_place_to_put_it_the_others_still_go_on(
    how: str, purges: Path, folder: PurgeFolder, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    aside = purges / "aside"
    if how == "file":
        aside.touch()
    elif how == "fifo":
        os.mkfifo(aside)
    else:
        (tmp_path / "elsewhere").mkdir()
        aside.symlink_to(tmp_path / "elsewhere")
    os.mkfifo(purges / BAD)
    folder.ask(request())
    for _ in range(5):
        within(30, folder.waiting)
        assert folder.waiting() == [request()]
    assert len(caplog.records) == 1  # said once, and not with every look
    assert "remove it" in caplog.text


def test_a_crowd_is_cleared_away_a_few_at_a_time(
    purges: Path, folder: PurgeFolder, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1_200):
        (purges / f"rubbish-{number}").touch()
    folder.ask(request())
    for _ in range(100):
        if folder.waiting() == [request()] and sum(1 for _ in purges.iterdir()) <= 1_000:
            break
    else:
        pytest.fail("it is never cleared away")
    assert all(len(record.getMessage()) < 1_000 for record in caplog.records)


def test_a_folder_that_is_none_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "purges").touch()
    folder = PurgeFolder(tmp_path)
    with pytest.raises(StoreError, match="has to be a directory"):
        folder.waiting()
    with pytest.raises(StoreError):
        folder.alone().__enter__()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 70), 1 << 70) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NEARLY = st.dictionaries(st.sampled_from(sorted(PurgeRequest.model_fields)), ANYTHING).map(
    lambda changes: json.dumps(json.loads(text()) | changes).encode()
)


@given(content=st.binary(max_size=200) | ANYTHING.map(lambda v: json.dumps(v).encode()) | NEARLY)
@settings(max_examples=300, deadline=None)
def test_any_content_is_a_request_within_bounds_or_put_aside(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = tmp_path_factory.mktemp("d")
    folder = PurgeFolder(data)
    folder.ask(request())
    (data / "purges" / BAD).write_bytes(content)
    others = [each for each in folder.waiting() if each.id != GOOD_ID]
    assert request() in folder.waiting()
    for each in others:
        assert 0 <= each.from_utc_ns <= each.to_utc_ns <= HIGHEST
        assert each.seat is None or 1 <= each.seat <= 255
        assert PurgeRequest.model_validate_json(each.line()) == each
    if not others:
        assert (data / "purges" / "aside" / BAD).exists()
    shutil.rmtree(data)


TIMES = st.integers(0, HIGHEST) | st.sampled_from([0, 1, HIGHEST - 1, HIGHEST])
IDS = st.lists(st.text(min_size=1, max_size=5), max_size=3).map(tuple)


@given(
    span=st.tuples(TIMES, TIMES).map(sorted),
    seat=st.none() | st.integers(1, 255),
    ids=st.tuples(IDS, IDS, IDS, IDS),
)
@settings(max_examples=25, deadline=None)
def test_every_request_within_the_bounds_can_be_done(
    span: list[int],
    seat: int | None,
    ids: tuple[tuple[str, ...], ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = tmp_path_factory.mktemp("d")
    with closing(open_period_store(data)) as store:
        store.commit(tick(0))
    asked = request(
        from_utc_ns=span[0], to_utc_ns=span[1], seat=seat,
        lessons=ids[0], moments=ids[1], scored=ids[2], again=ids[3],
    )  # fmt: skip
    run = PurgeRun(data_dir=data, clock=ManualClock(), say=lambda _: None)
    run.run(asked)
    assert PurgeFolder(data).waiting() == []
    with closing(open_period_store(data)) as store:  # it stands over a restart
        store.commit(tick(10))
    shutil.rmtree(data)


@pytest.mark.parametrize("kind", ("a date past 2**63", "a FIFO", "a directory", "deep JSON"))
def test_writers_do_what_fits_beside_what_does_not(kind: str, purges: Path) -> None:
    data = purges.parent
    KINDS[kind](purges / BAD)
    folder = PurgeFolder(data)
    folder.ask(request())
    clock = ManualClock()
    server = ServerSettings.checked({"site": "s", "data_dir": str(data)}, where="test")

    def work() -> None:
        with (
            closing(open_period_store(data)) as kept,
            closing(open_score_store(data)) as scores,
            closing(open_lesson_store(data)),
        ):
            ingest = KeptUpkeep(settings=server, clock=clock, store=kept)
            score = ScoreUpkeep(settings=server, clock=clock, scores=scores)
            for _ in range(50):
                ingest.step()
                score.step()
                clock.now_ns += SECOND_NS

    within(60, work)
    assert folder.done(request(), "ingest") is not None
    assert folder.done(request(), "score") is not None


def test_a_purge_that_fails_does_not_hold_up_the_next(
    purges: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = purges.parent
    folder = PurgeFolder(data)
    folder.ask(request(id=BAD_ID, asked_utc_ns=0))
    folder.ask(request())
    tried: list[str] = []

    def do(asked: PurgeRequest) -> Iterator[PartDone]:
        tried.append(asked.id)
        if asked.id == BAD_ID:
            raise StoreError("the disk is full.")
        yield PartDone(removed={})

    clock = ManualClock()
    worker = upkeep.PartWorker(folder=folder, part="ingest", do=do, clock=clock)
    for _ in range(30):
        worker.step()
        clock.now_ns += SECOND_NS
    assert folder.done(request(), "ingest") is not None
    assert 2 <= tried.count(BAD_ID) <= 4  # each ten seconds


def test_what_still_can_not_be_computed_with_is_put_aside(purges: Path) -> None:
    folder = PurgeFolder(purges.parent)
    folder.ask(request())

    def do(_: PurgeRequest) -> Iterator[PartDone]:
        raise OverflowError("Python int too large to convert to SQLite INTEGER")
        yield

    worker = upkeep.PartWorker(folder=folder, part="ingest", do=do, clock=ManualClock())
    worker.step()
    assert folder.waiting() == []
    assert "OverflowError" in str(folder.aside.why(request().file_name))


def test_whoever_waits_for_a_purge_hears_that_it_was_put_aside(purges: Path) -> None:
    data = purges.parent
    folder = PurgeFolder(data)
    with closing(open_period_store(data)) as store:  # a writer runs, and does not step
        store.commit(Tick(received_utc_ns=1))
        ends: list[StoreError] = []

        def ask() -> None:
            try:
                PurgeRun(data_dir=data, clock=ManualClock(), say=lambda _: None).run(request())
            except StoreError as error:
                ends.append(error)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        until = time.monotonic() + 60
        while not folder.is_asked(request()) and time.monotonic() < until:
            time.sleep(0.01)
        folder.aside.put(request().file_name, "it can't be read (Permission denied)")
        asking.join(60)
    (error,) = ends
    assert "put aside there (it can't be read (Permission denied))" in str(error)
    assert "ask for it again" in str(error)


def test_the_commands_go_on_beside_rubbish(
    purges: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = purges.parent
    with closing(open_period_store(data)) as store:
        store.commit(tick(0))
    config = tmp_path / "server.toml"
    config.write_text(f'site = "s"\ndata_dir = "{data}"\n', encoding="utf-8")
    parser = argparse.ArgumentParser()
    purge_command.add_arguments(parser)
    for number, words in enumerate(
        (["--resume"], ["--verify"], ["--room", "r1", "--yes"], ["--resume"])
    ):
        os.mkfifo(purges / BAD)
        (purges / f"{number:016x}.json").write_text(text(to_utc_ns=1 << 64), encoding="utf-8")
        args = parser.parse_args(["--config", str(config), *words])
        within(60, lambda args=args: purge_command.run(args))
        if words != ["--room", "r1", "--yes"]:
            said = capsys.readouterr().out
            assert f"not done: {BAD} (it is a named pipe); if it was a purge of yours" in said
    os.mkfifo(purges / BAD)
    backup = Backup(
        data_dir=data, target=tmp_path / "backup", clock=ManualClock(), say=lambda _: None
    )
    within(60, backup.run)


def test_a_purge_that_no_file_can_hold_is_refused_when_it_is_asked_for() -> None:
    with pytest.raises(UsageError, match="in spans, with --from and --to"):
        PurgeRequest.planned(
            id=GOOD_ID, asked_utc_ns=1, room="r1", to_utc_ns=2, lessons=("x",) * 50_001
        )
    with pytest.raises(UsageError, match="too many lessons and moments"):
        PurgeRequest.planned(
            id=GOOD_ID, asked_utc_ns=1, room="r1", to_utc_ns=2, lessons=("x" * 190,) * 50_000
        )


@pytest.mark.parametrize("name", ("purge-log.jsonl", "purge-key"))
@pytest.mark.parametrize("kind", ("a FIFO", "a directory", "deep JSON", "too big"))
def test_the_record_of_purges_can_not_hang_or_end_a_command(
    name: str, kind: str, purges: Path
) -> None:
    data = purges.parent
    run = PurgeRun(data_dir=data, clock=ManualClock(), say=lambda _: None)
    run.run(request())
    (data / name).unlink()
    KINDS[kind](data / name)
    if kind == "deep JSON" and name == "purge-log.jsonl":
        (data / name).write_bytes((data / name).read_bytes() + b"\n")

    def work() -> None:
        with pytest.raises(StoreError):
            run.run(request(id=BAD_ID))

    within(60, work)
